"""JSON Lines: what both sides appended is kept, the branch's lines first (pure)."""

from __future__ import annotations

from lockgate.push import json_text
from lockgate.push.values import Merge, Value


def merge(merging: Merge, base: str, ours: str, theirs: str) -> str:
    """The merged text; conflicts and decided stamps are noted in `merging`.

    Raises:
        ValueError: A side is no JSON Lines.
    """
    before, mine, yours = (_lines(text) for text in (base, ours, theirs))
    count = len(before)
    if min(len(mine), len(yours)) < count:
        merging.refuse((), "lines were taken away")
        return ""
    kept = []
    for number, lines in enumerate(zip(before, mine, yours, strict=False), start=1):
        documents = [json_text.parse(line) for line in lines]
        values = [document.root.value for document in documents]
        if lines[1] != lines[2] and not _differ_in_stamps(merging, values):
            merging.refuse((f"[{number}]",), "a line was rewritten", values[1], values[2])
            return ""
        path = (f"[{number}]",)
        merged = merging.value(values[0], values[1], values[2], path)
        assert isinstance(merged, type(values[2]))  # noqa: S101  (they differ in stamps only)
        kept.append(json_text.render(documents[2], documents[1], merged))
    merging.judge()
    again = set(map(str.strip, mine[count:])) & set(map(str.strip, yours[count:]))
    if again:
        merging.refuse((), "both sides appended the same line", json_text.parse(min(again)).root.value)
    return "".join(kept) + "".join(yours[count:]) + "".join(mine[count:])


def _differ_in_stamps(merging: Merge, values: list[Value]) -> bool:
    masks = [merging.masked(value, ()) for value in values]
    return all(mask == masks[0] for mask in masks)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines.pop():
        raise ValueError("the last line has no end: what is appended to it would change it")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                json_text.parse(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {str(error).partition(': ')[2]}") from None
        else:
            raise ValueError(f"line {number}: empty")
    return [line + "\n" for line in lines]
