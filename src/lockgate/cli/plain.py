"""`lockgate push` as scripts write it, read without click: to import that takes as long as half a push."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lockgate.flows.push import Wishes

_FLAGS = {"--dry-run": "dry_run", "-n": "dry_run", "--quiet": "quiet", "-q": "quiet", "--no-color": "no_color"}
_VALUES = {"--branch": "branch", "-b": "branch", "--remote": "remote", "-r": "remote", "--commit": "message",
           "-m": "message", "--wait": "wait", "--format": "format_", "--from": "source", "-C": "folder"}  # fmt: skip


def plain(arguments: list[str]) -> Wishes | None:
    """What the command line wishes; None: click shall read it, and help with it."""
    found: dict[str, Any] = {}
    rest = iter(arguments)
    for name in rest:
        value: Any = True if name in _FLAGS else next(rest, "-") if name in _VALUES else "-"
        key = _FLAGS.get(name) or _VALUES.get(name, "")
        if key in {"source", "folder"}:
            value = Path(value) if os.path.isdir(value) and os.access(value, os.R_OK) else "-"  # noqa: PTH112
        if str(value).startswith("-") or (key == "format_" and value not in {"text", "json"}):
            return None
        found[key] = value
    return Wishes(**found)
