"""Trees as git stores them: compared, and changed path by path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple, Protocol

FOLDER = "40000"
LINK = "120000"
MODULE = "160000"


class Entry(NamedTuple):
    """What stands at a path: git's mode (octal) and the object's id."""

    mode: str
    oid: str


# What stood at a path and what stands there; None is nothing.
Change = tuple[Entry | None, Entry | None]


class Objects(Protocol):
    """Where objects are read and made."""

    @property
    def id_bytes(self) -> int:
        """Bytes of an id."""

    def read(self, oid: str) -> tuple[str, bytes]:
        """Kind and content."""

    def write(self, kind: str, content: bytes) -> str:
        """Make an object; returns its id."""


class Trees:
    """The trees of one object database. Paths are bytes: git asks for no encoding."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[str, dict[bytes, Entry]] = {}

    @cached_property
    def empty(self) -> str:
        """The tree without entries; made by asking for it."""
        return self._objects.write("tree", b"")

    def entries(self, oid: str | None) -> dict[bytes, Entry]:
        """A tree's own entries by name; none where there is no tree."""
        if oid is None:
            return {}
        if oid not in self._known:
            self._known[oid] = _parsed(self._objects.read(oid)[1], self._objects.id_bytes)
        return self._known[oid]

    def find(self, tree: str, path: bytes) -> Entry | None:
        """What stands at `path`; a folder is an entry too."""
        found: Entry | None = Entry(FOLDER, tree)
        for name in path.split(b"/") if path else ():
            found = self.entries(found.oid).get(name) if found is not None and found.mode == FOLDER else None
        return found

    def changes(self, old: str | None, new: str | None, below: bytes = b"") -> dict[bytes, Change]:
        """Files that differ between two trees, by path, as they were and as they are."""
        if old == new:
            return {}
        found: dict[bytes, Change] = {}
        before, after = self.entries(old), self.entries(new)
        for name in sorted(before.keys() | after.keys()):
            was, now = before.get(name), after.get(name)
            if was == now:
                continue
            path = below + name
            inner = [one.oid if one is not None and one.mode == FOLDER else None for one in (was, now)]
            if any(inner):
                found |= self.changes(inner[0], inner[1], path + b"/")
            files = [one if one is not None and one.mode != FOLDER else None for one in (was, now)]
            if any(files):
                found[path] = (files[0], files[1])
        return found

    def changed(self, tree: str | None, edits: Mapping[bytes, Entry | None]) -> str:
        """The tree with files put or (None) taken away; returns its id.

        Raises:
            NotADirectoryError: A file would stand where a folder is, or below a file.
        """
        here = dict(self.entries(tree))
        below: dict[bytes, dict[bytes, Entry | None]] = {}
        for path, entry in edits.items():
            name, slash, rest = path.partition(b"/")
            if slash:
                below.setdefault(name, {})[rest] = entry
            elif entry is None:
                # What is taken away first makes room for a folder of the same name.
                here.pop(path, None)
        for name, inside in below.items():
            self._change_folder(here, name, inside)
        for path, entry in edits.items():
            if b"/" not in path and entry is not None:
                if path in here and here[path].mode == FOLDER:
                    raise NotADirectoryError(path)
                here[path] = entry
        return self._objects.write("tree", _encoded(here))

    def _change_folder(self, here: dict[bytes, Entry], name: bytes, inside: Mapping[bytes, Entry | None]) -> None:
        there = here.get(name)
        if there is not None and there.mode != FOLDER:
            if any(inside.values()):
                raise NotADirectoryError(name)
            return
        oid = self.changed(there.oid if there else None, inside)
        here.pop(name, None)
        if self.entries(oid):
            here[name] = Entry(FOLDER, oid)


def _parsed(content: bytes, id_bytes: int) -> dict[bytes, Entry]:
    found, at = {}, 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        oid = content[end + 1 : end + 1 + id_bytes].hex()
        found[content[space + 1 : end]] = Entry(content[at:space].decode(), oid)
        at = end + 1 + id_bytes
    return found


def _encoded(entries: Mapping[bytes, Entry]) -> bytes:
    # Git sorts a folder as if its name ended in a slash.
    key: Callable[[bytes], bytes] = lambda name: name + b"/" if entries[name].mode == FOLDER else name  # noqa: E731
    return b"".join(
        b"%s %s\0" % (entries[name].mode.encode(), name) + bytes.fromhex(entries[name].oid)
        for name in sorted(entries, key=key)
    )
