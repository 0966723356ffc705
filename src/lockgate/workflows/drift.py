"""What is committed against what would be rendered: the state of each file, and the difference (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Literal

import msgspec

from lockgate.workflows.files import FORMAT, File, is_untouched, stamp

State = Literal["same", "changed", "missing", "previous-format", "foreign"]


class Drift(msgspec.Struct, frozen=True):
    """A file's state; `difference` is a unified diff from what is committed to what is rendered, "" when both agree.

    `previous-format` is what the lockgate before this one rendered from the same table, untouched: it is accepted, so
    that an update of lockgate alone does not fail. `foreign` was not written by lockgate.
    """

    state: State
    difference: str = ""


def drift(file: File, text: str | None, table: str) -> Drift:
    """The state of a file whose committed text is `text` (None: not there); `table` is the digest of today's facts."""
    if text == file.text:
        return Drift("same")
    difference = unified(file.path, text, file.text)
    if text is None:
        return Drift("missing", difference)
    found = stamp(text)
    if found is None:
        return Drift("foreign", difference)
    if found.format == FORMAT - 1 and found.table == table and is_untouched(text, found):
        return Drift("previous-format", difference)
    return Drift("changed", difference)


def unified(path: str, before: str | None, after: str) -> str:
    """A unified diff; a last line without its newline is marked as such, and bytes that are no UTF-8 are escaped."""
    lines: Sequence[str] = list(
        difflib.unified_diff(
            (before or "").splitlines(keepends=True),
            after.splitlines(keepends=True),
            fromfile="/dev/null" if before is None else f"a/{path}",
            tofile=f"b/{path}",
        )
    )
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
