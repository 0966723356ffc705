"""A replay for people: how many merges which rule would have blocked, and which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

from lockgate.model.replay import Replay, Replayed, Rule
from lockgate.model.shown import printable

Paint = Callable[[str, str], str]


def render(replay: Replay, branch: str, paint: Paint) -> str:
    """The replay as text."""
    statuses = [one.status for one in replay.pulls]
    blocked, passed, unknown = statuses.count("blocked"), statuses.count("passed"), statuses.count("unknown")
    split = f"{blocked} would have been blocked, {passed} let through, {unknown} cannot be told"
    total = f"the last {len(statuses)} merged pull requests into {branch}"
    lines = [f"replay of {total}: {split} ({replay.requests} requests)"]
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
