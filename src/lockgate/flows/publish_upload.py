"""`lockgate publish upload`."""

from __future__ import annotations

from lockgate.flows.publish_trip import travel
from lockgate.flows.publishing import Desk, Wishes
from lockgate.ports.console import Console
from lockgate.publish import upload as sending
from lockgate.publish.journal import Journal
from lockgate.publish.trip import Trip


def upload(wishes: Wishes, console: Console) -> int:
    """Send what the index does not have; returns the exit code.

    Raises:
        UsageError: See `travel`.
    """

    def work(_at: Desk, trip: Trip, journal: Journal) -> str | None:
        return sent(trip, journal, dry_run=wishes.dry_run)

    return travel(wishes, console, "upload", work)


def sent(trip: Trip, journal: Journal, *, dry_run: bool) -> str:
    """Upload, and say what was done.

    Raises:
        LockgateError: See `publish.upload`.
    """
    if journal.ledger.state in {"verified", "released"}:
        return "nothing to send: the release was verified"
    before = sending.upload(trip, journal, dry_run=dry_run)
    names = ", ".join(file.name for file in before.missing) or "nothing"
    where = trip.place.upload
    return f"would send {names} to {where}; no token was made" if dry_run else f"sent {names} to {where}"
