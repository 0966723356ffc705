"""The queue on the remote: one reference per waiting push, and a lease that says who lands them (pure but for objects).

The lease is advice: it only keeps pushers from working against each other. What keeps the branch right is the swap.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from lockgate.ports import clock
from lockgate.ports.credentials import in_actions
from lockgate.ports.repository import Repository
from lockgate.push import commits
from lockgate.push.local import Wanted


class Place(msgspec.Struct, frozen=True):
    """Where things are on the remote, for one branch; `clone` tells this clone's entries from those of others."""

    name: str
    clone: str = ""

    @property
    def branch(self) -> str:
        """The branch itself."""
        return f"refs/heads/{self.name}"

    @property
    def lease(self) -> str:
        """Who leads."""
        return f"refs/lockgate/lease/{quote(self.name, safe='')}"

    @property
    def queue(self) -> str:
        """What every entry's name begins with."""
        return f"refs/lockgate/queue/{quote(self.name, safe='')}/"

    @property
    def patterns(self) -> tuple[str, ...]:
        """What to look at."""
        return self.branch, self.lease, f"{self.queue}*"


class Entry(msgspec.Struct, frozen=True):
    """One waiting push; its name says since when (seconds), of which clone, with which lease it bids, how, and who."""

    ref: str
    oid: str

    @property
    def name(self) -> str:
        """Its own name: `SECONDS-CLONE-LEASE-KIND-WHO`."""
        return self.ref.rpartition("/")[2]

    @property
    def _parts(self) -> list[str]:
        return [*self.name.split("-", 4), "", "", "", ""]

    @property
    def since(self) -> float:
        """When it came, by its own clock."""
        try:
            return float(self._parts[0])
        except ValueError:
            return 0.0

    @property
    def clone(self) -> str:
        """The clone that it came from."""
        return self._parts[1]

    @property
    def is_single(self) -> bool:
        """Only its commit is meant, not those below it."""
        return self._parts[3] == "single"

    def leads_by(self, lease: str) -> bool:
        """Whether this lease is its own."""
        return bool(self._parts[2]) and lease.startswith(self._parts[2])

    @property
    def who(self) -> str:
        """Whose it is, in words."""
        return self._parts[4].replace("_", " ")


class Seen(msgspec.Struct, frozen=True):
    """One look at the remote."""

    tip: str | None
    lease: str | None
    entries: tuple[Entry, ...] = ()


def seen(place: Place, refs: Mapping[str, str]) -> Seen:
    """What the references say; entries in the order in which they came."""
    entries = [Entry(ref, oid) for ref, oid in refs.items() if ref.startswith(place.queue)]
    ordered = tuple(sorted(entries, key=lambda entry: (entry.since, entry.name)))
    return Seen(refs.get(place.branch), refs.get(place.lease), ordered)


def new_entry(place: Place, wanted: Wanted, lease: str) -> Entry:
    """An entry for it, which bids with that lease."""
    kind = "single" if wanted.is_single else "all"
    who = re.sub(r"[^A-Za-z0-9]+", "_", _who())[:80]
    return Entry(f"{place.queue}{clock.now():.3f}-{place.clone}-{lease[:12]}-{kind}-{who}", wanted.head)


def new_lease(repository: Repository, tree: str) -> str:
    """A commit that says who leads, unlike any other; its `tree` goes to the remote with the entry anyway."""
    identity = f"lockgate <lockgate@localhost> {int(clock.now())} +0000"
    message = f"{_who()}\n\n{os.urandom(16).hex()}"
    content = commits.new(tree, None, (identity, identity), message).encode()
    return repository.git("hash-object", "-t", "commit", "-w", "--stdin", given=content).text


def _who() -> str:
    if in_actions():
        return f"{os.environ.get('GITHUB_WORKFLOW', 'a workflow')}, run {os.environ.get('GITHUB_RUN_ID', '?')}"
    return f"process {os.getpid()} on {os.uname().nodename}"
