"""A replay for people: how many merges which rule would have blocked, and which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

from lockgate.model.replay import Replay, Replayed, Rule
from lockgate.model.shown import printable

Paint = Callable[[str, str], str]


def render(replay: Replay, branch: str, paint: Paint) -> str:
    """The replay as text."""
    counts = {status: sum(one.status == status for one in replay.pulls) for status in ("blocked", "unknown", "passed")}
    total = f"the last {len(replay.pulls)} merged pull requests into {branch}"
    split = (
        f"{counts['blocked']} would have been blocked, {counts['passed']} let through, {counts['unknown']} are unknown"
    )
    lines = [f"replay: of {total}, {split} ({replay.requests} requests)"]
    if replay.stopped is not None:
        lines.append(paint(f"UNKNOWN the replay ended early: {printable(replay.stopped)}", "unknown"))
    if replay.early:
        lines.append(f"  {replay.early} of them lack a check that was first reported later: it did not exist yet")
    lines += _table(replay)
    lines += [_pull(one, paint) for one in replay.pulls if one.status != "passed"]
    return "\n".join(lines) + "\n"


def _table(replay: Replay) -> Iterator[str]:
    rulings = [one for pull in replay.pulls for one in pull.rulings]
    if rulings:
        yield f"  {'rule':14}  blocked  unknown"
    for rule in get_args(Rule):
        found = [one.status for one in rulings if one.rule == rule]
        if found:
            yield f"  {rule:14}  {found.count('blocked'):7}  {found.count('unknown'):7}"


def _pull(one: Replayed, paint: Paint) -> str:
    mark = paint(f"{one.status:8}", "fail" if one.status == "blocked" else "unknown")
    why = "; ".join(f"{ruling.rule}: {ruling.detail}" for ruling in one.rulings)
    return f"{mark} #{one.number} {one.merged_at[:10]} {printable(f'{one.author}: {one.title}')}: {printable(why)}"
