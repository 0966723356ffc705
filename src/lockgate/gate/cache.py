"""Passes that may be used again: one folder per check and key, written whole, checked when read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lockgate.gate.outcome import Outcome
from lockgate.gate.reads import look
from lockgate.model.gate import Check, Coverage
from lockgate.model.project import Project
from lockgate.ports import clock, git
from lockgate.ports.tree import Tree, digests

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
_KEPT_PER_CHECK = 20
# What pytest and coverage's HTML report write down to go faster next time.
_NOTES_OF_TOOLS = ("/.pytest_cache/", "/htmlcov/status.json")
# The kernel stamps files with a clock that may lag behind by one tick.
_CLOCK_LAG = 0.02


class _Entry(msgspec.Struct, frozen=True):
    """What is stored.

    Attributes:
        created: Seconds since the epoch.
        reads: Digest by path of the files outside the tree that the check read.
        looks: What was to be seen where it only looked, by `reads.look`'s key.
        git: Digest of what git said, when the check asked it.
        data: Digest by name of the coverage data files beside the entry.
    """

    check: Check
    created: float
    reads: dict[str, str | None]
    looks: dict[str, str]
    git: str | None
    data: dict[str, str]
    coverage: Coverage | None = None


class _Sealed(msgspec.Struct, frozen=True):
    """An entry with a digest over it and its place: what a disk or a hand has changed or moved is no result."""

    seal: str
    entry: msgspec.Raw


class Hit(msgspec.Struct, frozen=True):
    """A stored pass whose inputs are as they were."""

    check: Check
    data: tuple[Path, ...]
    coverage: Coverage | None


class Cache:
    """The result cache of one project, in `folder`."""

    def __init__(self, folder: Path, project: Project) -> None:
        self._folder = folder
        self._project = project

    def look_up(self, name: str, key: str) -> Hit | None:
        """The stored pass of check `name` under `key`, when all that it read is as it was."""
        folder = self._folder / name / key
        try:
            sealed = msgspec.json.decode((folder / "entry.json").read_bytes(), type=_Sealed)
            if sealed.seal != _seal(folder, bytes(sealed.entry)):
                return None
            entry = msgspec.json.decode(sealed.entry, type=_Entry)
        except (OSError, msgspec.DecodeError):
            return None
        if entry.check.status != "pass" or digests(entry.reads) != entry.reads or changed_looks(entry.looks):
            return None
        if entry.git is not None and entry.git != self._git_state():
            return None
        if any(_sha256(folder / file) != digest for file, digest in entry.data.items()):
            return None
        with contextlib.suppress(OSError):
            os.utime(folder)  # used: evicted last
        check = msgspec.structs.replace(
            entry.check, cached=True, cached_age=max(0.0, clock.now() - entry.created), key=key[:12]
        )
        return Hit(check, tuple(folder / file for file in sorted(entry.data)), entry.coverage)

    def store(self, key: str, outcome: Outcome, reads: dict[str, str | None]) -> tuple[Path, ...]:
        """Keep a pass; returns where its data files now are.

        Raises:
            OSError: There is no room, or the folder cannot be written; nothing half-written stays.
        """
        folder = self._folder / outcome.check.name / key
        temporary = folder.with_name(f".{uuid.uuid4().hex}")
        try:
            temporary.mkdir(parents=True)
            data = {f"data-{number}": path for number, path in enumerate(outcome.data)}
            for name, path in data.items():
                shutil.copyfile(path, temporary / name)
            entry = _Entry(
                check=outcome.check,
                created=clock.now(),
                reads=reads,
                looks=outcome.looks,
                git=self._git_state() if outcome.asked_git else None,
                data={name: _sha256(temporary / name) or "" for name in data},
                coverage=outcome.coverage,
            )
            content = msgspec.json.encode(entry)
            sealed = _Sealed(_seal(folder, content), msgspec.Raw(content))
            (temporary / "entry.json").write_bytes(msgspec.json.encode(sealed))
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.is_dir():
                folder.unlink(missing_ok=True)
            with contextlib.suppress(FileExistsError, NotADirectoryError):
                temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return tuple(folder / name for name in sorted(data))

    def trim(self) -> None:
        """Evict what was used longest ago, beyond the size cap and beyond 20 entries of one check."""
        limit = self._project.config.cache_size
        cap = int(limit[:-2]) * _UNITS[limit[-2:]]
        entries = []
        for check in _listed(self._folder):
            ages = sorted(((_mtime(path), path) for path in _listed(check)), reverse=True)
            entries += ages[:_KEPT_PER_CHECK]
            for _, path in ages[_KEPT_PER_CHECK:]:
                shutil.rmtree(path, ignore_errors=True)
        total = 0
        for _, path in sorted(entries, reverse=True):
            total += sum(file.stat().st_size for file in _listed(path))
            if total > cap:
                shutil.rmtree(path, ignore_errors=True)

    def _git_state(self) -> str:
        return hashlib.sha256(git.whole_state(self._project.root)).hexdigest()


def outside_reads(
    outcome: Outcome, root: Path, state: Path, tree: Tree, started: float
) -> tuple[dict[str, str | None], set[str]]:
    """What the check read and `tree` does not cover: digests (absence counts too), and what changed since `started`.

    Byte code stands for its source. A listing may change by what the check itself wrote into the folder.
    """
    inside, own = f"{root}{os.sep}", f"{state}{os.sep}"
    touched = {f"{os.path.dirname(path.rstrip('/'))}/" for path in outcome.wrote}  # noqa: PTH120
    wanted, changed = set(), set()
    for path in outcome.reads:
        source = _source(path)
        if source.startswith(own) or any(note in source for note in _NOTES_OF_TOOLS):
            continue
        if source == inside or (source.startswith(inside) and os.fsencode(source[len(inside) :]) in tree.entries):
            continue
        try:
            status = os.stat(source)  # noqa: PTH116
        except OSError:
            wanted.add(source)
            continue
        if not (stat.S_ISDIR(status.st_mode) if source.endswith("/") else stat.S_ISREG(status.st_mode)):
            continue
        if status.st_ctime >= started - _CLOCK_LAG and source not in touched:
            changed.add(source)
        wanted.add(source)
    return digests(wanted), changed


def changed_looks(looks: Mapping[str, str]) -> set[str]:
    """The places of `looks` where something else is to be seen now."""
    return {key for key, seen in looks.items() if look(key) != seen}


def _source(path: str) -> str:
    folder, name = os.path.split(path)
    if os.path.basename(folder) == "__pycache__":  # noqa: PTH119
        return os.path.join(os.path.dirname(folder), f"{name.partition('.')[0]}.py")  # noqa: PTH118, PTH120
    return path


def _seal(folder: Path, content: bytes) -> str:
    return hashlib.sha256(f"{folder.parent.name}/{folder.name}\n".encode() + content).hexdigest()


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
