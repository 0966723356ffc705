"""Figures and foreign text as people may read them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def floored(percent: float) -> str:
    """Two decimals, never rounded up: 94.996 is not 95."""
    shown = f"{percent:.2f}"
    return shown if float(shown) <= percent else f"{float(shown) - 0.01:.2f}"


def ranges(pairs: Iterable[tuple[int, int]]) -> str:
    """`3, 10-12`."""
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in pairs)


def branches(pairs: Iterable[tuple[int, int]]) -> str:
    """`5->7, 9->exit`."""
    return ", ".join(f"{start}->{end if end > 0 else 'exit'}" for start, end in pairs)


def printable(text: str) -> str:
    r"""`text` with control characters as `\x1b`: a test's message must not drive the reader's terminal."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
