"""On which line of a TOML text a key stands: the parsers of the field do not tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*\[\[?\s*(?P<keys>[^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*(?P<keys>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, path: Sequence[str]) -> int:
    """The 1-based line of the key or table `path`, or of its nearest written parent; 1 when there is none."""
    best_depth, best_line = 0, 1
    table: tuple[str, ...] = ()
    quotes = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quotes:
            quotes = "" if quotes in line else quotes
            continue
        header = _HEADER.match(line)
        key = None if header else _KEY.match(line)
        if header:
            table = _split(header["keys"])
        if not header and not key:
            continue
        found = table if key is None else (*table, *_split(key["keys"]))
        depth = _shared(found, path)
        if depth > best_depth and depth == min(len(found), len(path)):
            best_depth, best_line = depth, number
        for mark in ('"""', "'''"):
            if key and line.count(mark) % 2:
                quotes = mark
    return best_line


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _shared(found: Sequence[str], path: Sequence[str]) -> int:
    """How many leading keys the two have in common."""
    count = 0
    for mine, wanted in zip(found, path, strict=False):
        if mine != wanted:
            break
        count += 1
    return count
