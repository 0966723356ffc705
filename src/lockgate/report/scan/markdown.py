"""Markdown: the step summary of GitHub Actions, or a comment."""

from __future__ import annotations

from lockgate.model.duration import human
from lockgate.model.finding import Finding
from lockgate.model.scan import ScanReport
from lockgate.report.markdown import MARKS, cell, code
from lockgate.report.scan import words


def render(report: ScanReport) -> str:
    """A table of scanners, then the findings, the new and bad ones first."""
    lines = [f"## lockgate scan: {cell(report.project)}", "", f"**{cell(words.verdict(report))}**", ""]
    lines += ["| scanner | status | time | details |", "| --- | --- | ---: | --- |"]
    for scanner in report.scanners:
        found = [finding for finding in report.findings if finding.scanner == scanner.name]
        took = human(scanner.seconds) if scanner.status not in {"not-run", "skipped"} else ""
        lines.append(f"| {scanner.name} | {MARKS[scanner.status]} | {took} | {cell(words.details(scanner, found))} |")
    standing = report.standing()
    if standing:
        lines += ["", "### Findings", "", *map(_finding, standing)]
    waived = [finding for finding in report.findings if finding.waived is not None]
    if waived:
        lines += ["", "### Waived", ""]
        lines += [f"{_finding(finding)} Waived: {cell(finding.waived or '')}" for finding in waived]
    return "\n".join(lines) + "\n"


def _finding(finding: Finding) -> str:
    where = f" {code(finding.where())}" if finding.where() else ""
    rest = " ".join(cell(line) for line in words.lines(finding))
    new = " **new**" if finding.new else ""
    return f"- **{finding.severity}**{new} {code(finding.rule)}{where}: {cell(finding.message)} {rest}"
