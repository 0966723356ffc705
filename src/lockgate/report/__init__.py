"""One report in, one format out: every function here is pure."""

from __future__ import annotations

import importlib

from lockgate.model.gate import GateReport

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


def file_name(format_: str) -> str:
    """The file that `--report DIR` writes for a format."""
    return FORMATS[format_][1]
