"""A repository's rules: what should be, what is, and the way from one to the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from lockgate.model.replay import Replay
from lockgate.model.verdict import Status, Verdict, overall

SCHEMA = "lockgate/protect/1"
PLAN_SCHEMA = "lockgate/protect-plan/1"
ChangeKind = Literal["add", "change", "remove", "keep", "unmanaged", "unknown"]
TO_DO = frozenset({"add", "change", "remove"})


class Unseen(msgspec.Struct, frozen=True):
    """What could not be read.

    Attributes:
        permission: What the token would need, or what the account's plan or server would have to include.
        reason: What GitHub answered.
    """

    permission: str
    reason: str = ""


class Setting(msgspec.Struct, frozen=True):
    """One desired setting: a dotted key that begins with its section, a JSON value, and why it matters."""

    key: str
    value: Any
    why: str

    @property
    def section(self) -> str:
        """The part of the remote's state that holds it."""
        return self.key.partition(".")[0]


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """What a repository has.

    Attributes:
        repository: GitHub's own description of it (`GET /repos/{owner}/{repo}`).
        sections: By name, in the normal form of `protect/normal.py`; None for what is not there.
        reviewers: `{"type": "User", "id": 1}` by `@login` or `@owner/team`; None for who does not exist.
    """

    repository: Mapping[str, Any]
    sections: Mapping[str, Any]
    reviewers: Mapping[str, Any] = {}

    def digest(self) -> str:
        """A hash of all that was read: the same as long as nothing changes."""
        return hashlib.sha256(msgspec.json.encode(self.sections, order="sorted")).hexdigest()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a plan.

    Attributes:
        kind: `add`, `change` and `remove` are to be done; `keep` is as it should be; `unmanaged` exists remotely, is
            not in the table and stays; `unknown` could not be read.
        before: The remote's value; None for none.
        after: The desired value; None for none.
        permission: Of `unknown`: what would be needed to tell.
    """

    kind: ChangeKind
    key: str
    before: Any = None
    after: Any = None
    why: str = ""
    permission: str | None = None


class Trap(msgspec.Struct, frozen=True):
    """Rules that are right one by one, and lock somebody out or protect nothing together."""

    name: str
    status: Literal["fail", "warn", "unknown"]
    message: str
    remedy: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/protect-plan/1`, which can be reviewed and then applied.

    Attributes:
        digest: Of the remote's state that it was made against.
    """

    schema: str = PLAN_SCHEMA
    api: str
    repository: str
    branch: str
    kind: Literal["classic", "ruleset"]
    digest: str
    changes: tuple[Change, ...]
    traps: tuple[Trap, ...] = ()

    def to_do(self) -> tuple[Change, ...]:
        """What applying it would change."""
        return tuple(change for change in self.changes if change.kind in TO_DO)


class Step(msgspec.Struct, frozen=True):
    """One call of `apply`, and what became of it; `detail` is GitHub's answer to what was refused."""

    what: str
    status: Literal["applied", "refused", "unknown", "not-tried"]
    detail: str = ""


class Scope(msgspec.Struct, frozen=True):
    """What the verdict does not speak of: keys that could not be read."""

    unseen: tuple[str, ...] = ()


class ProtectReport(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/protect/1`.

    Attributes:
        credential: Where the token came from, never its value.
        steps: Of `apply`: every call.
        replay: Of `plan --replay`: the last merges under the planned rules.
    """

    schema: str = SCHEMA
    verdict: Verdict
    enforced: bool = True
    scope: Scope = Scope()
    api: str
    repository: str
    branch: str
    kind: Literal["classic", "ruleset"]
    credential: str
    digest: str
    changes: tuple[Change, ...]
    traps: tuple[Trap, ...] = ()
    steps: tuple[Step, ...] = ()
    replay: Replay | None = None


def verdict_of(changes: Iterable[Change], traps: Iterable[Trap] = ()) -> Verdict:
    """Pass when nothing is to be done, everything was seen, and no trap is set."""
    said: dict[str, Status] = {**dict.fromkeys(TO_DO, "fail"), "unknown": "unknown"}
    told: list[Status] = [trap.status for trap in traps if trap.status != "warn"]
    return overall(["pass", *(said.get(change.kind, "pass") for change in changes), *told])
