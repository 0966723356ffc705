"""`lockgate clean`: remove what lockgate keeps, unless another lockgate is using it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from lockgate.model.errors import UnknownError
from lockgate.ports.files import locked
from lockgate.ports.state import NAME, elsewhere


def clean(root: Path, *, results_only: bool) -> int:
    """Remove the project's environments, caches and results (or the results only); returns the bytes freed.

    Raises:
        UnknownError: Another lockgate is at work here.
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
            target = state / "cache" / "results" if results_only else state
            freed += _size(target)
            shutil.rmtree(target, ignore_errors=True)
    return freed


def _size(folder: Path) -> int:
    """Bytes of the files in a folder; hard links that uv made count once here and once in its cache."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
