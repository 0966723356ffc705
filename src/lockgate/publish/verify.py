"""Looks at a release as a user does: from the index, with a real resolver, in fresh environments."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from lockgate.model.duration import human
from lockgate.model.errors import LockgateError, UnknownError
from lockgate.ports import clock
from lockgate.ports.http import exchange
from lockgate.ports.installer import explain
from lockgate.ports.process import Command, Finished, run
from lockgate.ports.surroundings import for_uv
from lockgate.publish.attestation import unproved
from lockgate.publish.contents import members
from lockgate.publish.journal import Journal
from lockgate.publish.trial import fitting, modules
from lockgate.publish.trip import Trip, fetched, listed
from lockgate.publish.upload import settle

_OK, _NOT_FOUND = 200, 404
_LONGEST_PAUSE = 30.0  # seconds
_INSTALL = 600.0  # seconds
_RESOLVER_LAG = (5.0, 15.0)  # seconds before the resolver is asked again: another of the index's servers may answer it
# What would let uv look elsewhere, or not see what is new.
_ELSEWHERE = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA",
    "UV_FIND",
    "UV_NO_INDEX",
    "UV_OFFLINE",
    "UV_EXCLUDE",
    "UV_CONFIG",
)


class BrokenReleaseError(LockgateError):
    """What the index has is not the release (exit 1)."""


class Proofs(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be shown.

    Attributes:
        pythons: Of the fresh installs: by `X.Y` the interpreter, or the same again for uv to find it.
        attested: Every file must name its publisher; otherwise it only must not name another.
        patience: Seconds that the index may lag.
    """

    pythons: dict[str, str]
    attested: bool
    patience: float


def verify(trip: Trip, journal: Journal, proofs: Proofs) -> None:
    """Prove the release from the index, and let the ledger say so.

    Raises:
        BrokenReleaseError: A file is missing, different, attested by somebody else, or does not install.
        BurnedError: It cannot be completed.
        UnknownError: The index lags or does not answer, or something to look with is missing.
    """
    try:
        _await_whole(trip, journal, proofs.patience)
        if journal.ledger.state in {"built", "uploading"}:
            journal.move("uploaded", "the index shows every file")
        _compare_bytes(trip, journal)
        _read_attestations(trip, journal, required=proofs.attested)
        for minor, python in proofs.pythons.items():
            _install(trip, journal, minor, python)
    except (BrokenReleaseError, UnknownError) as error:
        journal.note("verify", "unknown" if isinstance(error, UnknownError) else "fail", error.message)
        raise
    for file in journal.ledger.files:
        journal.file(file.name, "verified", "the index hands out these bytes")
    if journal.ledger.state == "uploaded":
        journal.move("verified")


