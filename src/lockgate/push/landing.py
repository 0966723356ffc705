"""Commits onto the branch: looked at, replayed and swapped in directly; after a lost race by way of the queue."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Sequence

import msgspec
from msgspec import structs

from lockgate.model.duration import human
from lockgate.model.errors import LockgateError, RefusedError, UnknownError
from lockgate.ports import clock
from lockgate.ports.remote import Pushed, Remote, Update, next_step
from lockgate.ports.repository import Repository
from lockgate.push.changes import ConflictsError
from lockgate.push.local import Outstanding, Wanted, outstanding
from lockgate.push.queue import Entry, Place, Seen, new_entry, new_lease, seen
from lockgate.push.replay import Replay, Replayed

_SAME_TIP = 6  # refusals that look like lost races although nobody moves the branch
_UNCLEAR = 5  # failures in a row that say nothing
_LONGEST = 30.0  # seconds between two tries
_POLL = (0.4, 1.6)  # seconds; faster polling makes everybody slower
_GATHER = 0.3  # seconds without a new entry end a leader's gathering
_GATHER_LONGEST = 4.0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take, in seconds.

    Attributes:
        wait: All of it.
        lease: A leader that has not been heard of for so long is taken for dead.
        age: A queue entry older than this is given up.
    """

    wait: float
    lease: float
    age: float


