"""The content of a folder as data: what a check can see of it, hashed, and when each file last changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from lockgate.ports import clock, git
from lockgate.ports.files import write_atomic

# Written by tools for themselves; a check that depends on one of these reads its own cache.
_CACHES = frozenset(
    {
        *(".git", ".hg", ".svn", ".lockgate", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"),
        *(
            ".hypothesis",
            ".tox",
            ".nox",
            ".venv",
            "node_modules",
            ".import_linter_cache",
            ".DS_Store",
            "htmlcov",
            ".coverage",
        ),
    }
)
_CACHE_SUFFIXES = (".pyc", ".pyo", ".egg-info")
_CACHE_PREFIXES = (".coverage.",)
_LARGE = 1 << 20  # bytes
_SETTLED = 2.0  # seconds
NATIVE_SUFFIXES = (
    *(
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".cxx",
        ".hh",
        ".hpp",
        ".pyx",
        ".pxd",
        ".pxi",
        ".rs",
        ".f",
        ".f90",
        ".cu",
        ".m",
        ".mm",
    ),
    *("CMakeLists.txt", ".cmake", "meson.build", "meson.options", "Cargo.toml", "Cargo.lock"),
)


Stamp = tuple[int, int]


class Entry(msgspec.Struct, frozen=True):
    """One file or folder: a digest of kind, permissions and content; and its last change (ctime, s).

    `stamp` is by which many tools know a file: its size, and the second of its last modification.
    """

    digest: bytes
    changed: float
    stamp: Stamp = (0, 0)


class Tree(msgspec.Struct, frozen=True):
    """Entries by path relative to the root (bytes, as the file system spells them)."""

    entries: Mapping[bytes, Entry]

    def digest(self) -> bytes:
        """One digest over all entries."""
        total = hashlib.blake2b(digest_size=20)
        for name in sorted(self.entries):
            total.update(len(name).to_bytes(4, "big") + name + self.entries[name].digest)
        return total.digest()

    def without(self, own: Mapping[str, str]) -> Tree:
        """The entries but for files that still have this content (digest in hex), and folders that hold only these."""

        def is_own(name: bytes) -> bool:
            digest = own.get(os.fsdecode(name))
            return digest is not None and self.entries[name].digest.endswith(bytes.fromhex(digest))

        if not own:
            return self
        kept = {name: entry for name, entry in self.entries.items() if name.endswith(b"/") or not is_own(name)}
        empty = {f"{parent}/".encode() for name in own for parent in map(os.fspath, Path(name).parents)}
        return Tree(
            {
                name: entry
                for name, entry in kept.items()
                if name not in empty or any(other.startswith(name) and other not in empty for other in kept)
            }
        )

    def select(self, suffixes: tuple[str, ...]) -> Tree:
        """The entries whose name ends in one of `suffixes`."""
        wanted = tuple(os.fsencode(suffix) for suffix in suffixes)
        return Tree({name: entry for name, entry in self.entries.items() if name.endswith(wanted)})


def snapshot(root: Path, memory: Memory | None = None) -> Tree:
    """Everything below `root` that a check may see: tracked, untracked and ignored files, submodules, link targets.

    Left out are tools' caches and virtual environments, unless git tracks files in them.
    """
    walk = _Walk(os.fsencode(root), memory)
    walk.folder(b"", {os.path.realpath(walk.base)})
    if walk.left_out:
        inside = tuple(path + b"/" for path in walk.left_out)
        for name in git.tracked(root):
            if (name in walk.left_out or name.startswith(inside)) and name not in walk.found:
                walk.add(name, set())
    if memory is not None:
        memory.save()
    return Tree(walk.found)


class Memory:
    """Digests of large files, so that a data set of gigabytes is read once and not at every run.

    As git does, a file counts as unchanged when size, inode and both times are as they were, and the last change was
    well before it was read.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _recalled(file)
        self._used: dict[str, str] = {}

    def digest(self, path: bytes, status: os.stat_result) -> bytes | None:
        """Digest of the file's content, read only if it may have changed."""
        if status.st_size < _LARGE:
            return file_digest(path)
        key = f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"
        known = self._known.get(key) or self._used.get(key)
        found = bytes.fromhex(known) if known else file_digest(path)
        if found is not None and status.st_ctime < clock.now() - _SETTLED:
            self._used[key] = found.hex()
        return found

    def save(self) -> None:
        """Remember what this run saw."""
        if self._used.keys() - self._known.keys():
            with contextlib.suppress(OSError):  # only speed is lost
                write_atomic(self._file, msgspec.json.encode(self._used))


