"""Waiting in the queue, and leading it: whoever holds the lease lands everybody's commits in one push."""

from __future__ import annotations

import contextlib
import random
import time

from msgspec import structs

from lockgate.model.duration import human
from lockgate.model.errors import LockgateError, RefusedError
from lockgate.ports import clock
from lockgate.ports.remote import Update
from lockgate.ports.repository import GitError
from lockgate.push.changes import ConflictsError
from lockgate.push.landing import Landed, Lander
from lockgate.push.local import Outstanding, Wanted
from lockgate.push.queue import Seen, new_entry, new_lease
from lockgate.push.replay import Replayed

_POLL = (0.4, 1.6)  # seconds; faster polling makes everybody slower,
_QUICK = 0.04  # except where a look takes less than this: half as long, then
_GATHER = 0.3  # seconds without a new entry end a leader's gathering
_GATHER_LONGEST = 4.0
_TRIES = 3


class Waiting:
    """One push in the queue."""

    def __init__(self, lander: Lander, wanted: Wanted) -> None:
        self._lander, self._wanted = lander, wanted
        self._place, self._remote = lander.place, lander.remote
        self._lease = new_lease(lander.repository, lander.replay.commit(wanted.head).tree)
        self._entry = new_entry(lander.place, wanted, self._lease)
        # The lease that was seen last, since when, and whether the user knows whom we wait for.
        self._watched: tuple[str | None, float, bool] = (None, 0.0, False)

    def land(self, state: Seen, first: Outstanding) -> Landed | None:
        """Wait until what is outstanding has landed, or land it; None when the queue is not the way.

        Raises:
            See `Lander.land`.
        """
        before, was_seen, is_clean, looked = state.tip, False, False, 1.0
        try:
            leads = self._enter(state)
            while self._lander.takes_queue:
                if leads:
                    self._lead()
                else:
                    time.sleep(random.uniform(*_POLL) * min(1.0, max(0.5, looked / _QUICK)))  # noqa: S311  (no secret)
                begun = clock.monotonic()
                state = self._lander.look()
                looked = clock.monotonic() - begun
                is_clean = self._entry not in state.entries and state.lease != self._lease
                # While the entry waits for a living leader, there is nothing to do: looking is all that it costs.
                may_bid = self._is_free(state)
                if self._entry not in state.entries or may_bid:
                    state = self._lander.bring(state)
                    todo, replayed = self._lander.plan(self._wanted, state.tip)
                    if replayed.tip == state.tip:
                        replayed = self._carried(first, todo, replayed)
                        return Landed(before=before, after=replayed.tip, replayed=replayed, first=first)
                self._lander.check_time()
                if self._entry not in state.entries:
                    # Never seen: the host takes such references and hides them.
                    self._lander.takes_queue = was_seen
                    return None
                was_seen, is_clean = True, False
                # Ours it may be without our knowing: the answer to the bid was lost.
                leads = state.lease == self._lease or (may_bid and self._bids(state))
            return None
        finally:
            if not is_clean:
                self._leave()

    def _enter(self, state: Seen) -> bool:
        """Publish the entry, and bid for the lease that may be free; whether we lead."""
        self._lander.repository.flush()
        entry, lease = Update(self._entry.ref, None, self._entry.oid), Update(self._place.lease, None, self._lease)
        bids = [lease] if state.lease is None else []
        pushed = self._remote.push([entry, *bids, *self._lander.mine(state.entries)], atomic=False)
        self._lander.takes_queue = pushed.outcomes[entry.ref] != "refused"
        return bool(bids) and pushed.outcomes[lease.ref] == "done"

    def _is_free(self, state: Seen) -> bool:
        """Whether nobody leads, or only one who has died."""
        lease, since, told = self._watched
        if lease != state.lease:
            lease, since, told = self._watched = state.lease, clock.monotonic(), False
        waited = clock.monotonic() - since
        if lease is None or waited > self._lander.terms.lease:
            return True
        if waited > 1 and not told:
            self._watched = lease, since, True
            self._lander.say(f"waiting for {self._holder(state)} to land {len(state.entries)} queued pushes")
        return False

    def _bids(self, state: Seen) -> bool:
        """Bid for the lease; whether we lead."""
        if state.lease is not None:
            silent = human(self._lander.terms.lease)
            self._lander.say(f"{self._holder(state)} has led for {silent} without landing anything: taking over")
        pushed = self._remote.push([Update(self._place.lease, state.lease, self._lease)], atomic=False)
        return pushed.outcomes[self._place.lease] == "done"

    def _lead(self) -> None:
        """Land everybody's commits; returns when that is done, or when another leads."""
        while True:
            state = self._gathered()
            if state.lease != self._lease or state.tip is None:
                return
            gone = self._lander.aged(state.entries)
            tip, updates, carried = self._all_onto(state, gone)
            updates += [*gone, Update(self._place.lease, self._lease, None)]
            if tip != state.tip:
                self._lander.make_real(state.tip, tip)
                updates.insert(0, Update(self._place.branch, state.tip, tip))
            pushed = self._remote.push(updates, atomic=True)
            if pushed.outcomes[updates[0].ref] == "done":
                self._lander.carried += carried
                self._lander.note_collected(gone, pushed)
                return
            if pushed.outcomes.get(self._place.branch) == "refused" and "atomic" not in pushed.said:
                raise self._lander.refused(pushed)
            if "refused" in pushed.outcomes.values():
                # The host takes entries, but not this: replays without a queue still work.
                self._lander.takes_queue = False
                return
            self._lander.check_time()

    def _all_onto(self, state: Seen, gone: list[Update]) -> tuple[str, list[Update], list[str]]:
        """The new tip with the queue's commits, the removal of the entries that are done with, and whose those are."""
        tip, updates, carried, done = state.tip or "", list[Update](), list[str](), set[str]()
        for entry in state.entries:
            removal = Update(entry.ref, entry.oid, None)
            if removal in gone or not self._lander.has(entry.oid):
                continue
            wanted = Wanted(entry.oid, is_single=entry.is_single)
            try:
                todo = [one for one in self._lander.outstanding(wanted, state.tip).own if one not in done]
                tip = self._lander.replay.onto(tip, todo).tip
            except (ConflictsError, RefusedError, GitError, KeyError):
                # Whose it is finds the same and says so; the others need not wait for that.
                continue
            done |= set(todo)
            updates.append(removal)
            if entry.clone != self._place.clone:
                carried.append(entry.name)
        return tip, updates, carried

    def _gathered(self) -> Seen:
        """The queue when nobody new has come for a moment, everything in it fetched."""
        begun, known, state = clock.monotonic(), 0, self._lander.look()
        while known != len(state.entries) and clock.monotonic() - begun < _GATHER_LONGEST:
            known = len(state.entries)
            time.sleep(_GATHER)
            state = self._lander.look()
        self._lander.say(f"landing {len(state.entries)} queued push{'es' if len(state.entries) != 1 else ''}")
        for _ in range(_TRIES):
            missing = [entry for entry in state.entries if not self._lander.has(entry.oid)]
            if self._lander.fetch([entry.ref for entry in missing], [entry.oid for entry in missing]):
                break
            # One of them has gone meanwhile.
            state = self._lander.look()
        return self._lander.bring(state)

    def _carried(self, first: Outstanding, last: Outstanding, replayed: Replayed) -> Replayed:
        """What became of the commits that were outstanding when the queue was entered."""
        known = {one.source: one for one in (*last.already, *replayed.landings)}
        landings = [known.get(oid) or self._lander.replay.as_they_are([oid])[0] for oid in first.own]
        landed = [structs.replace(one, outcome="replayed") if one.outcome == "already" else one for one in landings]
        return structs.replace(replayed, landings=tuple(landed))

    def _leave(self) -> None:
        """Leave nothing of ours in the queue; when that fails, age and the lease's end do it."""
        with contextlib.suppress(LockgateError):
            there = self._remote.look(self._entry.ref, self._place.lease)
            mine = [Update(ref, oid, None) for ref, oid in ((self._entry.ref, self._entry.oid),
                    (self._place.lease, self._lease)) if there.get(ref) == oid]  # fmt: skip
            if mine:
                self._remote.push(mine, atomic=False)

    def _holder(self, state: Seen) -> str:
        """Who holds the lease, as far as that can be told."""
        lease = state.lease or ""
        for entry in state.entries:
            if entry.leads_by(lease):
                return entry.who
        self._lander.fetch([self._place.lease], [])
        return self._lander.replay.commit(lease).subject if self._lander.repository.has(lease) else "another push"
