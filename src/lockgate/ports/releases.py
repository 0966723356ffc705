"""A release's folder: the ledger, the promoted files and a lock; written so that nothing is lost at any moment."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from lockgate.model.errors import UnknownError, UsageError
from lockgate.model.release import LEDGER_SCHEMA, SBOM, Ledger
from lockgate.ports.files import locked, write_atomic

_LEDGER, _DIST, _LOCK = "ledger.json", "dist", ".lock"


class Store:
    """The folder of one release, held against other processes while it is open.

    Attributes:
        dist: What goes to the index, and nothing else.
        sbom: The software bill of materials.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dist = folder / _DIST
        self.sbom = folder / Path(SBOM).name
        self._path = folder / _LEDGER

    def read(self) -> Ledger | None:
        """The ledger, None when there is none yet.

        Raises:
            UsageError: It is of a newer lockgate, or no ledger of lockgate's.
            UnknownError: It cannot be read, or is broken; it stays as it is.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnknownError(f"{self._path}: {error.strerror or error}") from error
        keep = "put it back from a copy (on GitHub: the artifact lockgate-release-VERSION of the run that built it)"
        try:
            schema = msgspec.json.decode(data, type=dict[str, object]).get("schema")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnknownError(f"{self._path} is broken: {error}", keep) from error
        if schema != LEDGER_SCHEMA:
            name, _, number = str(schema).rpartition("/")
            if name == LEDGER_SCHEMA.rpartition("/")[0] and number.isdigit():
                raise UsageError(
                    f"{self._path}: {schema} is of another lockgate than this one, which knows {LEDGER_SCHEMA}",
                    "continue with the lockgate that began this release, or a later one",
                )
            raise UsageError(f"{self._path} is no ledger of a release", "take another folder: --ledger DIR")
        try:
            return msgspec.json.decode(data, type=Ledger)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnknownError(f"{self._path} is broken: {error}", keep) from error

    def write(self, ledger: Ledger) -> None:
        """Put the ledger on the disk; when this returns it is there, whatever happens next.

        Raises:
            UnknownError: It cannot be written; what stood there stands.
        """
        try:
            write_atomic(self._path, msgspec.json.format(msgspec.json.encode(ledger), indent=2) + b"\n", durable=True)
        except OSError as error:
            raise UnknownError(
                f"{self._path}: {error.strerror or error}", "free some space, and run it again"
            ) from error

    def hashes(self) -> dict[str, str]:
        """sha256 by name of everything in `dist/`, and of the bill of materials, read now.

        Raises:
            UnknownError: Something cannot be read.
        """
        found = {}
        try:
            there = {path.name: path for path in sorted(self.dist.iterdir())} if self.dist.exists() else {}
            for name, path in (there | ({SBOM: self.sbom} if self.sbom.exists() else {})).items():
                # A link or a folder is none of the ledger's files, whatever is behind it.
                plain = path.is_file() and not path.is_symlink()
                found[name] = sha256(path) if plain else ""
        except OSError as error:
            raise UnknownError(f"{error.filename or self.dist}: {error.strerror or error}") from error
        return found

    def promote(self, files: Sequence[Path], sbom: bytes) -> str:
        """Make copies of `files` all that is in `dist/`, on the disk; returns the digest of the bill of materials.

        Raises:
            UnknownError: That is not possible; `dist/` holds what it did, or nothing.
        """
        fresh = self.folder / f".{_DIST}.{os.urandom(8).hex()}"
        try:
            for old in self.folder.glob(f".{_DIST}.*"):
                shutil.rmtree(old)
            fresh.mkdir()
            for path in files:
                write_atomic(fresh / path.name, path.read_bytes(), durable=True)
            if self.dist.exists():
                shutil.rmtree(self.dist)
            fresh.rename(self.dist)
            write_atomic(self.sbom, sbom, durable=True)
        except OSError as error:
            raise UnknownError(f"{error.filename or fresh}: {error.strerror or error}", "free some space") from error
        return sha256(self.sbom)


def sha256(path: Path) -> str:
    """Hex digits of a file's digest.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def opened(folder: Path, waiting: Callable[[], bool]) -> Iterator[Store]:
    """The folder, made if need be, and held: a second process waits as long as `waiting()` says so.

    Raises:
        UnknownError: It cannot be made or locked, or another process has it and the wait was given up.
    """
    with contextlib.ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(folder / _LOCK, shared=False, waiting=waiting))
        except InterruptedError:
            raise UnknownError(f"another lockgate is at work on {folder}", "wait for it to end") from None
        except OSError as error:
            why = f"{error.filename or folder}: {error.strerror or error}"
            raise UnknownError(why, "take another --ledger DIR") from error
        yield Store(folder)