def _await_whole(trip: Trip, journal: Journal, patience: float) -> None:
    """Wait until installers see every file; tell an index that lags from a release that is not whole."""
    begun, pause = clock.monotonic(), 1.0
    while True:
        trip.go_on()
        missing = [one.name for one in settle(trip, journal).missing]
        names = [one.name for one in journal.ledger.files]
        simple, _ = listed(trip, journal.ledger)
        behind = [name for name in names if name not in simple and name not in missing]
        if not missing and not behind:
            journal.note("index", "pass", f"{len(names)} files, found in {human(clock.monotonic() - begun)}")
            return
        waited = clock.monotonic() - begun
        if waited + pause > patience:
            break
        trip.say(f"the index shows {len(names) - len(missing) - len(behind)} of {len(names)} files; looked for "
                 f"{human(waited)} of at most {human(patience)}")  # fmt: skip
        trip.wait(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    again = f"lockgate publish resume {journal.ledger.version}"
    if missing:
        raise BrokenReleaseError(f"not on the index after {human(waited)}: {', '.join(missing)}", f"send them: {again}")
    raise UnknownError(f"the index lags: it has {', '.join(behind)}, but does not list them for installers yet", again)


def _compare_bytes(trip: Trip, journal: Journal) -> None:
    simple, _ = listed(trip, journal.ledger)
    for file in journal.ledger.files:
        trip.go_on()
        trip.say(f"fetching {file.name}")
        if hashlib.sha256(fetched(trip, simple[file.name])).hexdigest() != file.sha256:
            raise BrokenReleaseError(
                f"{trip.place.address} hands out other bytes than it lists under {file.name}",
                "tell the index's people; nobody can install this file",
            )
    journal.note("bytes", "pass", f"{len(journal.ledger.files)} files hash as the ledger says")


def _read_attestations(trip: Trip, journal: Journal, *, required: bool) -> None:
    ledger = journal.ledger
    without = []
    for file in ledger.files:
        address = trip.place.provenance(ledger.project, ledger.version, file.name)
        try:
            answer = exchange("GET", address)
        except OSError as error:
            raise UnknownError(f"{trip.place.address} does not say who attests {file.name}: {error}") from error
        if answer.status == _NOT_FOUND:
            without.append(file.name)
            continue
        if answer.status != _OK:
            raise UnknownError(f"{address}: HTTP status {answer.status}", "run it again later")
        if trip.form.repository is None:
            what = "it cannot be told which GitHub repository this is, and so whom the attestations have to name"
            raise UnknownError(what, "name it: GITHUB_REPOSITORY=owner/name")
        wrong = unproved(answer.body, file, trip.form)
        if wrong is not None:
            raise BrokenReleaseError(wrong, "find out who published it, and yank it if it was not you")
    if without and required:
        raise BrokenReleaseError(
            f"without attestation: {', '.join(without)}", "see that the step that publishes has `attestations: true`"
        )
    said = f"none ({len(without)} files: not published by a workflow)" if without else "name this workflow"
    journal.note("attestations", "pass", f"{said}; signatures were left to the index")


def _install(trip: Trip, journal: Journal, minor: str, python: str) -> None:
    """Resolve and install the release in a fresh environment, by hash, and import it."""
    ledger = journal.ledger
    named = f"{ledger.project}=={ledger.version}"
    trip.say(f"installing {named} on Python {minor}")
    with tempfile.TemporaryDirectory(prefix="lockgate-verify-") as name:
        folder = Path(name)
        wanted = folder / "wanted.txt"
        wanted.write_text(" ".join([named, *(f"--hash=sha256:{one.sha256}" for one in ledger.files)]) + "\n")
        _uv(trip, folder, "venv", "--python", python, "--no-project", "--no-config", "env")
        only = ("--default-index", trip.place.simple, "--no-deps", "--require-hashes", "--no-cache", "--refresh")
        install = ("pip", "install", "--python", "env")
        for pause in (*_RESOLVER_LAG, None):
            done = _run_uv(trip, folder, *install, "--no-config", *only, "-r", wanted.name)
            if done.code == 0 or pause is None or "no version" not in done.output:
                break
            trip.wait(pause)
        _refuse(done, named, minor)
        _refuse(_run_uv(trip, folder, *install, named, outside=True), f"what {named} needs", minor)
        wheels = sorted(journal.store.dist.glob("*.whl"))
        imports = sorted(modules(members(fitting(wheels, minor) or wheels[0]))) if wheels else []
        code = "; ".join(f"import {one}" for one in imports)
        argv = (os.fspath(folder / "env/bin/python"), "-I", "-c", code)
        environment = {"PATH": os.defpath, "HOME": name, "LC_ALL": "C.UTF-8"}
        done = run(Command(argv=argv, cwd=folder, environment=environment, timeout=_INSTALL), trip.cancel)
        trip.go_on()
        if done.code != 0:
            raise BrokenReleaseError(
                f"{named} is installed on Python {minor}, but: {_last(done)}", "release a mended one"
            )
    journal.note("install", "pass", f"Python {minor}: {', '.join(imports) or 'nothing to import'}")


def _uv(trip: Trip, folder: Path, *arguments: str) -> None:
    done = _run_uv(trip, folder, *arguments)
    if done.code != 0:
        raise UnknownError(f"uv {arguments[0]}: {_last(done)}")


def _run_uv(trip: Trip, folder: Path, *arguments: str, outside: bool = False) -> Finished:
    environment = for_uv(trip.outside if outside else trip.environment)
    if not outside:
        environment = {name: value for name, value in environment.items() if not name.startswith(_ELSEWHERE)}
    command = Command(argv=(os.fspath(trip.uv), *arguments), cwd=folder, environment=environment, timeout=_INSTALL)
    done = run(command, trip.cancel)
    trip.go_on()
    return done


def _refuse(done: Finished, what: str, python: str) -> None:
    if done.code == 0:
        return
    text = f"{what} does not install on Python {python}: {_last(done)}"
    if "hash mismatch" in done.output.lower() or explain(done, ["pip"]).status == "fail":
        raise BrokenReleaseError(text, "look at it as a user does: uv pip install")
    raise UnknownError(text, "run it again")


def _last(done: Finished) -> str:
    lines = [line.strip() for line in (done.output or done.error).splitlines() if line.strip()]
    return " ".join(lines[-3:]) if lines else f"exit {done.code}"
