"""`lockgate publish resume`: whatever is left of a release, in order; from nothing it is the whole release."""

from __future__ import annotations

from collections.abc import Callable

from packaging.version import Version

from lockgate.flows import publish_build, publish_plan
from lockgate.flows.publish_trip import proofs, travel
from lockgate.flows.publish_upload import sent
from lockgate.flows.publishing import Desk, Wishes, desk
from lockgate.flows.rehearsal import NAME
from lockgate.model.errors import UnknownError
from lockgate.ports import git, github, history
from lockgate.ports.console import Console
from lockgate.publish import upload as sending
from lockgate.publish import verify as looking
from lockgate.publish.announce import Announcement, HalfWayError, announce
from lockgate.publish.changelog import NAMES, section
from lockgate.publish.journal import Journal, refuse_changed
from lockgate.publish.trip import Trip

_LIMIT = 120.0  # seconds for one exchange: a file's bytes are one


def resume(wishes: Wishes, console: Console) -> int:
    """Do what is left: plan, build, upload, verify, tag and GitHub release; returns the exit code.

    Raises:
        LockgateError: See its subclasses.
    """
    with desk(wishes, console) as at:
        begun = at.ledger is not None and at.ledger.state != "planned"
    for step in () if begun else (publish_plan.plan, publish_build.build):
        # With --format json there is one document for all of it: that of the step that ends it.
        code = step(wishes, console) if wishes.format_ == "text" else _quietly(step, wishes, console)
        if code != 0:
            return code

    def work(at: Desk, trip: Trip, journal: Journal) -> str | None:
        if journal.ledger.state == "released":
            return "nothing is left to do"
        if journal.ledger.state != "verified" and sending.settle(trip, journal).missing:
            said = sent(trip, journal, dry_run=wishes.dry_run)
            if wishes.dry_run:
                return said
            trip.say(said)
        if journal.ledger.state != "verified":
            looking.verify(trip, journal, proofs(at, wishes, journal, console))
        return _announced(at, trip, journal, dry_run=wishes.dry_run)

    return travel(wishes, console, "resume", work)


def _quietly(step: Callable[[Wishes, Console], int], wishes: Wishes, console: Console) -> int:
    """Run a step; only one that does not pass prints its document."""
    kept = _Kept(no_color=console.no_color, quiet=console.quiet)
    code = step(wishes, kept)
    if code != 0:
        console.document("".join(kept.texts))
    return code


class _Kept(Console):
    """Keeps documents instead of printing them."""

    def __init__(self, *, no_color: bool, quiet: bool) -> None:
        super().__init__(no_color=no_color, quiet=quiet)
        self.texts: list[str] = []

    def document(self, text: str) -> None:
        """Kept."""
        self.texts.append(text)


def _announced(at: Desk, trip: Trip, journal: Journal, *, dry_run: bool) -> str:
    """Tag and GitHub release, last of all."""
    ledger = journal.ledger
    if dry_run:
        return f"would make the tag {ledger.tag} and the GitHub release"
    if ledger.index == NAME:
        journal.move("released", "a rehearsal: no tag and no GitHub release")
        return "rehearsed: on the embedded index everything is as it would be; no tag and no GitHub release was made"
    root = at.project.root if at.project else at.store.folder
    where = github.place(git.remote_url(root))
    token, _ = github.token()
    if token is None:
        raise UnknownError(
            "the tag and the GitHub release need a token", "GH_TOKEN=… or `gh auth login`; everything else is done"
        )
    what = Announcement(
        repository=where.repository,
        tag=ledger.tag,
        commit=ledger.commit,
        title=f"{at.project.name if at.project else ledger.project} {ledger.version}",
        notes=_notes(at),
        prerelease=Version(ledger.version).is_prerelease,
        files=(*sorted(at.store.dist.iterdir()), at.store.sbom),
    )
    refuse_changed(journal)
    try:
        page, did = announce(github.GitHub(where.api, token, limit=_LIMIT), what, trip.go_on)
    except HalfWayError as error:
        journal.note("release", "fail", error.message)
        raise
    journal.move("released", f"{page}: {', '.join(did) or 'it was there already'}")
    return f"released: {page}"


def _notes(at: Desk) -> str:
    """What the changelog of the released commit says of this version."""
    ledger = at.needed()
    if at.project is None:
        return ""
    for name in NAMES:
        text = history.content(at.project.root, f"{ledger.commit}:./{name}")
        if text is not None:
            return section(text.decode(errors="replace"), ledger.version, at.project.name) or ""
    return ""
