"""Past merges under rules that did not hold then."""

from __future__ import annotations

from typing import Literal

import msgspec

Rule = Literal["checks", "approvals", "code-owners", "self-merge", "up-to-date", "linear-history"]


class Ruling(msgspec.Struct, frozen=True):
    """What one rule would have said, unless it would have let the merge through."""

    rule: Rule
    status: Literal["blocked", "unknown"]
    detail: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One merged pull request: blocked where any rule would have, unknown where that cannot be told any more."""

    number: int
    title: str
    author: str
    merged_at: str
    status: Literal["blocked", "unknown", "passed"]
    rulings: tuple[Ruling, ...] = ()


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, the last merge first.

    Attributes:
        asked: How many were asked for.
        requests: How many requests it took.
        stopped: Why it ended before all were read, None when it did not.
        early: Of those blocked, the ones merged before the first report of a required check that they lack.
    """

    asked: int
    requests: int
    stopped: str | None = None
    pulls: tuple[Replayed, ...]
    early: int = 0
