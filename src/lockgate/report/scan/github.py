"""Workflow commands of GitHub Actions: annotations on the lines of a pull request."""

from __future__ import annotations

from lockgate.model.finding import Finding
from lockgate.model.scan import ScanReport
from lockgate.report.github import data, property_
from lockgate.report.scan import words


def render(report: ScanReport) -> str:
    """One annotation for each finding and for each scanner without an answer; the waived ones as notices."""
    lines = [_annotation(finding) for finding in report.findings]
    for scanner in report.scanners:
        if scanner.reason and scanner.status in {"unknown", "fail"}:
            text = "\n".join(part for part in (scanner.reason, scanner.remedy) if part)
            lines.append(f"::error title={property_(scanner.name)} is unknown::{data(text)}")
    level = {"pass": "notice", "fail": "error", "unknown": "error"}[report.verdict]
    lines.append(f"::{level} title=lockgate::{data(words.verdict(report))}")
    return "\n".join(lines) + "\n"


def _annotation(finding: Finding) -> str:
    properties = {"title": f"{finding.scanner}: {words.title(finding)}"}
    # A line of an old commit is no line of the pull request.
    if finding.path is not None and finding.commit is None:
        properties["file"] = finding.path
        if finding.line is not None:
            properties["line"] = str(finding.line)
    where = f"{finding.where()}\n" if finding.commit else ""
    text = where + "\n".join((finding.message, *words.lines(finding)))
    level = "notice" if finding.waived is not None else "error"
    text += f"\nwaived: {finding.waived}" if finding.waived is not None else ""
    shown = ",".join(f"{key}={property_(value)}" for key, value in properties.items())
    return f"::{level} {shown}::{data(text)}"
