"""What a planted case is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """A flaw and its clean twin.

    Attributes:
        flawed: Files that hold the flaw; the first one is where it must be reported.
        clean: The same without the flaw.
    """

    name: str
    flawed: Mapping[str, str | bytes]
    clean: Mapping[str, str | bytes] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where the flaw must be reported."""
        return next(iter(self.flawed))
