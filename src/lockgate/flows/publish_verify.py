"""`lockgate publish verify`."""

from __future__ import annotations

from lockgate.flows.publish_trip import proofs, travel
from lockgate.flows.publishing import Desk, Wishes
from lockgate.ports.console import Console
from lockgate.publish import verify as looking
from lockgate.publish.journal import Journal
from lockgate.publish.trip import Trip


def verify(wishes: Wishes, console: Console) -> int:
    """Prove the release from the index; returns the exit code.

    Raises:
        UsageError: See `travel`.
    """

    def work(at: Desk, trip: Trip, journal: Journal) -> str | None:
        looking.verify(trip, journal, proofs(at, wishes, journal, console))
        return None

    return travel(wishes, console, "verify", work)
