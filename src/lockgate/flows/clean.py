"""`lockgate clean`: remove what lockgate keeps, unless another lockgate is using it; releases cannot be made again."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

from lockgate.model.errors import UnknownError
from lockgate.ports.files import locked
from lockgate.ports.state import NAME, elsewhere


def clean(root: Path, *, results_only: bool) -> int:
    """Remove the project's environments, caches and results (or the results only); returns the bytes freed.

    Ledgers of releases and their files stay.

    Raises:
        UnknownError: Another lockgate is at work here, or something cannot be removed.
    """
    freed = 0
    for state in (root / NAME, elsewhere(root)):
        if not state.is_dir():
            continue
        with contextlib.ExitStack() as held:
            for lock in sorted((state / "envs").glob("*.lock")):
                try:
                    held.enter_context(locked(lock, shared=False, waiting=lambda: False))
                except InterruptedError:
                    raise UnknownError(
                        f"another lockgate is using {state}",
                        "wait for it to end, then run lockgate clean again",
                    ) from None
            kept = {"release", ".gitignore", ".ignore"} if any((state / "release").glob("*/ledger.json")) else set()
            targets = [path for path in state.iterdir() if path.name not in kept] if kept else [state]
            for target in [state / "cache" / "results"] if results_only else targets:
                freed += _size(target)
                shutil.rmtree(target, ignore_errors=True) if target.is_dir() else target.unlink(missing_ok=True)
                if target.exists():
                    raise UnknownError(f"{target} could not be removed", "is it a link, or in use, or not yours?")
    return freed


def _size(folder: Path) -> int:
    """Bytes of the files in a folder; hard links that uv made count once here and once in its cache."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # gone meanwhile
                status = os.lstat(f"{parent}/{name}")
                total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
