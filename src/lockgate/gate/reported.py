"""Reports that lockgate itself wrote into the project: while nobody edits them, they are no input of its checks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lockgate.ports.files import write_atomic
from lockgate.ports.tree import file_digest


def recall(memory: Path) -> dict[str, str]:
    """Digest (hex) of each such file, by its path in the project."""
    try:
        return msgspec.json.decode((memory / "reports.json").read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def remember(memory: Path, root: Path, written: Iterable[Path]) -> None:
    """Take note of files that were just written."""
    places = [path.resolve() for path in written]
    own = {str(path.relative_to(root)): file_digest(str(path)) for path in places if path.is_relative_to(root)}
    new = {name: digest.hex() for name, digest in own.items() if digest is not None}
    if new:
        with contextlib.suppress(OSError):  # without the note the checks only run again
            write_atomic(memory / "reports.json", msgspec.json.encode({**recall(memory), **new}, order="sorted"))
