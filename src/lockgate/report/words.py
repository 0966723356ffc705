"""Phrases that several formats share."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model.duration import human
from lockgate.model.gate import Check, Coverage, GateReport, Missing, Tests
from lockgate.model.shown import branches, floored, ranges


def counts(tests: Tests) -> str:
    """`61 passed, 2 skipped`, as pytest would sum up."""
    shown = (
        (tests.failed, "failed"),
        (tests.errors, "error" if tests.errors == 1 else "errors"),
        (tests.passed, "passed"),
        (tests.skipped, "skipped"),
        (tests.deselected, "deselected"),
        (tests.xfailed, "xfailed"),
        (tests.xpassed, "xpassed"),
        (tests.flaky, "flaky"),
    )
    return ", ".join(f"{number} {word}" for number, word in shown if number) or f"{tests.collected} collected"


def age(check: Check) -> str:
    """`cached, 3 min 05 s old, key 1a2b3c4d5e6f`."""
    return f"cached, {human(check.cached_age or 0.0)} old, key {check.key}"


def details(check: Check) -> str:
    """What one line can say of a check besides its name and status."""
    parts = []
    if check.tests is not None:
        parts.append(counts(check.tests))
    if check.python is not None:
        parts.append(f"Python {check.python}")
    errors = sum(problem.severity == "error" for problem in check.problems)
    if check.tests is None and errors:
        parts.append(f"{errors} problem{'s' if errors > 1 else ''}")
    if check.reason and not (check.tests and (check.tests.failed or check.tests.errors)):
        parts.append(check.reason)
    if check.taken_from is not None:
        parts.append(f"taken from {check.taken_from}")
    if check.cached:
        parts.append(age(check))
    return " · ".join(parts)


def coverage(found: Coverage) -> str:
    """`96.40 % of 95 % asked for`, never rounded up."""
    return f"{floored(found.percent)} % (threshold {found.threshold:g} %)"


def missing(found: Missing) -> str:
    """`3, 10-12, 5->7`: the lines that never ran and the branches that were never taken."""
    return ", ".join(part for part in (ranges(found.lines), branches(found.branches)) if part)


def alike(checks: Sequence[Check]) -> list[tuple[Check, ...]]:
    """Checks in order, those that say the same put together: a test that fails in five cells is read once."""
    groups: dict[object, list[Check]] = {}
    for check in checks:
        said = tuple((one.path, one.line, one.rule, one.message, one.severity) for one in check.problems)
        key = (check.status, check.reason, said, check.notes) if check.tests and said else check.name
        groups.setdefault(key, []).append(check)
    return [tuple(group) for group in groups.values()]


def verdict(report: GateReport) -> str:
    """The last line: the verdict, why, and what it does not speak of."""
    by_status = {
        status: [check.name for check in report.checks if check.status == status]
        for status in ("fail", "unknown", "skipped")
    }
    named = {"fail": "failed", "unknown": "unknown", "skipped": "skipped"}
    reasons = [f"{named[status]}: {_listed(names)}" for status, names in by_status.items() if names]
    ran = [check for check in report.checks if check.status != "not-run"]
    cached = sum(check.cached for check in ran)
    summary = "; ".join(reasons) or f"{len(ran)} check{'s' if len(ran) > 1 else ''}"
    text = f"{report.verdict.upper()} in {human(report.seconds)}: {summary}"
    if cached:
        text += f" ({cached} of {len(ran)} from the cache; --fresh runs them again)"
    if report.scope.partial:
        left_out = (
            f"not run: {', '.join(report.scope.not_run)}" if report.scope.not_run else "pytest arguments were given"
        )
        text += f"; partial ({left_out})"
    if not report.enforced:
        text += "; not enforced (phase)"
    return text


def _listed(names: list[str]) -> str:
    most = 6
    return ", ".join(names) if len(names) <= most else f"{len(names)} checks"
