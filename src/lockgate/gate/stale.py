"""Byte code and mypy's cache that would pass for current: Python and mypy know a file by its size and second alone."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
from pathlib import Path

import msgspec

from lockgate.ports.files import write_atomic
from lockgate.ports.tree import Stamp, Tree

_Sources = dict[bytes, tuple[bytes, Stamp]]


def forget_stale(root: Path, memory: Path, tree: Tree) -> None:
    """Remove what was made from sources of `tree` that have changed since checks last ran here, and take note of them.

    An edit within the second of the last one, or one that keeps the time stamp, is no edit to Python and to mypy.
    """
    file = memory / "sources.bin"
    before = _recalled(file)
    now = {
        name: (entry.digest, entry.stamp) for name, entry in tree.entries.items() if name.endswith((b".py", b".pyi"))
    }
    changed = [name for name in now if name in before and before[name][0] != now[name][0]]
    for name in changed:
        folder, source = os.path.split(os.path.join(root, os.fsdecode(name)))  # noqa: PTH118
        for code in Path(folder, "__pycache__").glob(f"{glob.escape(source.rpartition('.')[0])}.*.pyc"):
            with contextlib.suppress(OSError):  # whoever may not remove it may not have written it either
                code.unlink()
    if any(before[name][1] == now[name][1] for name in changed):
        shutil.rmtree(memory / "mypy", ignore_errors=True)
    if now != before:
        with contextlib.suppress(OSError):  # a full disk: the old note serves the next run
            write_atomic(file, msgspec.msgpack.encode(now))


def _recalled(file: Path) -> _Sources:
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=_Sources)
    except (OSError, msgspec.DecodeError):
        return {}
