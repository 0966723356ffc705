"""Markdown: the step summary of GitHub Actions, or a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lockgate.model.duration import human
from lockgate.model.gate import Check, GateReport
from lockgate.report import words

MARKS = {
    "pass": "✅ pass",
    "fail": "❌ fail",
    "unknown": "❔ unknown",
    "skipped": "⏭️ skipped",
    "not-run": "▫️ not run",
}


def render(report: GateReport) -> str:
    """A table of checks, the problems, and the coverage that is missing."""
    lines = [f"## lockgate gate: {cell(report.project)}", "", f"**{cell(words.verdict(report))}**", ""]
    lines += ["| check | status | time | details |", "| --- | --- | ---: | --- |"]
    for check in report.checks:
        took = human(check.seconds) if check.status not in {"not-run", "skipped"} else ""
        lines.append(f"| {cell(check.name)} | {MARKS[check.status]} | {took} | {cell(words.details(check))} |")
    for alike in words.alike(report.checks):
        lines += _problems(alike)
    if report.coverage is not None:
        lines += ["", f"Coverage {words.coverage(report.coverage)}", ""]
        for missing in report.coverage.missing:
            lines.append(f"- {code(missing.path)}: {cell(words.missing(missing))}")
    return "\n".join(lines).rstrip() + "\n"


def _problems(alike: Sequence[Check]) -> list[str]:
    check = alike[0]
    lines = [f"- {cell(note)}" for note in check.notes]
    for problem in check.problems:
        where = f"{code(problem.where())} " if problem.where() else ""
        rule = f" ({code(problem.rule)})" if problem.rule else ""
        lines.append(f"- {where}{cell(problem.message)}{rule}")
        if problem.excerpt:
            fence = "`" * max(3, _longest_run(problem.excerpt) + 1)
            lines += [
                "",
                f"  {fence}text",
                *(f"  {line}" for line in problem.excerpt.splitlines()),
                f"  {fence}",
                "",
            ]
    return ["", f"### {cell(', '.join(one.name for one in alike))}", "", *lines] if lines else []


def _longest_run(text: str) -> int:
    """The longest run of backticks in `text`."""
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest


def code(text: str) -> str:
    """Text as code, whatever backticks are in it."""
    one_line = " ".join(text.split())
    fence = "`" * (_longest_run(one_line) + 1)
    space = " " if one_line.startswith("`") or one_line.endswith("`") else ""
    return f"{fence}{space}{one_line}{space}{fence}"


def cell(text: str) -> str:
    """Text that cannot break a table or start markup."""
    one_line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = re.sub(r"[\\|*_`\[\]~#$]", r"\\\g<0>", one_line)
    # What would begin a list inside the list.
    return re.sub(r"^(\d*)([-+.)])", r"\1\\\2", escaped)
