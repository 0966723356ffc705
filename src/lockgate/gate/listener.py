"""What a display is told while the gate runs; the gate itself never prints."""

from __future__ import annotations

from typing import Protocol

from lockgate.model.gate import Check


class Listener(Protocol):
    """A display. Calls come from several threads, at any time between `planned` and the last `finished`."""

    def planned(self, expected: dict[str, float]) -> None:
        """Checks that will run or be looked up, in order, with the seconds that each took last time (0: new)."""

    def started(self, name: str) -> None:
        """The check has a worker."""

    def noted(self, name: str, what: str) -> None:
        """The check is busy with something other than itself, e.g. installing."""

    def progressed(self, name: str, done: int, total: int) -> None:
        """Tests done of those collected."""

    def finished(self, check: Check, output: str) -> None:
        """The check has ended; `output` is the tool's own."""


class Silence:
    """A display that shows nothing."""

    def planned(self, expected: dict[str, float]) -> None:
        """Nothing."""

    def started(self, name: str) -> None:
        """Nothing."""

    def noted(self, name: str, what: str) -> None:
        """Nothing."""

    def progressed(self, name: str, done: int, total: int) -> None:
        """Nothing."""

    def finished(self, check: Check, output: str) -> None:
        """Nothing."""
