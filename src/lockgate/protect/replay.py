"""Which past merges the planned rules would have blocked, and by which rule (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from lockgate.model.protection import Unseen
from lockgate.model.replay import Replayed, Rule, Ruling
from lockgate.protect.owners import Owners

_PASSED = frozenset({"success", "neutral", "skipped"})
_KEPT = dt.timedelta(days=400)  # GitHub archives check runs that are older


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The planned rules that a merge is held to; `owners` are None unless a code owner must review."""

    contexts: tuple[str, ...] = ()
    strict: bool = True
    approvals: int = 1
    dismiss_stale: bool = True
    linear: bool = True
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
    found = (*_checks(merged, rules, now), *_reviews(merged, rules), *_history(merged, rules))
    blocked = any(one.status == "blocked" for one in found)
    return Replayed(
        number=merged.number,
        title=merged.title,
        author=merged.author,
        merged_at=merged.merged_at,
        status="blocked" if blocked else "unknown" if found else "passed",
        rulings=found,
    )


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


def _unseen(rule: Rule, why: Unseen) -> Ruling:
    return Ruling(rule, "unknown", f"{why.reason}: it takes {why.permission}")


def _checks(merged: Merged, rules: Rules, now: dt.datetime) -> Iterator[Ruling]:
    if not rules.contexts:
        return
    if isinstance(merged.checks, Unseen):
        yield _unseen("checks", merged.checks)
        return
    lacking = missing(merged, rules)
    archived = now - dt.datetime.fromisoformat(merged.merged_at) > _KEPT
    wrong = [] if archived else [f"{context} was not reported" for context in rules.contexts if context in lacking]
    for context in rules.contexts:
        runs = [one for one in merged.checks if one.name == context and one.began <= merged.merged_at]
        last = max(runs, key=lambda one: (one.began, one.ended or "~"), default=None)
        if last is not None and (last.ended is None or last.ended > merged.merged_at):
            wrong.append(f"{context} had not ended")
        elif last is not None and last.result not in _PASSED:
            wrong.append(f"{context}: {last.result}")
    if wrong:
        yield Ruling("checks", "blocked", ", ".join(wrong))
    elif lacking:
        yield Ruling("checks", "unknown", f"GitHub archives checks after {_KEPT.days} days")


def _reviews(merged: Merged, rules: Rules) -> Iterator[Ruling]:
    if rules.approvals == 0 and rules.owners is None:
        return
    if isinstance(merged.reviews, Unseen):
        yield _unseen("approvals", merged.reviews)
        return
    last = {one.user: one for one in sorted(merged.reviews, key=lambda one: one.at) if one.at <= merged.merged_at}
    others = [one for one in last.values() if one.user != merged.author and one.writes is not False]
    refusing = [one for one in others if one.state == "CHANGES_REQUESTED"]
    approving = [
        one for one in others if one.state == "APPROVED" and (one.commit == merged.head or not rules.dismiss_stale)
    ]
    sure = [one for one in approving if one.writes]
    stale = sum(one.state == "APPROVED" for one in others) - len(approving)
    refused = [one.user for one in refusing if one.writes]
    if refused:
        yield Ruling("approvals", "blocked", f"{refused[0]} had requested changes")
    elif len(approving) < rules.approvals:
        more = f", {stale} stale: commits were pushed after it" if stale else ""
        yield Ruling("approvals", "blocked", f"{len(approving)} of {rules.approvals} approvals{more}")
        if merged.merged_by == merged.author and not approving:
            yield Ruling("self-merge", "blocked", f"merged by {merged.author}, who wrote it")
    elif len(sure) < rules.approvals or refusing:
        yield Ruling("approvals", "unknown", "whether the reviewers may push cannot be told")
    yield from _owners(merged, rules, {one.user for one in approving})


def _owners(merged: Merged, rules: Rules, approving: set[str]) -> Iterator[Ruling]:
    if rules.owners is None:
        return
    if isinstance(merged.files, Unseen):
        yield _unseen("code-owners", merged.files)
        return
    lacking = [file for file in merged.files if rules.owners.lacking(file, approving)]
    teams = [file for file in lacking if rules.owners.lacking(file, approving) == "unknown"]
    if len(lacking) > len(teams):
        file = next(file for file in lacking if file not in teams)
        yield Ruling("code-owners", "blocked", f"no owner of {file} approved ({len(lacking)} files)")
    elif teams:
        yield Ruling("code-owners", "unknown", f"whether somebody of the team that owns {teams[0]} approved")


def _history(merged: Merged, rules: Rules) -> Iterator[Ruling]:
    if rules.strict and rules.contexts:
        if isinstance(merged.behind, Unseen):
            yield _unseen("up-to-date", merged.behind)
        elif merged.behind:
            yield Ruling("up-to-date", "blocked", f"{merged.behind} commits behind")
    if rules.linear:
        if isinstance(merged.parents, Unseen):
            yield _unseen("linear-history", merged.parents)
        elif merged.parents > 1:
            yield Ruling("linear-history", "blocked", "a merge commit")
