"""Statuses of checks and the one rule that turns them into a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Status = Literal["pass", "fail", "unknown", "skipped", "not-run"]
Verdict = Literal["pass", "fail", "unknown"]

EXIT_CODES: dict[Verdict, int] = {"pass": 0, "fail": 1, "unknown": 3}


def overall(statuses: Iterable[Status]) -> Verdict:
    """Combine statuses: fail over unknown over pass.

    A `skipped` check yields unknown at best, and so does a run in which nothing ran at all:
    only what was seen to pass is a pass. `not-run` checks (the user did not ask for them) have no say.
    """
    seen = {status for status in statuses if status != "not-run"}
    if "fail" in seen:
        return "fail"
    return "pass" if seen == {"pass"} else "unknown"
