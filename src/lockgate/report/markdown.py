"""Markdown: the step summary of GitHub Actions, or a comment."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model.duration import human
from lockgate.model.gate import Check, GateReport
from lockgate.report import words

_MARKS = {
    "pass": "✅ pass",
    "fail": "❌ fail",
    "unknown": "❔ unknown",
    "skipped": "⏭️ skipped",
    "not-run": "▫️ not run",
}


def render(report: GateReport) -> str:
    """A table of checks, the problems, and the coverage that is missing."""
    lines = [f"## lockgate gate: {_cell(report.project)}", "", f"**{_cell(words.verdict(report))}**", ""]
    lines += ["| check | status | time | details |", "| --- | --- | ---: | --- |"]
    for check in report.checks:
        took = human(check.seconds) if check.status not in {"not-run", "skipped"} else ""
        lines.append(f"| {_cell(check.name)} | {_MARKS[check.status]} | {took} | {_cell(words.details(check))} |")
    for alike in words.alike(report.checks):
        lines += _problems(alike)
    if report.coverage is not None:
        lines += ["", f"Coverage {words.coverage(report.coverage)}", ""]
        for missing in report.coverage.missing:
            lines.append(f"- `{missing.path}`: {words.missing(missing)}")
    return "\n".join(lines).rstrip() + "\n"


def _problems(alike: Sequence[Check]) -> list[str]:
    check = alike[0]
    lines = [f"- {_cell(note)}" for note in check.notes]
    for problem in check.problems:
        where = f"`{problem.where()}` " if problem.where() else ""
        rule = f" (`{problem.rule}`)" if problem.rule else ""
        lines.append(f"- {where}{_cell(problem.message)}{rule}")
        if problem.excerpt:
            fence = "`" * max(3, _longest_run(problem.excerpt) + 1)
            lines += [
                "",
                f"  {fence}text",
                *(f"  {line}" for line in problem.excerpt.splitlines()),
                f"  {fence}",
                "",
            ]
    return ["", f"### {', '.join(one.name for one in alike)}", "", *lines] if lines else []


def _longest_run(text: str) -> int:
    """The longest run of backticks in `text`."""
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest


def _cell(text: str) -> str:
    """Text that cannot break a table or start markup."""
    one_line = " ".join(text.split())
    for character in ("\\", "|", "<", "*", "_", "`", "["):
        one_line = one_line.replace(character, "&lt;" if character == "<" else f"\\{character}")
    return one_line
