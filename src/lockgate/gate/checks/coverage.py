"""`coverage`: the cells' data combined in the project's own environment, against the threshold."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import msgspec

from lockgate.gate import declared
from lockgate.gate.outcome import Context, Outcome, ended_early, unknown
from lockgate.model.gate import Check, Coverage, Missing
from lockgate.model.problem import Problem
from lockgate.model.shown import branches, floored, ranges

_TIMEOUT = 600.0


class _Totals(msgspec.Struct):
    percent_covered: float
    num_statements: int


class _File(msgspec.Struct):
    missing_lines: list[int]
    missing_branches: list[tuple[int, int]] = []


class _Report(msgspec.Struct):
    totals: _Totals
    files: dict[str, _File]


def coverage(context: Context) -> Outcome:
    """Combine and report in one process; data that is missing or broken makes it unknown, never lower or higher."""
    without = [name for name in context.step.needs if not context.data.get(name)]
    if without:
        return unknown("coverage", f"no coverage data from {', '.join(without)}")
    report = context.folder / "report.json"
    fail_under = context.folder / "fail-under.json"
    request = {
        "cells": [[str(path) for path in context.data[name]] for name in context.step.needs],
        "roots": [context.roots.get(name, "") for name in context.step.needs],
        "here": str(context.project.root),
        "data_file": str(context.folder / "combined"),
        "report": str(report),
        "fail_under": str(fail_under),
    }
    asked = context.folder / "request.json"
    asked.write_bytes(msgspec.json.encode(request))
    probe = next(context.environment.folder.glob("lib/python3*/site-packages/lockgate_probe.py"))
    done = context.run((context.environment.python, probe, asked), timeout=_TIMEOUT)
    early = ended_early("coverage", done, "coverage", _TIMEOUT)
    if early is not None:
        return early
    try:
        found = msgspec.json.decode(report.read_bytes(), type=_Report)
        own = msgspec.json.decode(fail_under.read_bytes(), type=float)
    except (OSError, msgspec.DecodeError):
        lines = [line for line in done.output.splitlines() if line.strip()]
        why = lines[-1] if lines else f"exit {done.code}"
        return unknown("coverage", f"the cells' data could not be combined: {why}", done.output)
    if done.code != 0 or found.totals.num_statements == 0:
        return unknown("coverage", "nothing was measured: check `source` and `omit` of coverage", done.output)
    return _judge(context, found, declared.threshold(context.project, own))


def _judge(context: Context, report: _Report, threshold: float) -> Outcome:
    percent = report.totals.percent_covered
    missing = tuple(
        Missing(
            path=context.relative(path),
            lines=tuple(_ranges(file.missing_lines)),
            branches=tuple(
                (start, end) for start, end in file.missing_branches if abs(start) not in file.missing_lines
            ),
        )
        for path, file in sorted(report.files.items())
        if file.missing_lines or file.missing_branches
    )
    found = Coverage(percent=percent, threshold=threshold, missing=missing)
    passed = percent >= threshold
    problems = () if passed else tuple(_problem(one) for one in missing)
    reason = None if passed else f"{floored(percent)} % is below {threshold:g} %"
    check = Check(name="coverage", status="pass" if passed else "fail", reason=reason, problems=problems)
    return Outcome(check=check, coverage=found)


def _problem(missing: Missing) -> Problem:
    parts = []
    if missing.lines:
        parts.append(f"never ran: lines {ranges(missing.lines)}")
    if missing.branches:
        parts.append(f"never taken: {branches(missing.branches)}")
    first = min([pair[0] for pair in missing.lines] + [abs(pair[0]) for pair in missing.branches])
    return Problem(
        tool="coverage",
        rule="uncovered",
        message="; ".join(parts),
        path=missing.path,
        line=first,
        help="add a test that reaches it, or delete what nothing needs",
    )


def _ranges(lines: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Consecutive numbers joined."""
    for _, group in itertools.groupby(enumerate(sorted(lines)), key=lambda pair: pair[1] - pair[0]):
        members = [line for _, line in group]
        yield members[0], members[-1]
