"""Answers that may be used again: the same lockgate with the same tools, looking at the same files and history."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
from pathlib import Path

import msgspec

from lockgate import __version__
from lockgate.model.finding import Finding
from lockgate.model.scan import Scanner
from lockgate.ports import clock, git
from lockgate.ports.files import write_atomic
from lockgate.ports.tree import file_digest
from lockgate.scan.context import Context
from lockgate.scan.toolbox import LIST

RULES = LIST.with_name("secrets.toml")


class _Entry(msgspec.Struct, frozen=True):
    """What is stored, with a digest over it: what a disk or a hand has changed is no answer."""

    seal: str
    created: float
    scanner: Scanner
    findings: tuple[Finding, ...]


class Memory:
    """The answers of one project, in `folder`. Only passes and findings are kept; never on a shared machine of CI."""

    def __init__(self, folder: Path, context: Context) -> None:
        self._folder = folder
        self._is_used = os.environ.get("GITHUB_ACTIONS") != "true"
        self._key = _key(context) if self._is_used else ""

    def look_up(self, name: str, lasts: float | None) -> tuple[Scanner, tuple[Finding, ...]] | None:
        """An earlier answer of a scanner; `lasts` is how many seconds it counts, None when only files matter."""
        try:
            content = (self._folder / f"{name}.json").read_bytes() if self._is_used and lasts != 0 else b""
            entry = msgspec.json.decode(content, type=_Entry)
        except (OSError, msgspec.DecodeError):
            return None
        age = clock.now() - entry.created
        if entry.seal != self._seal(entry.scanner, entry.findings, entry.created) or age < 0:
            return None
        if lasts is not None and age > lasts:
            return None
        return msgspec.structs.replace(entry.scanner, cached=True, age=round(age, 1)), entry.findings

    def store(self, name: str, scanner: Scanner, findings: tuple[Finding, ...]) -> None:
        """Keep an answer that is whole."""
        if not self._is_used or scanner.cached or scanner.reason or scanner.status not in {"pass", "fail"}:
            return
        created = clock.now()
        entry = _Entry(self._seal(scanner, findings, created), created, scanner, findings)
        with contextlib.suppress(OSError):  # only speed is lost
            write_atomic(self._folder / f"{name}.json", msgspec.json.encode(entry))

    def _seal(self, scanner: Scanner, findings: tuple[Finding, ...], created: float) -> str:
        """The key of this state of things and the answer to it, as one digest."""
        content = msgspec.json.encode((self._key, created, scanner, findings))
        return hashlib.sha256(content).hexdigest()


def _key(context: Context) -> str:
    """A digest of all that an answer depends on: files, history, configuration, tools, lockgate."""
    total = hashlib.sha256()
    config = msgspec.structs.replace(context.project.config, waivers=())
    wishes = msgspec.json.encode((context.wishes.osv, context.wishes.needs, context.wishes.offline))
    total.update(f"{identity()}\0{context.root}\0".encode())
    total.update(msgspec.json.encode(config) + wishes + git.whole_state(context.root))
    for name in context.files:
        path = context.root / name
        status = path.stat()
        total.update(os.fsencode(name) + b"\0%o\0" % status.st_mode + (file_digest(os.fsencode(path)) or b"unreadable"))
    return total.hexdigest()


@functools.cache
def identity() -> str:
    """A digest of lockgate, its Python and its tools; of its own files too, for whoever works on it."""
    changed = str(max(path.stat().st_mtime_ns for path in Path(__file__).parents[1].rglob("*.py")))
    parts = (__version__, sys.version, changed, LIST.read_text(encoding="utf-8"), RULES.read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
