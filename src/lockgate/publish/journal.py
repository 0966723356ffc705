"""The ledger while it changes: each change is on the disk before the next thing happens."""

from __future__ import annotations

from typing import Literal

from lockgate.model.errors import LockgateError
from lockgate.model.release import FileState, Ledger, State
from lockgate.ports import clock
from lockgate.ports.releases import Store
from lockgate.publish import ledger as moves


class Journal:
    """A ledger and its folder; `ledger` is what the disk has, or after a `dry_run` would have."""

    def __init__(self, store: Store, ledger: Ledger, *, dry_run: bool = False) -> None:
        self.store = store
        self.ledger = ledger
        self.dry_run = dry_run

    def file(self, name: str, state: FileState, detail: str = "") -> None:
        """A file's next state; one that it has already is not written again."""
        there = self.ledger.file(name)
        if there is None or (there.state, there.detail) != (state, detail):
            self._keep(moves.file_moved(self.ledger, name, state, detail))

    def move(self, state: State, detail: str = "") -> None:
        """The release's next state."""
        self._keep(moves.moved(self.ledger, state, clock.now(), detail))

    def note(self, name: str, status: Literal["pass", "fail", "unknown"], detail: str = "") -> None:
        """What was tried or proved."""
        self._keep(moves.noted(self.ledger, name, status, clock.now(), detail))

    def burn(self, reason: str) -> None:
        """Give the release up for good."""
        self._keep(moves.burned(self.ledger, reason, clock.now()))

    def _keep(self, ledger: Ledger) -> None:
        if not self.dry_run:
            self.store.write(ledger)
        self.ledger = ledger


class BurnedError(LockgateError):
    """The release cannot be completed any more (exit 1); the ledger says so already."""


def refuse_changed(journal: Journal) -> None:
    """See that `dist/` holds exactly the promoted bytes.

    Raises:
        ChangedError: It does not.
    """
    wrong = moves.different(journal.ledger, journal.store.hashes())
    if wrong:
        raise ChangedError(
            f"{journal.store.dist} is not what was promoted: {'; '.join(wrong)}",
            "put the files back from a copy (on GitHub: the artifact of the run that built them); nothing was sent",
        )


class ChangedError(LockgateError):
    """The bytes on the disk are not the promoted ones (exit 1): nothing is sent."""
