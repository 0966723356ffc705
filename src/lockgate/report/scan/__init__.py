"""The scan's report in one format each: pure, like its sibling formats of the gate."""

from __future__ import annotations

import importlib

import msgspec

from lockgate.model.finding import Finding
from lockgate.model.scan import ScanReport

# Format name → (module, file name in `--report DIR`).
FORMATS = {
    "text": ("text", "scan.txt"),
    "json": ("document", "scan.json"),
    "sarif": ("sarif", "scan.sarif"),
    "markdown": ("markdown", "scan.md"),
    "github": ("github", "scan.github.txt"),
}


def render(report: ScanReport, format_: str) -> str:
    """The report in one of `FORMATS`, ending in a newline."""
    module = importlib.import_module(f"lockgate.report.scan.{FORMATS[format_][0]}")
    text: str = module.render(report)
    return text


def below(report: ScanReport, folder: str) -> ScanReport:
    """The report with the paths of findings as they are seen from further up, where the project is `folder`."""

    def seen(finding: Finding) -> Finding:
        inside = finding.path is not None and finding.commit is None
        return msgspec.structs.replace(finding, path=f"{folder}/{finding.path}") if inside else finding

    return msgspec.structs.replace(report, findings=tuple(map(seen, report.findings)))
