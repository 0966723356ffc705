"""Commits as git stores them (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import msgspec

SOURCE = b"lockgate-source"
_SIGNATURES = frozenset({b"gpgsig", b"gpgsig-sha256"})
_TRAILER = re.compile(rb"[A-Za-z0-9-]+: |\s")


class Commit(msgspec.Struct, frozen=True):
    """A commit, byte for byte: `headers` in order, continuation lines joined by newlines."""

    headers: tuple[tuple[bytes, bytes], ...]
    message: bytes

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """The commit in an object's content."""
        head, _, message = content.partition(b"\n\n")
        headers: list[tuple[bytes, bytes]] = []
        for line in head.split(b"\n"):
            if line.startswith(b" "):
                headers[-1] = (headers[-1][0], headers[-1][1] + b"\n" + line[1:])
            else:
                key, _, value = line.partition(b" ")
                headers.append((key, value))
        return cls(tuple(headers), message)

    def encode(self) -> bytes:
        """The object's content."""
        lines = (key + b" " + value.replace(b"\n", b"\n ") + b"\n" for key, value in self.headers)
        return b"".join(lines) + b"\n" + self.message

    def values(self, key: bytes) -> list[str]:
        """All values of a header."""
        return [value.decode() for name, value in self.headers if name == key]

    @property
    def tree(self) -> str:
        """The id of its tree."""
        return self.values(b"tree")[0]

    @property
    def parents(self) -> list[str]:
        """The ids of its parents."""
        return self.values(b"parent")

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return self.message.lstrip(b"\n").split(b"\n", 1)[0].decode(errors="replace")

    def trailers(self, key: str) -> list[str]:
        """The values of the trailers `key` of its message."""
        lines = self.message.decode(errors="replace").rpartition("\n\n")[2].splitlines()
        return [line[len(key) + 2 :] for line in lines if line.startswith(f"{key}: ")]

    @property
    def is_signed(self) -> bool:
        """Whether somebody signed it."""
        return any(key in _SIGNATURES for key, _ in self.headers)

    def moved(self, oid: str, tree: str, parent: str | None, trailers: Sequence[str]) -> Commit:
        """The commit `oid` with another tree and parent, which names its source, and `trailers` below its message.

        Who, when and what for are kept; a signature cannot be.
        """
        gone = _SIGNATURES | {b"tree", b"parent"}
        parents = () if parent is None else ((b"parent", parent.encode()),)
        kept = tuple(header for header in self.headers if header[0] not in gone)
        headers = ((b"tree", tree.encode()), *parents, *kept, (SOURCE, oid.encode()))
        return Commit(headers, _with_trailers(self.message, trailers))


def new(tree: str, parent: str | None, identity: tuple[str, str], message: str) -> Commit:
    """A new commit by `identity`: author and committer as `git var` prints them."""
    parents = () if parent is None else ((b"parent", parent.encode()),)
    author, committer = (who.encode(errors="surrogateescape") for who in identity)
    headers = ((b"tree", tree.encode()), *parents, (b"author", author), (b"committer", committer))
    return Commit(headers, message.encode(errors="surrogateescape").rstrip(b"\n") + b"\n")


def _with_trailers(message: bytes, trailers: Sequence[str]) -> bytes:
    if not trailers:
        return message
    last = message.rstrip(b"\n").rpartition(b"\n\n")
    is_block = bool(last[1]) and all(_TRAILER.match(line) for line in last[2].split(b"\n"))
    lines = b"".join(line.encode("ascii", "backslashreplace") + b"\n" for line in trailers)
    return message.rstrip(b"\n") + (b"\n" if is_block else b"\n\n") + lines
