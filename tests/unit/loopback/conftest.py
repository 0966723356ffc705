"""An index to ask, with a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.loopback.index import Index


class Clock:
    """Seconds since the epoch."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_days(self, days: float) -> None:
        self.seconds += days * 86400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(tmp_path: Path, index_keys: Path, clock: Clock) -> Iterator[Index]:
    with Index(tmp_path / "index", keys=index_keys, now=clock, largest=1 << 20) as made:
        yield made
