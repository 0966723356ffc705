"""What a release takes along on its way: the index, uv, the environment, and a way to be stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import msgspec

from lockgate.model.errors import InterruptedByUserError, LockgateError, UnknownError
from lockgate.model.release import Ledger
from lockgate.ports.index import Listed, project_files, release_files
from lockgate.ports.process import Cancel
from lockgate.ports.relay import fetch, reason
from lockgate.publish.identity import Form
from lockgate.publish.journal import BurnedError, Journal
from lockgate.publish.places import Place
from lockgate.publish.standing import Standing, compare

_LIMIT = 30.0  # seconds for one request
_FETCH = 300.0  # seconds for one file


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """The means of one release.

    Attributes:
        uv: Its binary.
        environment: The process's variables, with those that the index needs.
        outside: The same without those: what other indexes are asked with.
        form: The publisher that the index should know.
        say: Tells progress, one line each.
    """

    place: Place
    uv: Path
    environment: Mapping[str, str]
    outside: Mapping[str, str]
    form: Form
    cancel: Cancel
    say: Callable[[str], None]

    def go_on(self) -> None:
        """Return, unless the user wants an end.

        Raises:
            InterruptedByUserError: They do.
        """
        if self.cancel.requested():
            raise InterruptedByUserError("interrupted; the ledger knows how far it came", "lockgate publish resume")

    def wait(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            InterruptedByUserError: The user wants an end.
        """
        self.cancel.wait(seconds)
        self.go_on()


def listed(trip: Trip, ledger: Ledger) -> tuple[dict[str, Listed], dict[str, Listed]]:
    """What installers see, and what the JSON API says; no cache is asked.

    Raises:
        UnknownError: The index does not say.
    """
    try:
        simple = project_files(trip.place.simple, ledger.project, _LIMIT, fresh=True)
        return simple, release_files(trip.place.about(ledger.project, ledger.version), _LIMIT)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnknownError(
            f"{trip.place.address} does not say what it has of {ledger.project}: {reason(error)}",
            f"nothing is lost: lockgate publish resume {ledger.version}",
        ) from error


def look(trip: Trip, ledger: Ledger) -> Standing:
    """Where each file stands by all that the index says.

    Raises:
        UnknownError: It does not say.
    """
    simple, json = listed(trip, ledger)
    shown = json | simple
    for name in compare(ledger.files, shown).unread:
        digest = hashlib.sha256(fetched(trip, shown[name])).hexdigest()
        shown[name] = msgspec.structs.replace(shown[name], sha256=digest)
    return compare(ledger.files, shown)


def fetched(trip: Trip, file: Listed) -> bytes:
    """A file's bytes from the index.

    Raises:
        UnknownError: There are none.
    """
    try:
        return fetch(file.url, _FETCH)
    except (OSError, ValueError) as error:
        raise UnknownError(f"{trip.place.address} does not hand out {file.name}: {reason(error)}") from error


def give_up(trip: Trip, journal: Journal, reason: str) -> NoReturn:
    """Mark the release burned, and tell what is left to do.

    Raises:
        BurnedError: Always.
        LockgateError: In a dry run, which marks nothing.
    """
    ledger = journal.ledger
    if ledger.state == "released":
        raise BurnedError(f"{ledger.project} {ledger.version} was released, but {reason}", "find out who replaced it")
    if journal.dry_run:
        raise LockgateError(f"{ledger.project} {ledger.version} would be burned: {reason}", "nothing was changed")
    journal.burn(reason)
    public = [one.name for one in ledger.files if one.state in {"stored", "verified"}]
    where = trip.place.yank(ledger.project) if trip.place.has_pages else f"the pages of {trip.place.address}"
    raise BurnedError(
        f"{ledger.project} {ledger.version} is burned: {reason}",
        (f"public for good: {', '.join(public)}; " if public else "")
        + f"if {ledger.version} on the index is not whole, yank it at {where} (people can, programs cannot); "
        f"then release {following(ledger.version)}",
    )


def following(version: str) -> str:
    """The version to release instead: the last number is one more."""
    return re.sub(r"\d+(?=\D*$)", lambda last: str(int(last[0]) + 1), version)
