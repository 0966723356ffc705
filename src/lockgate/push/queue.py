"""The queue on the remote: one reference per waiting push, and a lease that says who lands them (pure but for objects).

The lease is advice: it only keeps pushers from working against each other. What keeps the branch right is the swap.
"""

from __future__ import annotations

import os
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
    """One waiting push: `SECONDS-CLONE-RANDOM`, with `-1` behind it when only that one commit is meant."""

    ref: str
    oid: str

    @property
    def name(self) -> str:
        """Its own name."""
        return self.ref.rpartition("/")[2]

    @property
    def since(self) -> float:
        """When it came, by its own clock."""
        try:
            return float(self.name.partition("-")[0])
        except ValueError:
            return 0.0

    @property
    def clone(self) -> str:
        """The clone that it came from."""
        return [*self.name.split("-"), ""][1]

    @property
    def is_single(self) -> bool:
        """Only its commit is meant, not those below it."""
        return self.name.endswith("-1")


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


def new_entry(place: Place, wanted: Wanted) -> Entry:
    """An entry for it."""
    kind = "-1" if wanted.is_single else ""
    return Entry(f"{place.queue}{clock.now():.3f}-{place.clone}-{os.urandom(4).hex()}x{kind}", wanted.head)


def new_lease(repository: Repository) -> str:
    """A commit that says who leads: unlike any other, and nobody's content."""
    who = f"process {os.getpid()} on {os.uname().nodename}"
    if in_actions():
        who = f"{os.environ.get('GITHUB_WORKFLOW', 'a workflow')}, run {os.environ.get('GITHUB_RUN_ID', '?')}"
    identity = f"lockgate <lockgate@localhost> {int(clock.now())} +0000"
    message = f"{who}\n\n{os.urandom(16).hex()}"
    commit = commits.new(repository.write("tree", b""), None, (identity, identity), message)
    return repository.write("commit", commit.encode())
