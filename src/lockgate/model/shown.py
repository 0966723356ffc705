"""Figures of coverage as people read them."""

from __future__ import annotations

from collections.abc import Iterable


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
