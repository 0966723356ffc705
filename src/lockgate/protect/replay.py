"""Which past merges the planned rules would have blocked, and by which rule (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from lockgate.model.protection import Unseen
from lockgate.model.replay import Replayed, Rule, Ruling
from lockgate.protect.owners import Owners

_Value = TypeVar("_Value")
_PASSED = frozenset({"success", "neutral", "skipped"})
_KEPT = dt.timedelta(days=400)  # GitHub archives check runs that are older


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The planned rules as far as the table changes them; `owners` are None unless a code owner must review."""

    contexts: tuple[str, ...] = ()
    approvals: int = 1
    owners: Owners | None = None


class Ran(msgspec.Struct, frozen=True):
    """A check or status: when it began and ended (ISO 8601, `ended` None while it ran), and how."""

    name: str
    began: str
    ended: str | None
    result: str


class Review(msgspec.Struct, frozen=True):
    """A review that decided something; `writes`: whether its author may push, None when that cannot be told."""

    user: str
    state: str
    at: str
    commit: str
    writes: bool | None


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """A merged pull request, as far as it could be read.

    Attributes:
        head: The commit that was merged.
        behind: How many commits of the branch it lacked when it was merged.
        parents: Of the commit that the branch got.
        files: What it changed; () when nobody asks.
    """

    number: int
    title: str
    author: str
    merged_by: str
    merged_at: str
    head: str
    checks: tuple[Ran, ...] | Unseen = ()
    reviews: tuple[Review, ...] | Unseen = ()
    behind: int | Unseen = 0
    parents: int | Unseen = 1
    files: tuple[str, ...] | Unseen = ()


def judge(merged: Merged, rules: Rules, now: dt.datetime) -> Replayed:
    """What the rules would have said of a merge, at the moment when it was merged."""
    found = tuple(_rulings(merged, rules, now))
    blocked = any(one.status == "blocked" for one in found)
    return Replayed(
        number=merged.number,
        title=merged.title,
        author=merged.author,
        merged_at=merged.merged_at,
        status="blocked" if blocked else "unknown" if found else "passed",
        rulings=found,
    )


def _rulings(merged: Merged, rules: Rules, now: dt.datetime) -> Iterator[Ruling]:
    reviewed = rules.approvals > 0 or rules.owners is not None
    asked: tuple[tuple[Rule, bool, Any, Callable[[], Iterator[Ruling]]], ...] = (
        ("checks", bool(rules.contexts), merged.checks, lambda: _checks(merged, rules, now)),
        ("approvals", reviewed, merged.reviews, lambda: _approvals(merged, rules)),
        ("code-owners", rules.owners is not None, merged.files, lambda: _owners(merged, rules)),
        ("up-to-date", bool(rules.contexts), merged.behind, lambda: _behind(merged)),
        ("linear-history", True, merged.parents, lambda: _linear(merged)),
    )
    for rule, is_asked, value, look in asked:
        if is_asked and isinstance(value, Unseen):
            yield Ruling(rule, "unknown", f"{value.reason}: it takes {value.permission}")
        elif is_asked:
            yield from look()


def missing(merged: Merged, rules: Rules) -> frozenset[str]:
    """Required checks that nobody had reported when it was merged."""
    if isinstance(merged.checks, Unseen):
        return frozenset()
    return frozenset(rules.contexts) - {one.name for one in merged.checks if one.began <= merged.merged_at}


def early(pulls: Sequence[Merged], rules: Rules) -> int:
    """How many were merged before a check that they lack was reported for the first time."""
    known: set[str] = set()
    count = 0
    for one in sorted(pulls, key=lambda each: (each.merged_at, each.number)):
        lacking = missing(one, rules)
        known |= set(rules.contexts) - lacking
        count += bool(lacking - known)
    return count


def _checks(merged: Merged, rules: Rules, now: dt.datetime) -> Iterator[Ruling]:
    lacking = missing(merged, rules)
    archived = now - dt.datetime.fromisoformat(merged.merged_at) > _KEPT
    wrong = [] if archived else [f"{context} was not reported" for context in rules.contexts if context in lacking]
    for context in rules.contexts:
        runs = [one for one in _seen(merged.checks) if one.name == context and one.began <= merged.merged_at]
        last = max(runs, key=lambda one: (one.began, one.ended or "~"), default=None)
        if last is not None and (last.ended is None or last.ended > merged.merged_at):
            wrong.append(f"{context} had not ended")
        elif last is not None and last.result not in _PASSED:
            wrong.append(f"{context}: {last.result}")
    if wrong:
        yield Ruling("checks", "blocked", ", ".join(wrong))
    elif lacking:
        yield Ruling("checks", "unknown", f"GitHub archives checks after {_KEPT.days} days")


def _reviews(merged: Merged) -> list[Review]:
    """The last review of everybody else who may push, or may be able to."""
    found = sorted(_seen(merged.reviews), key=lambda one: one.at)
    last = {one.user: one for one in found if one.at <= merged.merged_at}
    return [one for one in last.values() if one.user != merged.author and one.writes is not False]


def _approving(merged: Merged) -> list[Review]:
    """Approvals of what was merged: those of earlier commits are stale."""
    return [one for one in _reviews(merged) if one.state == "APPROVED" and one.commit == merged.head]


def _approvals(merged: Merged, rules: Rules) -> Iterator[Ruling]:
    refusing = [one for one in _reviews(merged) if one.state == "CHANGES_REQUESTED"]
    refused = [one.user for one in refusing if one.writes]
    approving = _approving(merged)
    stale = sum(one.state == "APPROVED" for one in _reviews(merged)) - len(approving)
    if refused:
        yield Ruling("approvals", "blocked", f"{refused[0]} had requested changes")
    elif len(approving) < rules.approvals:
        more = f", {stale} stale: commits were pushed after it" if stale else ""
        yield Ruling("approvals", "blocked", f"{len(approving)} of {rules.approvals} approvals{more}")
        if merged.merged_by == merged.author and not approving:
            yield Ruling("self-merge", "blocked", f"merged by {merged.author}, who wrote it")
    elif sum(one.writes is True for one in approving) < rules.approvals or refusing:
        yield Ruling("approvals", "unknown", "whether the reviewers may push cannot be told")


def _owners(merged: Merged, rules: Rules) -> Iterator[Ruling]:
    if isinstance(merged.reviews, Unseen) or rules.owners is None:
        return  # said of the approvals
    approving = {one.user for one in _approving(merged)}
    lacking = {file: rules.owners.lacking(file, approving) for file in _seen(merged.files)}
    for status, text in (("blocked", "no owner of {} approved"), ("unknown", "whether one of the team of {} approved")):
        files = [file for file, one in lacking.items() if one == status]
        if files:
            yield Ruling("code-owners", status, f"{text.format(files[0])} ({len(files)} files)")  # type: ignore[arg-type]
            return


def _behind(merged: Merged) -> Iterator[Ruling]:
    if merged.behind:
        yield Ruling("up-to-date", "blocked", f"{merged.behind} commits behind")


def _linear(merged: Merged) -> Iterator[Ruling]:
    if merged.parents != 1:
        yield Ruling("linear-history", "blocked", "a merge commit")


def _seen(value: tuple[_Value, ...] | Unseen) -> tuple[_Value, ...]:
    return () if isinstance(value, Unseen) else value
