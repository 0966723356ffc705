"""JSON Lines: what both sides appended is kept, the branch's lines first (pure)."""

from __future__ import annotations

import contextlib

from lockgate.push import json_text
from lockgate.push.values import Merge


def merge(merging: Merge, base: str, ours: str, theirs: str) -> str:
    """The merged text; conflicts and decided stamps are noted in `merging`.

    Raises:
        ValueError: A side is no JSON Lines.
    """
    before = _lines(base, frozenset())
    mine, yours = (_lines(text, frozenset(before)) for text in (ours, theirs))
    here, there = _aligned(merging, before, mine), _aligned(merging, before, yours)
    if here is None or there is None:
        merging.refuse((), f"lines were taken away or rewritten {'here' if here is None else 'on the branch'}")
        return ""
    kept = {}
    for line, at, other_at in zip(before, here, there, strict=True):
        if line == mine[at] == yours[other_at]:
            continue
        documents = [json_text.parse(one) for one in (line, mine[at], yours[other_at])]
        was, one, other = (document.root.value for document in documents)
        merged = merging.value(was, one, other, (f"[{at + 1}]",))
        assert isinstance(merged, type(other))  # noqa: S101  (they differ in stamps only)
        kept[at, other_at] = json_text.render(documents[2], documents[1], merged)
    merging.judge()
    new, other_new = ([line for at, line in enumerate(side) if at not in set(known)]
                      for side, known in ((mine, here), (yours, there)))  # fmt: skip
    again = {line.strip() for line in new} & {line.strip() for line in other_new}
    if again:
        merging.refuse((), "both sides appended the same line", json_text.parse(min(again)).root.value)
    # Whoever has only appended has it put behind what the other has.
    if here == list(range(len(before))):
        lines = {other_at: text for (_, other_at), text in kept.items()}
        return "".join(lines.get(at, line) for at, line in enumerate(yours)) + "".join(new)
    if there == list(range(len(before))):
        lines = {at: text for (at, _), text in kept.items()}
        return "".join(lines.get(at, line) for at, line in enumerate(mine)) + "".join(other_new)
    merging.refuse((), "both sides put lines between those that were there")
    return ""


def _aligned(merging: Merge, before: list[str], side: list[str]) -> list[int] | None:
    """Where the lines of the base are on a side; None when one is not there, at most with another stamp."""
    found: list[int] = []
    for line in before:
        at = found[-1] + 1 if found else 0
        with contextlib.suppress(ValueError):
            found.append(side.index(line, at))
            continue
        like = _masked(merging, line)
        alike = [number for number in range(at, len(side)) if _masked(merging, side[number]) == like]
        if len(alike) != 1:
            return None
        found += alike
    return found


def _masked(merging: Merge, line: str) -> object:
    return merging.masked(json_text.parse(line).root.value, ())


def _lines(text: str, known: frozenset[str]) -> list[str]:
    """The lines with their ends; those that are not `known` are looked at."""
    lines = text.split("\n")
    if lines.pop():
        raise ValueError("the last line has no end: what is appended to it would change it")
    ended = [line + "\n" for line in lines]
    for number, line in enumerate(ended, start=1):
        if line in known:
            continue
        try:
            json_text.parse(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {str(error).partition(': ')[2]}") from None
    return ended
