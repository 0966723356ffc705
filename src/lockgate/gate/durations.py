"""How long each check took when it last ran: orders the next run and tells the user what to expect."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from lockgate.ports.files import write_atomic


def recall(path: Path) -> dict[str, float]:
    """Seconds by name of the check; empty when nothing was recorded."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, float])
    except (OSError, msgspec.DecodeError):
        return {}


def record(path: Path, taken: dict[str, float]) -> None:
    """Remember `taken`; without room for it only the order of the next run suffers."""
    if taken:
        with contextlib.suppress(OSError):
            write_atomic(path, msgspec.json.encode({**recall(path), **taken}, order="sorted"))
