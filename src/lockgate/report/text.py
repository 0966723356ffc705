"""Text for people: first what is wrong and how to mend it, then one line a check, then the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lockgate.model.duration import human
from lockgate.model.gate import Check, GateReport
from lockgate.model.problem import Problem
from lockgate.model.shown import printable
from lockgate.report import words

Paint = Callable[[str, str], str]
_MOST_PROBLEMS = 50
_MARKS = {"pass": "pass", "fail": "FAIL", "unknown": "UNKNOWN", "skipped": "skipped", "not-run": "not run"}


def _plain(text: str, _style: str) -> str:
    return text


def render(report: GateReport, paint: Paint = _plain, *, quiet: bool = False) -> str:
    """The report as text; `paint(text, style)` colours by style `pass`, `fail`, `unknown`, `dim` or `bold`."""
    lines: list[str] = []
    for alike in words.alike(report.checks):
        if alike[0].status in {"fail", "unknown"}:
            lines += [*block(alike, paint), ""]
    if not quiet:
        width = max(len(check.name) for check in report.checks)
        lines += [_line(check, width, paint) for check in report.checks]
        lines += list(_notes(report, paint))
        lines += list(_coverage(report, paint))
        lines.append("")
    lines.append(paint(words.verdict(report), report.verdict))
    return "\n".join(lines) + "\n"


def block(alike: Sequence[Check], paint: Paint = _plain) -> Iterator[str]:
    """The problems of checks that all say the same, as one block."""
    check = alike[0]
    names = ", ".join(one.name for one in alike)
    reason = f": {printable(check.reason)}" if check.reason else ""
    yield paint(f"{_MARKS[check.status]} {names}{reason}", check.status)
    for problem in check.problems[:_MOST_PROBLEMS]:
        yield from _problem(problem, paint)
    if len(check.problems) > _MOST_PROBLEMS:
        yield f"  … and {len(check.problems) - _MOST_PROBLEMS} more (--format json has all)"


def _problem(problem: Problem, paint: Paint) -> Iterator[str]:
    where = printable(problem.where())
    rule = f" [{printable(problem.rule)}]" if problem.rule else ""
    first, *rest = printable(problem.message).splitlines() or [""]
    yield f"  {paint(where, 'bold')}  {first}{rule}" if where else f"  {first}{rule}"
    for line in rest:
        yield f"    {line}"
    for line in printable(problem.excerpt or "").splitlines():
        yield paint(f"    │ {line}", "dim")
    if problem.help:
        yield f"    → {printable(problem.help)}"


def _line(check: Check, width: int, paint: Paint) -> str:
    mark = paint(f"{_MARKS[check.status]:8}", check.status)
    took = "" if check.status in {"not-run", "skipped"} or check.cached else human(check.seconds)
    return f"{mark} {check.name:{width}} {took:>10}  {printable(words.details(check))}".rstrip()


def _notes(report: GateReport, paint: Paint) -> Iterator[str]:
    for check in report.checks:
        for note in check.notes:
            yield f"{paint('note', 'unknown')}     {check.name}: {printable(note)}"


def _coverage(report: GateReport, paint: Paint) -> Iterator[str]:
    found = report.coverage
    if found is None:
        return
    style = "pass" if found.percent >= found.threshold else "fail"
    yield paint(f"coverage {words.coverage(found)}", style)
    for missing in found.missing:
        yield f"  {printable(missing.path)}: {words.missing(missing)}"
