"""Where an index keeps what it knows: one JSON document, and the bytes of each file under their digest."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lockgate.loopback.index.state import State
from lockgate.ports import files


class Store:
    """A folder. Services in other threads and processes may use the same one; a kill at any moment leaves it whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._document = folder / "index.json"
        self._thread = threading.Lock()
        self._known: tuple[tuple[int, ...], State] = ((), State())

    def read(self) -> State:
        """The state of this moment, to look at only."""
        try:
            status = self._document.stat()
        except FileNotFoundError:
            return State()
        mark = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._known
        if known[0] != mark:
            known = self._known = (mark, msgspec.json.decode(self._document.read_bytes(), type=State))
        return known[1]

    @contextlib.contextmanager
    def change(self) -> Iterator[State]:
        """The state to change: written when the block ends, and as it was when the block raises."""
        with (
            self._thread,
            files.locked(self._folder / "index.lock", shared=False, waiting=lambda: True),
        ):
            before = self._document.read_bytes() if self._document.exists() else b""
            state = msgspec.json.decode(before, type=State) if before else State()
            yield state
            if msgspec.json.encode(state) != before:
                state.serial += 1
                files.write_atomic(self._document, msgspec.json.encode(state))

    def put(self, content: bytes) -> str:
        """Keep bytes; returns their SHA-256."""
        digest = hashlib.sha256(content).hexdigest()
        files.write_atomic(self._blob(digest), content)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of a SHA-256."""
        return self._blob(digest).read_bytes()

    def _blob(self, digest: str) -> Path:
        return self._folder / "blobs" / digest
