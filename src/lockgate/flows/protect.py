"""`lockgate protect`: the table and the rendered workflows against what GitHub has."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lockgate.ports.console import Console


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    folder: Path
    format_: str = "text"
    out: Path | None = None
    plan_file: Path | None = None
    yes: bool = False


def plan(wishes: Wishes, console: Console) -> int:
    """Show what `apply` would change; returns the exit code: 0 nothing, 1 something, 3 not all could be seen."""
    raise NotImplementedError


def check(wishes: Wishes, console: Console) -> int:
    """The same as a gate: in phase `observe` or `off` its exit code is 0."""
    raise NotImplementedError


def apply(wishes: Wishes, console: Console) -> int:
    """Make it so, and prove it by reading again; returns the exit code."""
    raise NotImplementedError
