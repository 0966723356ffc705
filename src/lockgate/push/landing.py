"""Commits onto the branch: looked at, replayed and swapped in directly; after a lost race by way of the queue."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Sequence

import msgspec

from lockgate.model.duration import human
from lockgate.model.errors import LockgateError, RefusedError, UnknownError
from lockgate.ports import clock
from lockgate.ports.remote import Outcome, Pushed, Remote, Update, next_step
from lockgate.ports.repository import Repository
from lockgate.push.local import Outstanding, Wanted, outstanding
from lockgate.push.queue import Entry, Place, Seen, seen
from lockgate.push.replay import Replay, Replayed

_SAME_TIP = 6  # pushes in a row that lose although nobody moves the branch
_UNCLEAR = 5  # pushes in a row of which nobody says what became
_NEAR = 16  # commits that are looked through one by one, before git is asked
_LONGEST = 30.0  # seconds between two tries


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take, in seconds.

    Attributes:
        wait: All of it.
        lease: A leader that has not landed anything for so long is taken for dead.
        age: A queue entry older than this is given up.
        is_direct: Whether a push tries alone first.
    """

    wait: float
    lease: float
    age: float
    is_direct: bool


class Landed(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a landing; `before` is the tip that it was laid onto."""

    before: str | None
    after: str
    replayed: Replayed
    first: Outstanding


class Lost:
    """Pushes that did not land: how often nothing came of it, and how long to pause."""

    def __init__(self) -> None:
        self._tip: str | None = None
        self._count = self._tries = 0

    def is_hopeless(self, outcome: Outcome, tip: str | None) -> bool:
        """Whether this goes on although nobody else moves the branch."""
        self._count = self._count + 1 if tip == self._tip else 1
        self._tip = tip
        return self._count >= (_UNCLEAR if outcome == "unclear" else _SAME_TIP)

    def pause(self) -> float:
        """Seconds until the next try: full jitter, longer each time."""
        self._tries += 1
        return random.uniform(0, min(_LONGEST, 0.25 * 2**self._tries))  # noqa: S311  (no secret)


class Lander:
    """Lands commits on one branch of one remote.

    Args:
        hook: Asks the user's pre-push hook about (old tip, new tip); raises when it says no.
        say: Shows progress.

    Attributes:
        collected: Entries of the queue that were given up, with the reason.
        carried: Entries of other pushers that were landed.
        complete: Commits that are here with all that is below them: references stand at them, or they were made here.
    """

    def __init__(
        self,
        repository: Repository,
        remote: Remote,
        replay: Replay,
        place: Place,
        terms: Terms,
        hook: Callable[[str | None, str], None],
        say: Callable[[str], None],
    ) -> None:
        self.repository, self.remote, self.replay = repository, remote, replay
        self.place, self.terms, self.say = place, terms, say
        self._hook = hook
        self._deadline = clock.monotonic() + terms.wait
        self._last: str | None = None
        self.complete: set[str] = set()
        self._todo: dict[tuple[Wanted, str | None], Outstanding] = {}
        self._plans: dict[tuple[Wanted, str | None], Replayed] = {}
        self.takes_queue = True
        self.hook_asked = False
        self.collected: list[str] = []
        self.carried: list[str] = []

    def look(self) -> Seen:
        """The branch, the lease and the queue as they are now."""
        return seen(self.place, self.remote.look(*self.place.patterns))

    def bring(self, state: Seen) -> Seen:
        """The state with its tip's objects here (the branch may have moved on meanwhile).

        Raises:
            RefusedError: The branch is no longer a continuation of what it was.
            UnknownError: The remote shows a tip that it does not give.
        """
        for _ in range(_UNCLEAR):
            if state.tip is None or self.has(state.tip):
                break
            self.fetch([self.place.branch], [state.tip])
            state = state if self.has(state.tip) else self.look()
        else:
            raise UnknownError(f"{self.remote.shown} shows a tip of {self.place.name} that cannot be fetched")
        if self._last is not None and (state.tip is None or not self._descends(state.tip, self._last)):
            what = "deleted" if state.tip is None else "rewound"
            hint = f"look at it (git fetch {self.remote.shown}), then run it again"
            raise RefusedError(f"the branch {self.place.name} was {what} on {self.remote.shown} meanwhile", hint)
        self._last = state.tip
        return state

    def _descends(self, new: str, old: str) -> bool:
        at = [new]
        with contextlib.suppress(KeyError):
            for _ in range(_NEAR):
                if at == [old]:
                    return True
                if len(at) != 1:
                    break
                at = self.replay.commit(at[0]).parents
        return self.repository.git("merge-base", "--is-ancestor", old, new, codes=(0, 1)).code == 0

    def has(self, oid: str) -> bool:
        """Whether the commit and all below it are here: a fetch that was killed leaves commits without their files."""
        return oid in self.complete

    def fetch(self, refs: Sequence[str], oids: Sequence[str]) -> bool:
        """Bring references and what was seen behind them; False when one of them is gone."""
        if refs and not self.remote.fetch(*refs):
            return False
        self.complete |= {oid for oid in oids if self.repository.has(oid)}
        return True

    def plan(self, wanted: Wanted, tip: str | None) -> tuple[Outstanding, Replayed]:
        """What is outstanding, and that laid onto the tip in memory; the tip itself when there is nothing to do.

        Raises:
            ConflictsError: It does not go.
        """
        key = wanted, tip
        todo = self.outstanding(*key)
        if key not in self._plans:
            laid = Replayed(wanted.head, self.replay.as_they_are(todo.own)) if tip is None else None
            self._plans[key] = laid or self.replay.onto(tip, todo.own)
        return todo, self._plans[key]

    def outstanding(self, wanted: Wanted, tip: str | None) -> Outstanding:
        """What of it the branch lacks with that tip.

        Raises:
            RefusedError: It cannot be laid onto that tip one after another.
        """
        key = wanted, tip
        if key not in self._todo:
            self._todo[key] = outstanding(self.repository, self.replay, wanted, tip)
        return self._todo[key]

    def land(self, wanted: Wanted, state: Seen) -> Landed:
        """Land it.

        Raises:
            ConflictsError: It does not go onto what the branch has.
            RefusedError: The remote, or the user's hook, says no.
            UnknownError: The remote cannot be reached, or the time is up.
        """
        lost = Lost()
        before = state.tip
        self.complete.add(wanted.head)
        while True:
            state = self.bring(state)
            todo, replayed = self.plan(wanted, state.tip)
            if replayed.tip == state.tip:
                return Landed(before=before, after=replayed.tip, replayed=replayed, first=todo)
            outcome: Outcome = "race"
            is_free = state.lease is None and self.terms.is_direct
            # A branch that is not there has nobody to wait for, whatever is left of a lease.
            is_direct = is_free or state.tip is None or not self.takes_queue
            if is_direct:
                pushed = self._swap(state, replayed.tip)
                outcome = pushed.outcomes[self.place.branch]
                if outcome == "done":
                    return Landed(before=state.tip, after=replayed.tip, replayed=replayed, first=todo)
                if outcome == "refused" or lost.is_hopeless(outcome, state.tip):
                    raise self.refused(pushed, outcome)
                self.check_time()
            elif not self.hook_asked:
                self.make_real(state.tip, replayed.tip)
            landed = self._queued(wanted, state, todo) if outcome == "race" else None
            if landed is not None:
                return landed
            if is_direct and (not self.takes_queue or outcome == "unclear"):
                pause = lost.pause()
                what = "another push was first" if outcome == "race" else "the answer to the push was lost"
                self.say(f"{what}; the next try is in {human(pause)}")
                time.sleep(pause)
            state = self.look()

    def _queued(self, wanted: Wanted, state: Seen, todo: Outstanding) -> Landed | None:
        from lockgate.push.waiting import Waiting

        return Waiting(self, wanted).land(state, todo) if self.takes_queue else None

    def _swap(self, state: Seen, new: str) -> Pushed:
        """Push the branch from exactly the tip that was seen; entries of the queue that are done with go with it."""
        self.make_real(state.tip, new)
        gone = self.aged(state.entries)
        mine = [one for one in self.mine(state.entries) if one not in gone]
        pushed = self.remote.push([Update(self.place.branch, state.tip, new), *mine, *gone], atomic=False)
        self.note_collected(gone, pushed)
        return pushed

    def make_real(self, tip: str | None, new: str) -> None:
        """What is to be pushed: stored, certain to take nothing away, and allowed by the user's hook."""
        self.repository.flush()
        assert tip is None or self._descends(new, tip)  # noqa: S101  (or commits of others would be taken away)
        self.complete.add(new)
        self.hook_asked = True
        self._hook(tip, new)

    def mine(self, entries: Sequence[Entry]) -> list[Update]:
        """The removal of what an earlier run in this clone has left in the queue: it may want something else now."""
        return [Update(entry.ref, entry.oid, None) for entry in entries if entry.clone == self.place.clone]

    def aged(self, entries: Sequence[Entry]) -> list[Update]:
        """The removal of entries that nobody waits for any more."""
        old = clock.now() - self.terms.age
        return [Update(entry.ref, entry.oid, None) for entry in entries if entry.since < old]

    def note_collected(self, gone: Sequence[Update], pushed: Pushed) -> None:
        """Say what was given up: never silently."""
        for update in gone:
            if pushed.outcomes[update.ref] == "done":
                what = f"{update.ref} ({(update.old or '')[:12]}): older than {human(self.terms.age)}, not landed"
                self.collected.append(what)
                self.say(f"collected {what}")

    def check_time(self) -> None:
        """Whether to go on.

        Raises:
            UnknownError: The time is up.
        """
        if clock.monotonic() > self._deadline:
            raise UnknownError(
                f"others were faster for {human(self.terms.wait)}: nothing of this has landed yet",
                "run it again, or give it longer: --wait 30m",
            )

    def refused(self, pushed: Pushed, outcome: Outcome = "refused") -> LockgateError:
        """The error that a refused push is, or one of which nobody says what became."""
        if outcome == "unclear":
            return UnknownError(f"{self.remote.shown}: {pushed.said}", "nothing is half-way: run it again")
        message = f"{self.remote.shown} refused the push to {self.place.name}: {pushed.said}"
        return RefusedError(message, next_step(pushed.said))
