"""One file put over the branch's without a common base: newer data stay, no line of a log is lost (pure)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from lockgate.model.push import Conflict, Resolution
from lockgate.push import json_text, labelled, markup
from lockgate.push.changes import ConflictsError
from lockgate.push.stamps import Scalar, Stamps, newer
from lockgate.push.values import Merge, Value, dotted


def overlaid(stamps: Stamps, path: str, theirs: bytes, ours: bytes) -> tuple[bytes, list[Resolution]]:
    """What shall stand at `path`: `ours`, unless the branch's is the newer one.

    Raises:
        ConflictsError: The branch's is newer and says other things, or its lines would be lost.
    """
    if PurePosixPath(path).suffix.lower() in {".jsonl", ".ndjson"}:
        return _lines(path, theirs, ours)
    (there, rest), (here, other_rest) = _read(stamps, path, theirs), _read(stamps, path, ours)
    decided = []
    for name in sorted(there.keys() & here.keys()):
        side = _newer(here[name], there[name])
        if side is not None:
            texts = {"ours": here[name].text, "theirs": there[name].text}
            decided.append(Resolution(path=path, field=name, taken=side, **texts))
    late = [one for one in decided if one.taken == "theirs"]
    if not late:
        return ours, []
    if rest == other_rest and late == decided:
        return theirs, decided
    reason = "the branch's is newer and says other things: make the files again"
    conflict = Conflict(path=path, field=late[0].field, ours=late[0].ours, theirs=late[0].theirs, reason=reason)
    raise ConflictsError([conflict])


def _read(stamps: Stamps, path: str, content: bytes) -> tuple[dict[str, Scalar], object]:
    """The stamps of a file by name, and the rest of it in a form that can be compared."""
    suffix = PurePosixPath(path).suffix.lower()
    text = content.decode("utf-8", errors="surrogateescape")
    try:
        if suffix in markup.READERS:
            return _of_value(stamps, markup.READERS[suffix](text))
        if suffix in {".json", ".sarif"}:
            return _of_value(stamps, json_text.parse(text).root.value)
    except (ValueError, RecursionError):
        return {}, content
    found = labelled.find(text, stamps)
    values = {one.token: one.value for one in found}
    return {token.strip("\x01"): value for token, value in values.items()}, labelled.mask(text, found, values)


def _of_value(stamps: Stamps, value: Value) -> tuple[dict[str, Scalar], object]:
    found: dict[str, Scalar] = {}

    def walk(one: Value, path: tuple[str, ...]) -> None:
        if isinstance(one, Scalar):
            if stamps.include(path):
                found[dotted(path)] = one
            return
        parts = one.items() if isinstance(one, dict) else ((f"[{at}]", part) for at, part in enumerate(one))
        for key, part in parts:
            walk(part, (*path, key))

    walk(value, ())
    return found, Merge("", stamps).masked(value, ())


def _newer(ours: Scalar, theirs: Scalar) -> Literal["ours", "theirs"] | None:
    try:
        return newer(ours, theirs)
    except ValueError:
        return None


def _lines(path: str, theirs: bytes, ours: bytes) -> tuple[bytes, list[Resolution]]:
    there, here = theirs.splitlines(keepends=True), ours.splitlines(keepends=True)
    if _within(there, here):
        return ours, []
    same = next((at for at, pair in enumerate(zip(there, here, strict=False)) if pair[0] != pair[1]), None)
    count = min(len(there), len(here)) if same is None else same
    field = "lines that only the branch has are kept"
    decided = Resolution(path=path, field=field, ours=f"{len(here)} lines", theirs=f"{len(there)} lines", taken="both")
    if _within(here, there):
        return theirs, [decided]
    if set(there[count:]) & set(here[count:]) or not theirs.endswith(b"\n"):
        reason = "the branch has lines that these files lack or changed: make the files again from the branch's"
        raise ConflictsError([Conflict(path=path, reason=reason)])
    return theirs + b"".join(here[count:]), [decided]


def _within(few: list[bytes], many: list[bytes]) -> bool:
    """Whether all lines of `few` are in `many`, in that order."""
    rest = iter(many)
    return all(line in rest for line in few)
