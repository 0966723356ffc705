"""Workflow commands of GitHub Actions: annotations on the lines of a pull request."""

from __future__ import annotations

from lockgate.model.gate import Check, GateReport
from lockgate.model.problem import Problem
from lockgate.report import words

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: GateReport) -> str:
    """One annotation for each problem, and for each check that failed without one."""
    lines = [line for check in report.checks for line in _annotations(check)]
    level = {"pass": "notice", "fail": "error", "unknown": "error"}[report.verdict]
    lines.append(f"::{level} title=lockgate::{data(words.verdict(report))}")
    return "\n".join(lines) + "\n"


def _annotations(check: Check) -> list[str]:
    lines = [annotation(check.name, problem) for problem in check.problems]
    if not lines and check.status in {"fail", "unknown"}:
        lines.append(f"::error title={property_(check.name)}::{data(check.reason or check.status)}")
    lines += [f"::warning title={property_(check.name)}::{data(note)}" for note in check.notes]
    return lines


def annotation(check: str, problem: Problem) -> str:
    """One problem as a workflow command, under the name of the check that found it."""
    rule = f" {problem.rule}" if problem.rule else ""
    properties = {"title": f"{check}: {problem.tool}{rule}"}
    if problem.path is not None:
        properties["file"] = problem.path
    if problem.line is not None:
        properties["line"] = str(problem.line)
    if problem.column is not None:
        properties["col"] = str(problem.column)
    text = "\n".join(part for part in (problem.message, problem.excerpt, problem.help) if part)
    shown = ",".join(f"{key}={property_(value)}" for key, value in properties.items())
    return f"::{_LEVELS[problem.severity]} {shown}::{data(text)}"


def data(text: str) -> str:
    """Text as the data of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_(text: str) -> str:
    """Text as a property of a workflow command."""
    return data(text).replace(":", "%3A").replace(",", "%2C")
