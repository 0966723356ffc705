"""What an index knows, and where it keeps that: one JSON document, and the bytes of files under their digest."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from lockgate.ports import files


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a release; `metadata` is the SHA-256 of a wheel's METADATA (PEP 658), `provenance` PEP 740's object."""

    name: str
    project: str  # normalized
    version: str  # as the release spells it
    kind: Literal["sdist", "bdist_wheel"]
    sha256: str
    size: int
    uploaded: float  # seconds since the epoch
    requires_python: str | None = None
    metadata: str | None = None
    provenance: dict[str, Any] | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a project; `yanked` is the reason, "" without one, None when it is not yanked."""

    version: str
    created: float
    info: dict[str, Any] = {}
    yanked: str | None = None
    vulnerabilities: list[dict[str, Any]] = []


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A project, and its releases by canonical version."""

    name: str
    releases: dict[str, Release] = {}


class Publisher(msgspec.Struct, frozen=True, kw_only=True):
    """A trusted publisher: a workflow of a repository on GitHub."""

    project: str
    repository: str  # owner/name
    workflow: str  # the file's name in .github/workflows
    environment: str = ""  # when any will do
    owner_id: str = "1"
    pending: bool = False  # its project is created when its first token is minted


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a token allows: these projects, or all and new ones; until `expires`, in seconds since the epoch."""

    projects: list[str] | None
    expires: float | None = None
    publisher: Publisher | None = None


class State(msgspec.Struct, kw_only=True):
    """Everything but the bytes."""

    serial: int = 0
    projects: dict[str, Project] = {}  # by normalized name
    files: dict[str, File] = {}
    used: list[str] = []  # names that files ever had: none returns with other bytes, or after it was deleted
    publishers: list[Publisher] = []
    tokens: dict[str, Grant] = {}  # by the SHA-256 of the token, which itself is kept nowhere
    spent: dict[str, float] = {}  # identities (`jti`) that were exchanged, and when they can be forgotten
    disabled: bool = False

    def of(self, project: str) -> list[File]:
        """The files of a project, in the order in which they came."""
        return [file for file in self.files.values() if file.project == project]


class Store:
    """A folder. Services in other threads and processes may use the same one; a kill at any moment leaves it whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._document = folder / "index.json"
        self._thread = threading.Lock()
        self._known: tuple[tuple[int, ...], State] = ((), State())

    def read(self) -> State:
        """The state of this moment, to look at only."""
        if not self._document.exists():
            return State()
        status = self._document.stat()
        mark, known = (status.st_ino, status.st_mtime_ns, status.st_size), self._known
        if known[0] != mark:
            known = self._known = (mark, msgspec.json.decode(self._document.read_bytes(), type=State))
        return known[1]

    @contextlib.contextmanager
    def change(self) -> Iterator[State]:
        """The state to change: written when the block ends, and as it was when the block raises."""
        with self._thread, files.locked(self._folder / "index.lock", shared=False, waiting=lambda: True):
            before = self._document.read_bytes() if self._document.exists() else b"{}"
            state = msgspec.json.decode(before, type=State)
            yield state
            if msgspec.json.encode(state) != before:
                state.serial += 1
                files.write_atomic(self._document, msgspec.json.encode(state))

    def put(self, content: bytes) -> None:
        """Keep bytes under their SHA-256."""
        path = self._folder / "blobs" / hashlib.sha256(content).hexdigest()
        if not path.exists():
            files.write_atomic(path, content)

    def get(self, digest: str) -> bytes:
        """The bytes of a SHA-256."""
        return (self._folder / "blobs" / digest).read_bytes()