class Landed(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a landing; `before` is the tip that it was laid onto."""

    before: str | None
    after: str
    replayed: Replayed
    already: Outstanding


class Lander:
    """Lands one `Wanted` on one branch of one remote.

    Args:
        hook: Asks the user's pre-push hook about (old tip, new tip); raises when it says no.
        say: Shows progress.

    Attributes:
        carried: Entries of other pushers that were landed.
        collected: Entries that were given up, with the reason.
    """

    def __init__(
        self,
        repository: Repository,
        remote: Remote,
        replay: Replay,
        branch: str,
        terms: Terms,
        hook: Callable[[str | None, str], None],
        say: Callable[[str], None],
    ) -> None:
        self._repository, self._remote, self._replay = repository, remote, replay
        self._place = Place(branch)
        self._terms, self._hook, self._say = terms, hook, say
        self._deadline = clock.monotonic() + terms.wait
        self._queue_refused = self._hook_asked = False
        self._last: str | None = None
        self._brought: set[str] = set()
        self._is_partial = any(key.endswith(".promisor") for key in repository.config())
        self.carried: list[str] = []
        self.collected: list[str] = []

    def look(self) -> Seen:
        """The branch, the lease and the queue as they are now."""
        return seen(self._place, self._remote.look(*self._place.patterns))

    def bring(self, state: Seen) -> Seen:
        """The state with its tip's objects here (the branch may have moved on meanwhile).

        Raises:
            RefusedError: The branch is no longer a continuation of what it was.
        """
        while state.tip is not None and not self._here(state.tip):
            self._fetch([self._place.branch], [state.tip])
            if not self._here(state.tip):
                state = self.look()
        if self._last is not None and state.tip != self._last:
            done = ("merge-base", "--is-ancestor", self._last, state.tip or "")
            if state.tip is None or self._repository.git(*done, codes=(0, 1)).code:
                what = "deleted" if state.tip is None else "rewound"
                hint = f"look at it (git fetch {self._remote.shown}), then run it again"
                raise RefusedError(f"the branch {self._place.name} was {what} on {self._remote.shown} meanwhile", hint)
        self._last = state.tip
        return state

    def _here(self, oid: str) -> bool:
        """Whether the commit and what is below it are here; a partial clone would fetch just the one object."""
        return oid in self._brought or (not self._is_partial and self._repository.has(oid))

    def _fetch(self, refs: Sequence[str], oids: Sequence[str]) -> bool:
        if refs and not self._remote.fetch(*refs):
            return False
        self._brought |= {oid for oid in oids if self._repository.has(oid)}
        return True

    def plan(self, wanted: Wanted, tip: str | None) -> tuple[Outstanding, Replayed]:
        """What is outstanding, laid onto the tip in memory.

        Raises:
            ConflictsError: It does not go.
        """
        todo = outstanding(self._repository, wanted, tip)
        if not todo.own and tip is not None:
            return todo, Replayed(tip)
        if tip is None:
            # A new branch: the commits as they are.
            return todo, Replayed(wanted.head, self._replay.as_they_are(todo.own))
        return todo, self._replay.onto(tip, todo.own)

    def land(self, wanted: Wanted, state: Seen) -> Landed:
        """Land it.

        Raises:
            ConflictsError: It does not go onto what the branch has.
            RefusedError: The remote, or the user's hook, says no.
            UnknownError: The remote cannot be reached, or the time is up.
        """
        tries = losses = unclear = 0
        before = state.tip
        while True:
            state = self.bring(state)
            todo, replayed = self.plan(wanted, state.tip)
            if not todo.own or replayed.tip == state.tip:
                return Landed(before=before, after=replayed.tip, replayed=replayed, already=todo)
            if state.lease is not None and not self._queue_refused:
                landed = self._queued(wanted, state)
                if landed is not None:
                    return landed
            pushed = self._swap(wanted, state, replayed.tip)
            outcome = pushed.outcomes[self._place.branch]
            if outcome == "done":
                return Landed(before=state.tip, after=replayed.tip, replayed=replayed, already=todo)
            old, state = state.tip, self.look()
            if outcome == "refused":
                raise _refused(self._remote.shown, self._place, pushed)
            losses = losses + 1 if state.tip == old and outcome == "race" else 0
            unclear = unclear + 1 if state.tip == old and outcome == "unclear" else 0
            if losses >= _SAME_TIP:
                raise _refused(self._remote.shown, self._place, pushed)
            if unclear >= _UNCLEAR:
                raise UnknownError(f"{self._remote.shown}: {pushed.said}", "nothing is half-way: run it again")
            self._check_time()
            if outcome == "race" and not self._queue_refused:
                landed = self._queued(wanted, self.bring(state))
                if landed is not None:
                    return landed
                state = self.look()
                continue
            tries += 1
            pause = random.uniform(0, min(_LONGEST, 0.25 * 2**tries))  # noqa: S311  (no secret)
            self._say(f"another push was first; the next try is in {human(pause)}")
            time.sleep(pause)
            state = self.look()

    def _swap(self, wanted: Wanted, state: Seen, new: str) -> Pushed:
        """Push the branch from exactly the tip that was seen; old entries of the queue go with it."""
        self._make_real(state.tip, new)
        given_up = self._aged(state.entries)
        mine = [Update(entry.ref, entry.oid, None) for entry in state.entries if entry.oid == wanted.head]
        gone = [update for update in given_up if update not in mine]
        pushed = self._remote.push([Update(self._place.branch, state.tip, new), *mine, *gone], atomic=False)
        self._note_collected(gone, pushed)
        return pushed

    def _make_real(self, tip: str | None, new: str) -> None:
        self._repository.flush()
        if tip is not None:
            # Never a push that would take away what somebody else has landed.
            self._repository.git("merge-base", "--is-ancestor", tip, new)
        self._hook_asked = True
        self._hook(tip, new)

    def _queued(self, wanted: Wanted, state: Seen) -> Landed | None:
        """Land by way of the queue; None when the host does not take its references.

        Raises:
            See `land`.
        """
        before, entry, lease = state.tip, new_entry(self._place, wanted), new_lease(self._repository)
        first_plan = self.plan(wanted, state.tip)
        self._repository.flush()
        if not self._hook_asked:
            self._make_real(state.tip, first_plan[1].tip)
        bids = [Update(self._place.lease, None, lease)] if state.lease is None else []
        first = self._remote.push([Update(entry.ref, None, entry.oid), *bids], atomic=False)
        if first.outcomes[entry.ref] != "done":
            self._queue_refused = first.outcomes[entry.ref] == "refused"
            return None
        leads = bool(bids) and first.outcomes[self._place.lease] == "done"
        watched, since, told, is_clean = "", 0.0, False, False
        try:
            while True:
                if leads:
                    self._lead(lease, entry)
                    leads = False
                else:
                    time.sleep(random.uniform(*_POLL))  # noqa: S311  (no secret)
                state = self.bring(self.look())
                is_clean = entry not in state.entries and state.lease != lease
                todo, replayed = self.plan(wanted, state.tip)
                if not todo.own or replayed.tip == state.tip:
                    replayed = self._as_carried(first_plan[0], todo, replayed)
                    return Landed(before=before, after=replayed.tip, replayed=replayed, already=first_plan[0])
                self._check_time()
                if entry not in state.entries or self._queue_refused:
                    return None
                if state.lease != watched:
                    watched, since, told = state.lease or "", clock.monotonic(), False
                waited = clock.monotonic() - since
                if state.lease is None or waited > self._terms.lease:
                    if state.lease is not None:
                        silent = human(self._terms.lease)
                        self._say(
                            f"{self._holder(state.lease)} has led for {silent} without landing anything: taking over"
                        )
                    bid = self._remote.push([Update(self._place.lease, state.lease, lease)], atomic=False)
                    leads = bid.outcomes[self._place.lease] == "done"
                elif waited > 1 and not told:
                    told = True
                    self._say(f"waiting for {self._holder(state.lease)} to land {len(state.entries)} queued pushes")
        finally:
            if not is_clean:
                self._withdraw(entry, lease)

    def _as_carried(self, first: Outstanding, last: Outstanding, replayed: Replayed) -> Replayed:
        """What became of the commits that were outstanding when the queue was entered."""
        known = {one.source: one for one in (*last.already, *replayed.landings)}
        landings = [known.get(oid) or self._replay.as_they_are([oid])[0] for oid in first.own]
        landed = [structs.replace(one, outcome="replayed") if one.outcome == "already" else one for one in landings]
        return structs.replace(replayed, landings=tuple(landed))

    def _lead(self, lease: str, mine: Entry) -> None:
        """Land everybody's commits while the lease is ours; returns when it is done or another leads."""
        while True:
            state = self._gathered()
            if state.lease != lease or state.tip is None:
                return
            at, updates, carried, gone = self._all_onto(state, mine)
            updates += [Update(self._place.lease, lease, None)]
            if at != state.tip:
                self._make_real(state.tip, at)
                updates.insert(0, Update(self._place.branch, state.tip, at))
            pushed = self._remote.push(updates, atomic=True)
            outcome = pushed.outcomes[updates[0].ref]
            if outcome == "done":
                self.carried += carried
                self._note_collected(gone, pushed)
                return
            if outcome == "refused":
                self._queue_refused = "atomic" in pushed.said
                if not self._queue_refused:
                    raise _refused(self._remote.shown, self._place, pushed)
                return
            self._check_time()

    def _all_onto(self, state: Seen, mine: Entry) -> tuple[str, list[Update], list[str], list[Update]]:
        """The new tip with the queue's commits, the entries that are done with, whose they are, and the given up."""
        assert state.tip is not None  # noqa: S101  (the caller has seen to it)
        at, updates, carried = state.tip, list[Update](), list[str]()
        gone = self._aged(state.entries)
        done: set[str] = set()
        for entry in state.entries:
            if any(update.ref == entry.ref for update in gone):
                continue
            wanted = Wanted(entry.oid, is_single=entry.is_single)
            try:
                todo = [one for one in outstanding(self._repository, wanted, state.tip).own if one not in done]
                replayed = self._replay.onto(at, todo)
            except (ConflictsError, RefusedError):
                # Whose it is finds the same and says so; the others need not wait for that.
                continue
            at = replayed.tip
            done |= set(todo)
            updates.append(Update(entry.ref, entry.oid, None))
            if entry.oid != mine.oid:
                carried.append(entry.name)
        return at, updates + gone, carried, gone

    def _gathered(self) -> Seen:
        """The queue when nobody new has come for a moment, everything in it fetched."""
        begun, known, state = clock.monotonic(), 0, self.look()
        while known != len(state.entries) and clock.monotonic() - begun < _GATHER_LONGEST:
            known = len(state.entries)
            time.sleep(_GATHER)
            state = self.look()
        self._say(f"landing {len(state.entries)} queued push{'es' if len(state.entries) != 1 else ''}")
        missing = [entry for entry in state.entries if not self._here(entry.oid)]
        if not self._fetch([entry.ref for entry in missing], [entry.oid for entry in missing]):
            return self._gathered()
        here = tuple(entry for entry in state.entries if self._here(entry.oid))
        return self.bring(structs.replace(state, entries=here))

    def _aged(self, entries: Sequence[Entry]) -> list[Update]:
        old = clock.now() - self._terms.age
        return [Update(entry.ref, entry.oid, None) for entry in entries if entry.since < old]

    def _note_collected(self, gone: Sequence[Update], pushed: Pushed) -> None:
        for update in gone:
            if pushed.outcomes[update.ref] == "done":
                what = f"{update.ref} ({(update.old or '')[:12]}): older than {human(self._terms.age)}, not landed"
                self.collected.append(what)
                self._say(f"collected {what}")

    def _withdraw(self, entry: Entry, lease: str) -> None:
        """Leave nothing of ours in the queue; when that fails, age and the lease's end do it."""
        with contextlib.suppress(LockgateError):
            there = self._remote.look(entry.ref, self._place.lease)
            mine = [Update(ref, oid, None) for ref, oid in ((entry.ref, entry.oid), (self._place.lease, lease))
                    if there.get(ref) == oid]  # fmt: skip
            if mine:
                self._remote.push(mine, atomic=False)

    def _holder(self, lease: str) -> str:
        """Who holds the lease, as far as that can be told."""
        if self._remote.fetch(self._place.lease) and self._repository.has(lease):
            return self._replay.commit(lease).subject
        return "another push"

    def _check_time(self) -> None:
        if clock.monotonic() > self._deadline:
            raise UnknownError(
                f"others were faster for {human(self._terms.wait)}: nothing of this has landed yet",
                "run it again, or give it longer: --wait 30m",
            )


def _refused(remote: str, place: Place, pushed: Pushed) -> RefusedError:
    branch = place.branch.removeprefix("refs/heads/")
    return RefusedError(f"{remote} refused the push to {branch}: {pushed.said}", next_step(pushed.said))