def _recalled(file: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def file_digest(path: str | bytes) -> bytes | None:
    """Digest of a file's content, None when it is absent or cannot be read."""
    hasher = hashlib.blake2b(digest_size=20)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  (bytes paths)
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
    except OSError:
        return None
    return hasher.digest()


def digests(paths: Iterable[str]) -> dict[str, str | None]:
    """Hex digests of files outside the tree, by path; None for what is not there. `folder/` stands for its names."""
    found = {path: _listing_digest(path) if path.endswith("/") else file_digest(path) for path in paths}
    return {path: digest.hex() if digest is not None else None for path, digest in found.items()}


def _listing_digest(folder: str) -> bytes | None:
    try:
        names = sorted(os.fsencode(name) for name in os.listdir(folder) if not is_cache(name))  # noqa: PTH208
    except OSError:
        return None
    return hashlib.blake2b(b"\0".join(names), digest_size=20).digest()


def is_cache(name: str) -> bool:
    """Whether a file or folder of this name is a tool's cache."""
    return name in _CACHES or name.endswith(_CACHE_SUFFIXES) or name.startswith(_CACHE_PREFIXES)


class _Walk:
    """One pass over a folder."""

    def __init__(self, base: bytes, memory: Memory | None) -> None:
        self.base = base
        self.found: dict[bytes, Entry] = {}
        self.left_out: set[bytes] = set()
        self._memory = memory

    def folder(self, folder: bytes, seen: set[bytes]) -> None:
        """Take in the content of a folder; `seen` are the real folders that led here through links."""
        try:
            with os.scandir(os.path.join(self.base, folder)) as listing:  # noqa: PTH118  (bytes paths)
                names = sorted(entry.name for entry in listing)
        except OSError as error:
            self.found[folder + b"/"] = Entry(b"unreadable %d" % (error.errno or 0), 0.0)
            return
        if folder and b"pyvenv.cfg" in names:
            self.left_out.add(folder)
            return
        for name in names:
            path = folder + b"/" + name if folder else name
            if is_cache(os.fsdecode(name)):
                self.left_out.add(path)
            else:
                self.add(path, seen)

    def add(self, path: bytes, seen: set[bytes]) -> None:
        """Take in a file, folder, link or special file."""
        full = self.base + b"/" + path
        try:
            status = os.lstat(full)
            link = os.readlink(full) if stat.S_ISLNK(status.st_mode) else None  # noqa: PTH115  (bytes paths)
            if link is not None:
                self.found[path + b"@"] = Entry(hashlib.blake2b(link, digest_size=20).digest(), status.st_ctime)
                status = os.stat(full)  # noqa: PTH116
        except OSError as error:  # a dangling link, or gone since the listing
            self.found[path] = Entry(b"absent %d" % (error.errno or 0), 0.0)
            return
        if stat.S_ISDIR(status.st_mode):
            real = os.path.realpath(full)
            # A link into the tree adds nothing, and a link to a parent would never end.
            if link is None or not any(real == one or real.startswith(one + b"/") for one in seen):
                self.found[path + b"/"] = Entry(b"folder", 0.0)
                self.folder(path, seen | {real} if link is not None else seen)
        elif stat.S_ISREG(status.st_mode):
            permissions = b"%o " % stat.S_IMODE(status.st_mode)
            content = file_digest(full) if self._memory is None else self._memory.digest(full, status)
            stamp = (status.st_size, int(status.st_mtime))
            self.found[path] = Entry(permissions + (content or b"unreadable"), status.st_ctime, stamp)
        else:
            self.found[path] = Entry(b"special %d" % stat.S_IFMT(status.st_mode), 0.0)
