"""Time: the one thing besides randomness that tests replace."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def monotonic() -> float:
    """Seconds that only grow, for durations."""
    return time.monotonic()
