"""One push from folder to report."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from lockgate.model.config import PushConfig
from lockgate.model.duration import parse_duration
from lockgate.model.errors import LockgateError, RefusedError, UnknownError
from lockgate.model.push import PushReport, Resolution
from lockgate.ports import clock
from lockgate.ports.credentials import for_git, redacted
from lockgate.ports.files import locked, write_atomic
from lockgate.ports.remote import Remote
from lockgate.ports.repository import GitError, Repository
from lockgate.push import local
from lockgate.push.changes import ConflictsError
from lockgate.push.landing import Landed, Lander, Terms
from lockgate.push.local import Wanted
from lockgate.push.queue import Place, Seen
from lockgate.push.replay import RESOLVED, Replay
from lockgate.push.stamps import Stamps
from lockgate.push.target import find

if TYPE_CHECKING:
    from lockgate.push.files import Journal


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says.

    Attributes:
        folder: Any folder of the clone.
        source: Folder whose files are committed, with `message`; None lands the current branch's own commits.
    """

    folder: Path = Path()
    branch: str | None = None
    remote: str | None = None
    message: str | None = None
    source: Path | None = None
    dry_run: bool = False
    config: PushConfig = PushConfig()


class Refusal(msgspec.Struct, frozen=True):
    """How a push ended without landing: the report, and the error that says the rest."""

    report: PushReport
    error: LockgateError


def push(request: Request, say: Callable[[str], None]) -> PushReport | Refusal:
    """Land it, or show what would land.

    Raises:
        UsageError: The command line or the clone is not fit for it.
    """
    begun = clock.monotonic()
    try:
        with _scratch(wanted=request.dry_run) as scratch, Repository(request.folder, for_git(), scratch) as repository:
            report, failed = _ended(_Run(request, repository, say))
    except GitError as error:
        raise UnknownError(redacted(str(error)), "git fsck tells whether the clone is sound") from None
    except OSError as error:
        raise UnknownError(f"{error.filename or request.folder}: {error.strerror or error}") from None
    report = msgspec.structs.replace(report, seconds=round(clock.monotonic() - begun, 3))
    return report if failed is None else Refusal(report, failed)


def _ended(run: _Run) -> tuple[PushReport, LockgateError | None]:
    """The report of the run, and the error that it ended with."""
    try:
        return run.go(), None
    except ConflictsError as error:
        many = f"{len(error.conflicts)} conflict{'s' if len(error.conflicts) > 1 else ''}"
        report = run.report("fail", reason=many, conflicts=error.conflicts)
        return report, RefusedError(f"{many} with what {run.shown} has", run.way_out)
    except RefusedError as error:
        return run.report("fail", reason=error.message), error
    except UnknownError as error:
        return run.report("unknown", reason=error.message), error


@contextlib.contextmanager
def _scratch(*, wanted: bool) -> Iterator[Path | None]:
    """A place for objects that shall not get into the clone."""
    if not wanted:
        yield None
        return
    import tempfile  # 10 ms

    with tempfile.TemporaryDirectory(prefix="lockgate-") as folder:
        yield Path(folder)


