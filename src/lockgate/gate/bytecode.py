"""Byte-code that one environment compiled, lent to the next: compiling anew is a quarter of a cold gate.

Kept in the user's cache for each wheel, by the hashes of its sources and the interpreter's version. Python itself
checks each file against its source before it believes it, so what is lent can be stale but never wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lockgate.ports.interpreters import Interpreter
from lockgate.ports.state import user_cache

_MOST = 500  # wheels per interpreter


def lend(site: Path, interpreter: Interpreter) -> None:
    """Link what is kept for the wheels in the folder `site` (site-packages) beside their sources."""
    store = _store(interpreter)
    for wheel, _ in _wheels(site):
        kept = store / wheel
        for parent, _, names in os.walk(kept):
            target = site / Path(parent).relative_to(kept)
            for name in names:
                _link(Path(parent, name), target / name)


def keep(site: Path, interpreter: Interpreter) -> None:
    """Keep what has been compiled for the wheels in `site`."""
    store, tag = _store(interpreter), f"cpython-{''.join(interpreter.version.split('.')[:2])}"
    for wheel, sources in _wheels(site):
        for source in sources:
            folder, _, name = source.rpartition("/")
            compiled = f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc".lstrip("/")
            _link(site / compiled, store / wheel / compiled)
    _forget_oldest(store)


def _store(interpreter: Interpreter) -> Path:
    return user_cache() / "bytecode" / interpreter.version


def _wheels(site: Path) -> Iterator[tuple[str, list[str]]]:
    """Each installed wheel: a name that changes with any of its sources, and the sources below `site`."""
    for record in sorted(site.glob("*.dist-info/RECORD")):
        try:
            lines = record.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        sources = [line for line in lines if ".py,sha256=" in line and line[:1] not in {'"', "/"} and ".." not in line]
        if sources:
            digest = hashlib.blake2b("\n".join(sorted(sources)).encode(), digest_size=10).hexdigest()
            name = record.parent.name.removesuffix(".dist-info")
            yield f"{name}-{digest}", [line.partition(",")[0] for line in sources]


def _link(source: Path, target: Path) -> None:
    """Give `source` a second name; where that is not possible only speed is lost."""
    with contextlib.suppress(OSError):
        if source.exists() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)


def _forget_oldest(store: Path) -> None:
    with contextlib.suppress(OSError):
        wheels = sorted(store.iterdir(), key=lambda wheel: wheel.stat().st_mtime)
        for wheel in wheels[:-_MOST]:
            shutil.rmtree(wheel, ignore_errors=True)
