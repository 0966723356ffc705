"""On which line of a TOML text a key stands: the parsers of the field do not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

Keys = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PART = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*""")
_SCALAR = re.compile(
    r'"{3}(?:[^\\]|\\.)*?"{3,5}'
    r"|'{3}.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^\[\]{},#\n]+",
    re.DOTALL,
)


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The 1-based line of the key, table or array element `path`, or of its nearest written parent; 1 without any.

    Numbers in `path` are indices: of an array's elements, or of the tables of one `[[name]]`.
    """
    best_depth, best_place = 0, 0
    for found, place in _Reader(text).document():
        depth = _shared(found, path)
        if depth > best_depth and depth == min(len(found), len(path)):
            best_depth, best_place = depth, place
    return text.count("\n", 0, best_place) + 1


def _shared(found: Sequence[str | int], path: Sequence[str | int]) -> int:
    """How many leading keys the two have in common."""
    count = 0
    for mine, wanted in zip(found, path, strict=False):
        if mine != wanted:
            break
        count += 1
    return count


class _Reader:
    """Walks a TOML text that a parser has accepted; at anything else it stops, for a line is only a courtesy."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        # How many tables each `[[name]]` has so far.
        self._tables: dict[Keys, int] = {}

    def document(self) -> Iterator[tuple[Keys, int]]:
        """Every written key, table and element with its place in the text, in order."""
        table: Keys = ()
        while self._skip() < len(self._text):
            begun = self._at
            if self._take("["):
                table = self._header(is_array=self._take("["))
                yield table, begun
            else:
                yield from self._pair(table)
                if self._at == begun:
                    return

    def _header(self, *, is_array: bool) -> Keys:
        keys = self._keys()
        for _ in range(1 + is_array):
            self._take("]")
        path: Keys = ()
        for number, key in enumerate(keys, start=1):
            path = (*path, key)
            if is_array and number == len(keys):
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _pair(self, table: Keys) -> Iterator[tuple[Keys, int]]:
        begun = self._at
        path = (*table, *self._keys())
        if self._take("="):
            yield path, begun
            self._skip()
            yield from self._value(path)

    def _value(self, path: Keys) -> Iterator[tuple[Keys, int]]:
        if self._take("["):
            number = 0
            while self._skip() < len(self._text) and not self._take("]"):
                begun = self._at
                yield (*path, number), begun
                yield from self._value((*path, number))
                self._skip()
                self._take(",")
                if self._at == begun:
                    return
                number += 1
        elif self._take("{"):
            while self._skip() < len(self._text) and not self._take("}"):
                begun = self._at
                yield from self._pair(path)
                self._skip()
                self._take(",")
                if self._at == begun:
                    return
        elif (scalar := _SCALAR.match(self._text, self._at)) is not None:
            self._at = scalar.end()

    def _keys(self) -> Keys:
        keys = []
        while (part := _PART.match(self._text, self._at)) is not None:
            self._at = part.end()
            keys.append(_unquoted(part[1]))
            if not self._take("."):
                break
        return tuple(keys)

    def _skip(self) -> int:
        """Pass over white space and comments; returns where that ends."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _take(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True


def _unquoted(key: str) -> str:
    if "\\" in key and key.startswith('"'):
        decoded: str = tomllib.loads(f"key = {key}")["key"]
        return decoded
    return key[1:-1] if key[0] in "\"'" else key
