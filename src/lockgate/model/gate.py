"""The gate's result as data: the JSON document of `lockgate gate`, and what the cache stores."""

from __future__ import annotations

import msgspec

from lockgate.model.problem import Problem
from lockgate.model.verdict import Status, Verdict, overall

SCHEMA = "lockgate/gate/1"


class Tests(msgspec.Struct, frozen=True):
    """What one cell's test session reported from inside itself; the counts are pytest's own."""

    __test__ = False

    collected: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    flaky: int = 0
    errors: int = 0
    xfailed: int = 0
    xpassed: int = 0
    deselected: int = 0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check's result.

    Attributes:
        cached: The result was not computed in this run.
        cached_age: Seconds since it was computed, when cached.
        seconds: Wall time of the check (of the original run, when cached).
        python: The interpreter that ran, `X.Y.Z`, proved from inside for test cells.
        reason: Why the status is what it is, when problems alone do not say.
        key: First 12 hex digits of the cache key, or None when the check cannot be cached.
        notes: What a reader should know although it does not decide the status.
        taken_from: The report of another machine that says all this, when the check did not run here.
    """

    name: str
    status: Status
    cached: bool = False
    seconds: float = 0.0
    python: str | None = None
    reason: str | None = None
    tests: Tests | None = None
    problems: tuple[Problem, ...] = ()
    cached_age: float | None = None
    key: str | None = None
    notes: tuple[str, ...] = ()
    taken_from: str | None = None


class Missing(msgspec.Struct, frozen=True):
    """Lines of one file that no cell ran, as inclusive 1-based ranges."""

    path: str
    lines: tuple[tuple[int, int], ...]
    branches: tuple[tuple[int, int], ...] = ()


class Coverage(msgspec.Struct, frozen=True):
    """Combined coverage over the cells, in percent (0 to 100)."""

    percent: float
    threshold: float
    missing: tuple[Missing, ...] = ()


class Scope(msgspec.Struct, frozen=True):
    """What the verdict does not speak of."""

    partial: bool = False
    not_run: tuple[str, ...] = ()


class GateReport(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/gate/1`.

    Attributes:
        seconds: Wall time of the whole gate.
        commit: Full hash of HEAD, or None without git.
        dirty: The working tree differs from HEAD; None without git.
        coverage: None when the coverage check did not run or had no data.
    """

    schema: str = SCHEMA
    verdict: Verdict
    enforced: bool = True
    scope: Scope = Scope()
    seconds: float = 0.0
    commit: str | None = None
    dirty: bool | None = None
    project: str = ""
    checks: tuple[Check, ...] = ()
    coverage: Coverage | None = None


def verdict_of(checks: tuple[Check, ...]) -> Verdict:
    """The gate's verdict from its checks."""
    return overall(check.status for check in checks)
