"""Durations as people write them: `90s`, `10m`, `24h`, `7d`."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """Seconds in `text`.

    Raises:
        ValueError: `text` is not a positive number followed by s, m, h or d.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if match is None or float(match[1]) == 0:
        raise ValueError(f"{text!r} is not a duration: write a number and a unit, e.g. 90s, 10m, 24h or 7d")
    return float(match[1]) * _UNITS[match[2]]


def human(seconds: float) -> str:
    """A duration for reading: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 10 min`, `3 d`."""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"  # noqa: PLR2004
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:  # noqa: PLR2004
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d"
