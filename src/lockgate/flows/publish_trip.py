"""What upload, verify and resume share: the way to the index, the report, and the alert when something is wrong."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from lockgate.flows import told
from lockgate.flows.publishing import Desk, Wishes, again, desk, tell, without_password
from lockgate.flows.rehearsal import reached
from lockgate.model.duration import parse_duration
from lockgate.model.errors import LockgateError, RefusedError, UsageError
from lockgate.model.project import Project
from lockgate.model.release import Command, Ledger, PublishReport
from lockgate.model.verdict import Verdict
from lockgate.ports import actions, clock, git, github
from lockgate.ports.console import Console
from lockgate.ports.family import Adoption
from lockgate.ports.interpreters import Finder
from lockgate.ports.process import Cancel
from lockgate.ports.signals import Signals
from lockgate.ports.state import open_state
from lockgate.ports.uv import find_uv
from lockgate.publish.identity import Form
from lockgate.publish.journal import BurnedError, Journal
from lockgate.publish.ledger import refuse_other
from lockgate.publish.trip import Trip
from lockgate.publish.verify import Proofs
from lockgate.report.github import data, property_
from lockgate.workflows.files import PATHS

WORKFLOW = Path(PATHS["publish"]).name
_PATIENCE = 600.0  # seconds that an index may lag
_AFTER_A_FAILURE = 60.0  # when the job that publishes failed, what is not there is seldom late
Work = Callable[[Desk, Trip, Journal], str | None]


def travel(wishes: Wishes, console: Console, command: Command, work: Work) -> int:
    """Do `work` with everything that it needs, and tell how it ended; returns the exit code.

    `work` returns what is worth saying of a success.

    Raises:
        UsageError: The command line is wrong, or there is no release to work on.
    """
    begun, cancel = clock.monotonic(), Cancel()
    error: LockgateError | None = None
    said: str | None = None
    with Signals(cancel.set), Adoption(), desk(wishes, console) as at:
        journal = Journal(at.store, _begun(at), dry_run=wishes.dry_run)
        try:
            if journal.ledger.state == "burned":
                raise BurnedError(
                    f"{journal.ledger.project} {journal.ledger.version} is burned: {journal.ledger.reason}"
                )
            with _way(at, cancel, console) as trip:
                said = work(at, trip, journal)
        except UsageError:
            raise
        except LockgateError as caught:
            error = caught
        folder, ledger = str(at.store.folder), at.needed() if wishes.dry_run else journal.ledger
    report = PublishReport(
        verdict=_verdict(error),
        seconds=clock.monotonic() - begun,
        command=command,
        dry_run=wishes.dry_run,
        folder=folder,
        ledger=ledger,
        reason=error.message if error else None,
        next=again(wishes, ledger),
    )
    tell(report, wishes, console)
    if said and not console.quiet:
        console.say(f"lockgate: {said}")
    if error is None:
        return 0
    _alert(error, command, ledger, console)
    return error.exit_code


def _verdict(error: LockgateError | None) -> Verdict:
    return "pass" if error is None else "fail" if error.exit_code in {1, 4} else "unknown"


def _begun(at: Desk) -> Ledger:
    ledger = at.needed()
    if at.project is not None and not actions.is_here():  # a resumed run continues another commit's files there
        refuse_other(
            ledger, project=ledger.project, version=ledger.version, commit=git.head(at.project.root) or ledger.commit
        )
    if ledger.state == "planned":
        raise UsageError(
            f"{ledger.project} {ledger.version} is not built yet", f"lockgate publish build {ledger.version}"
        )
    return ledger


@contextlib.contextmanager
def _way(at: Desk, cancel: Cancel, console: Console) -> Iterator[Trip]:
    ledger, environment = at.needed(), dict(os.environ)
    form = form_of(at.project, ledger.project, environment)

    def say(text: str) -> None:
        if not console.quiet:
            console.say(f"lockgate: {text}")

    upload = environment.get("UV_PUBLISH_URL")
    with reached(ledger.index, at.store.folder, form, upload and without_password(upload)) as (place, more):
        yield Trip(
            place=place,
            uv=find_uv(environment),
            environment={**environment, **more},
            outside=environment,
            form=msgspec.structs.replace(form, page=place.publishing(ledger.project)),
            cancel=cancel,
            say=say,
        )


def form_of(project: Project | None, name: str, environment: Mapping[str, str]) -> Form:
    """The trusted publisher that the index should know."""
    repository = None
    with contextlib.suppress(RefusedError):
        repository = github.place(git.remote_url(project.root) if project else None, environment).repository
    where = project.config.publish.environment if project else environment.get("PYPI_ENVIRONMENT", "")
    return Form(project=name, page="", repository=repository, workflow=WORKFLOW, environment=where)


def proofs(at: Desk, wishes: Wishes, journal: Journal, console: Console) -> Proofs:
    """What `verify` has to show here.

    Raises:
        UsageError: `--wait` is no duration, or the package is not here.
    """
    if at.project is None:
        raise UsageError("verify needs the package, to know its Pythons", "run it in its folder: -C DIR")
    patience = _PATIENCE
    if wishes.wait is not None:
        try:
            patience = parse_duration(wishes.wait)
        except ValueError as error:
            raise UsageError(f"--wait: {error}") from None
    needs = actions.results(os.environ)
    failed = {name: result for name, result in needs.items() if result != "success"}
    if failed:
        ended = ", ".join(f"{name} ended {how}" for name, how in failed.items())
        console.say(f"lockgate: {ended}; the index tells what is there")
        patience = min(patience, _AFTER_A_FAILURE)
    if journal.ledger.state == "built" and not actions.is_here():
        patience = 0.0  # nobody has sent anything yet
    finder = Finder(open_state(at.project.root) / "cache" / "interpreters.json")
    ends = dict.fromkeys((at.project.pythons[0], at.project.pythons[-1]))
    found = {minor: finder.find(minor) for minor in ends}
    pythons = {minor: one.path if one else minor for minor, one in found.items()}
    by_us = any(step.name == "uploading" for step in journal.ledger.steps)
    return Proofs(pythons=pythons, attested=actions.is_here() and not by_us, patience=patience)


def _alert(error: LockgateError, command: str, ledger: Ledger, console: Console) -> None:
    """The hint; on GitHub also an annotation and the job's summary, for a burned release above all."""
    if error.hint:
        console.say(f"  → {error.hint}")
    if actions.is_here():
        title = (
            f"{ledger.project} {ledger.version} is burned" if isinstance(error, BurnedError) else f"publish {command}"
        )
        text = "\n".join(part for part in (error.message, error.hint) if part)
        console.say(f"::error title={property_(title)}::{data(text)}")
        told.append_summary(f"### {title}\n\n{error.message}\n\n{error.hint or ''}\n", console)
