"""One report in, one format out: every function here is pure."""

from __future__ import annotations

import importlib

import msgspec

from lockgate.model.gate import GateReport
from lockgate.model.problem import Problem

# Format name → (module, file name in `--report DIR`).
FORMATS = {
    "text": ("text", "gate.txt"),
    "json": ("document", "gate.json"),
    "junit": ("junit", "gate.junit.xml"),
    "sarif": ("sarif", "gate.sarif"),
    "markdown": ("markdown", "gate.md"),
    "github": ("github", "gate.github.txt"),
}


def render(report: GateReport, format_: str) -> str:
    """The report in one of `FORMATS`, ending in a newline."""
    module = importlib.import_module(f"lockgate.report.{FORMATS[format_][0]}")
    text: str = module.render(report)
    return text


def below(report: GateReport, folder: str) -> GateReport:
    """The report with the paths of problems as they are seen from further up, where the project is `folder`."""

    def seen(problem: Problem) -> Problem:
        inside = problem.path is not None and not problem.path.startswith("/")
        return msgspec.structs.replace(problem, path=f"{folder}/{problem.path}") if inside else problem

    checks = (msgspec.structs.replace(check, problems=tuple(map(seen, check.problems))) for check in report.checks)
    return msgspec.structs.replace(report, checks=tuple(checks))


def file_name(format_: str) -> str:
    """The file that `--report DIR` writes for a format."""
    return FORMATS[format_][1]
