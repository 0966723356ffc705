"""Sends the promoted bytes, one file at a time; what an answer leaves open is settled by reading the index."""

from __future__ import annotations

import os
import re

from lockgate.model.errors import RefusedError, UnknownError, UsageError
from lockgate.model.release import ReleaseFile
from lockgate.ports import clock, identity
from lockgate.ports.credentials import redacted
from lockgate.ports.process import Command, run
from lockgate.ports.surroundings import for_uv
from lockgate.publish.answers import Answer, answered
from lockgate.publish.identity import explained, read_claims
from lockgate.publish.journal import Journal, refuse_changed
from lockgate.publish.standing import Standing
from lockgate.publish.trip import Trip, give_up, look

_PAUSES = (2.0, 8.0)  # seconds before a file is sent again
_LOOKS = (0.0, 1.0, 2.0, 4.0)  # seconds before the index is read again: it may lag behind itself
_LONGEST = 1800.0  # seconds for one file
_GIVEN = ("UV_PUBLISH_TOKEN", "UV_PUBLISH_USERNAME", "UV_PUBLISH_PASSWORD")
# What uv must hear of the job to speak for it.
_OF_THE_JOB = re.compile(r"GITHUB_ACTIONS|ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN)|GITLAB_CI|PYPI_ID_TOKEN|CI")


def settle(trip: Trip, journal: Journal) -> Standing:
    """Read the index, and let the ledger say what it shows.

    Raises:
        BurnedError: It has other bytes under one of the names.
        UnknownError: It does not say.
    """
    standing = look(trip, journal.ledger)
    # These first: what is public decides what has to be yanked.
    for name in standing.stored:
        there = journal.ledger.file(name)
        if there is not None and there.state in {"planned", "uploading"}:
            journal.file(name, "stored", "the index shows it")
    if standing.taken:
        give_up(trip, journal, f"{trip.place.address} has other bytes under {', '.join(standing.taken)}")
    return standing


def upload(trip: Trip, journal: Journal, *, dry_run: bool = False) -> Standing:
    """Send what the index does not have; returns how it stood before.

    Raises:
        ChangedError: The files on the disk are not the promoted ones.
        BurnedError: It cannot be completed.
        RefusedError: The index does not let this publisher in, or refuses a file.
        UnknownError: The index gave no clear answer.
    """
    refuse_changed(journal)
    _refuse_stored_token(trip)
    standing = settle(trip, journal)
    if dry_run:
        return standing
    if standing.missing:
        journal.move("uploading", f"{len(standing.missing)} of {len(journal.ledger.files)} to send")
    for number, file in enumerate(standing.missing, start=1):
        trip.say(f"{file.name} ({number} of {len(standing.missing)})")
        _send(trip, journal, file)
    if journal.ledger.state != "uploaded":
        journal.move("uploaded")
    return standing


def _refuse_stored_token(trip: Trip) -> None:
    given = [name for name in _GIVEN if trip.environment.get(name)]
    if given and trip.place.has_pages and trip.environment.get("GITHUB_ACTIONS") == "true":
        raise UsageError(
            f"{', '.join(given)}: a stored token is what trusted publishing makes unnecessary",
            "take it out of the workflow and of the repository's secrets; the job's own identity is enough",
        )
    if given:
        trip.say(f"with the credentials of this one run's environment ({', '.join(given)}), not by trusted publishing")


def _send(trip: Trip, journal: Journal, file: ReleaseFile) -> None:
    """Send one file until the index has it."""
    for pause in (*_PAUSES, None):
        trip.go_on()
        refuse_changed(journal)
        journal.file(file.name, "uploading", "")
        answer = _published(trip, journal, file)
        trip.go_on()
        if _is_there(trip, journal, file, patient=answer.kind in {"accepted", "refused"}):
            journal.file(file.name, "stored", "the index shows it")
            return
        if answer.kind == "identity":
            journal.file(file.name, "planned", answer.text)
            raise _stranger(trip, journal, answer)
        if answer.kind == "refused":
            _refused(trip, journal, file, answer)
        if pause is None:
            break
        trip.say(f"{file.name}: {answer.text or 'accepted, but the index does not show it'}; once more")
        trip.wait(pause)
    if answer.kind == "accepted":
        journal.file(file.name, "stored", "accepted, though the index does not show it yet")
        return
    journal.file(file.name, "uploading", answer.text)
    journal.note("upload", "unknown", f"{file.name}: {answer.text}")
    raise UnknownError(
        f"{file.name} is not on the index: {answer.text}",
        f"nothing is lost: lockgate publish resume {journal.ledger.version}",
    )


def _is_there(trip: Trip, journal: Journal, file: ReleaseFile, *, patient: bool) -> bool:
    """Whether the index shows the file's very bytes; other bytes burn the release."""
    for pause in _LOOKS if patient else _LOOKS[:2]:
        trip.wait(pause)
        if file.name in settle(trip, journal).stored:
            return True
    return False


def _refused(trip: Trip, journal: Journal, file: ReleaseFile, answer: Answer) -> None:
    """The index refuses these bytes, and does not show them: for ever, or until something is mended."""
    said = f"{trip.place.address} refuses {file.name}: {answer.text}"
    if answer.for_ever:
        give_up(trip, journal, said)
    journal.file(file.name, "planned", answer.text)
    journal.note("upload", "fail", said)
    public = [one.name for one in journal.ledger.files if one.state == "stored"]
    raise RefusedError(
        said,
        (f"the release is incomplete: {', '.join(public)} is public; " if public else "nothing of it is public; ")
        + f"mend what it says, then: lockgate publish resume {journal.ledger.version}",
    )


def _published(trip: Trip, journal: Journal, file: ReleaseFile) -> Answer:
    """Run `uv publish` for one file; no credential is read from any file."""
    given = any(trip.environment.get(name) for name in _GIVEN)
    nowhere = journal.store.folder / ".none"
    argv = [
        *(os.fspath(trip.uv), "publish", "--no-progress", "--keyring-provider", "disabled"),
        *("--trusted-publishing", "never" if given else "always"),
        *("--publish-url", trip.place.upload, os.fspath(journal.store.dist / file.name)),
    ]
    job = {name: value for name, value in trip.environment.items() if name in _GIVEN or _OF_THE_JOB.fullmatch(name)}
    environment = {**for_uv(trip.environment), **job, "NETRC": os.devnull, "UV_CREDENTIALS_DIR": os.fspath(nowhere)}
    environment.pop("UV_KEYRING_PROVIDER", None)
    ended = run(
        Command(argv=tuple(argv), cwd=journal.store.folder, environment=environment, timeout=_LONGEST), trip.cancel
    )
    if ended.code is None and not ended.cancelled:
        raise UnknownError(f"uv could not be started: {ended.error}")
    return answered(None if ended.timed_out else ended.code, redacted(ended.output, trip.environment))


def _stranger(trip: Trip, journal: Journal, answer: Answer) -> RefusedError:
    token = identity.token("lockgate", trip.environment)
    claims = read_claims(token) if token else None
    remedy = explained(answer.text, answer.status, trip.form, claims, trip.environment, clock.now())
    journal.note("upload", "fail", f"{remedy.name}: {remedy.message}")
    return RefusedError(remedy.message, remedy.hint)