class _Run:
    def __init__(self, request: Request, repository: Repository, say: Callable[[str], None]) -> None:
        self._request, self._repository, self._say = request, repository, say
        config = request.config
        self._replay = Replay(repository, Stamps(config.stamps))
        self._target = target = find(repository, request.remote, request.branch, needs_branch=request.source is None)
        self.shown = f"{redacted(target.remote)}/{target.branch}"
        self.way_out = "resolve them on top of the branch (git pull --rebase), then run it again; nothing has changed"
        if request.source is not None:
            self.way_out = "make the files again from the branch as it is now; nothing has changed"
        self._remote = Remote(repository, target.remote, target.settings, say, is_paced=target.is_github)
        terms = Terms(
            wait=parse_duration(config.wait),
            lease=parse_duration(config.lease),
            age=parse_duration(config.queue_age),
            is_direct=config.first == "direct",
        )
        place = Place(target.branch, "" if request.dry_run else _clone_id(repository))
        self._lander = Lander(repository, self._remote, self._replay, place, terms, self._hook, say)
        self._decided: list[Resolution] = []
        self._notes: list[str] = []

    def go(self) -> PushReport:
        with contextlib.nullcontext() if self._request.dry_run else self._turn():
            return self._files() if self._request.source is not None else self._commits()

    def _commits(self) -> PushReport:
        """The current branch's own commits."""
        target = self._target
        head, remembered = local.heads(self._repository, target.tracking)
        self._lander.complete |= {head, remembered or head}
        state = self._lander.bring(self._lander.look())
        if state.tip is None and (remembered or self._request.branch is None):
            hint = f"git push {redacted(target.remote)} HEAD:{target.branch} creates it again"
            raise RefusedError(f"{self.shown} is gone", hint)
        wanted = Wanted(head)
        if state.tip is not None and target.tracking is not None and remembered is not None:
            own = self._lander.outstanding(wanted, state.tip).own
            taken = local.rewound(self._repository, head, target.tracking, remembered, own)
            if taken is not None:
                hint = "git pull --rebase leaves them out; git cherry-pick takes back those you want"
                raise RefusedError(
                    f"{self.shown} was rewound: {taken[:12]}, on which this is built, is no longer there", hint
                )
        landed = self._land(wanted, state)
        if not self._request.dry_run:
            reason = local.move(self._repository, self._replay, head, landed.after, target.tracking)
            if reason is not None:
                self._notes.append(
                    f"it has landed, but this branch stays where it is: {reason}"
                    " (commit or stash that, then run it again: nothing lands twice)"
                )
        return self._told(landed)

    def _files(self) -> PushReport:
        """A folder's files as one commit."""
        from lockgate.push.files import Journal, commit_files  # needed for this form only

        request, target = self._request, self._target
        assert request.source is not None and request.message is not None  # noqa: S101, PT018  (the caller has seen to it)
        journal = Journal(self._repository, target.settings["url"], target.branch, request.message, request.source)
        if target.tracking is not None:
            self._lander.complete.add(self._repository.resolve(target.tracking) or "")
        state = self._lander.bring(self._lander.look())
        made = None if request.dry_run else journal.recall()
        # A commit that was made on a branch that is gone would bring that back.
        is_fit = (
            made is not None
            and self._repository.has(made)
            and (state.tip is not None or not self._replay.commit(made).parents)
        )
        if made is not None and is_fit:
            with contextlib.suppress(ConflictsError):
                return self._landed_files(Wanted(made, is_single=True), state, journal)
        made, self._decided = commit_files(self._repository, self._replay, request.source, state.tip, request.message)
        if made is None:
            return self.report("pass", before=state.tip, after=state.tip)
        if not request.dry_run:
            self._repository.flush()
            journal.note(made)
        return self._landed_files(Wanted(made, is_single=True), state, journal)

    def _landed_files(self, wanted: Wanted, state: Seen, journal: Journal) -> PushReport:
        landed = self._land(wanted, state)
        if not self._request.dry_run:
            local.track(self._repository, self._target.tracking, landed.after)
            journal.close()
        return self._told(landed)

    def _land(self, wanted: Wanted, state: Seen) -> Landed:
        if not self._request.dry_run:
            return self._lander.land(wanted, state)
        self._repository.flush()
        todo, replayed = self._lander.plan(wanted, state.tip)
        return Landed(before=state.tip, after=replayed.tip, replayed=replayed, first=todo)

    def _told(self, landed: Landed) -> PushReport:
        dropped = sum(one.signature_dropped for one in landed.replayed.landings)
        if dropped:
            self._notes.append(
                f"{dropped} signature{'s' if dropped > 1 else ''} dropped: replayed commits are not signed"
            )
        self._decided += landed.replayed.resolutions
        known = {one.words() for one in self._decided}
        for one in landed.replayed.landings:
            # What the leader of the queue decided stands in the commits that it made.
            decided = self._replay.commit(one.commit).trailers(RESOLVED) if one.commit else []
            self._notes += [f"resolved on the way: {text}" for text in decided if text not in known]
        commits = (*landed.first.already, *landed.replayed.landings)
        return self.report("pass", before=landed.before, after=landed.after, commits=commits,
                           landed=not self._request.dry_run)  # fmt: skip

    def report(self, verdict: str, **more: object) -> PushReport:
        """The report with what is known so far."""
        known = PushReport(
            verdict="pass",
            dry_run=self._request.dry_run,
            remote=redacted(self._target.remote),
            branch=self._target.branch,
            resolutions=tuple(self._decided),
            carried=tuple(self._lander.carried),
            collected=tuple(self._lander.collected),
            pushes=self._remote.pushes,
            notes=tuple(self._notes),
        )
        return msgspec.structs.replace(known, verdict=verdict, **more)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One push at a time to one branch from one clone; whoever is killed gives way at once."""
        told = False

        def waiting() -> bool:
            nonlocal told
            if not told:
                self._say("waiting for another lockgate push in this clone")
            told = True
            return True

        path = self._repository.common_dir / "lockgate" / "push" / f"{quote(self._target.branch, safe='')}.turn"
        with locked(path, shared=False, waiting=waiting):
            yield

    def _hook(self, old: str | None, new: str) -> None:
        """Ask the user's pre-push hook, as git would: once for each push of the branch, about exactly that push."""
        target = self._target
        path = str(self._repository.pre_push)
        if not os.access(path, os.X_OK):
            return
        line = f"HEAD {new} refs/heads/{target.branch} {old or '0' * len(new)}\n"
        try:
            self._repository.run((path, target.remote, target.settings["url"]), given=line.encode(),
                                 folder=self._repository.top)  # fmt: skip
        except GitError as error:
            said = redacted(error.said)
            raise RefusedError(f"the pre-push hook says no: {said}", "mend what it says, then run it again") from None


def _clone_id(repository: Repository) -> str:
    """What tells this clone from all others; made when it is first asked for."""
    path = repository.common_dir / "lockgate" / "clone"
    with contextlib.suppress(OSError):
        known = path.read_text(encoding="ascii", errors="replace").strip()
        if known.isalnum():
            return known
    made = os.urandom(6).hex()
    write_atomic(path, made.encode())
    return made
