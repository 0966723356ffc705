"""The result of `lockgate push` as data: the JSON document, and what its parts are made of."""

from __future__ import annotations

from typing import Literal

import msgspec

from lockgate.model.gate import Scope
from lockgate.model.verdict import Verdict

SCHEMA = "lockgate/push/1"


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """A conflict that was resolved without asking.

    Attributes:
        field: Dotted name of the field or label, or what was done when it is a whole file.
        ours: The value in the commit that lands; `theirs` is the branch's.
        taken: Whose value stands now.
    """

    path: str
    field: str
    ours: str
    theirs: str
    taken: Literal["ours", "theirs", "both"]
    commit: str = ""

    def words(self) -> str:
        """`report.json: generated_at: 2026-01-02 over 2026-01-01`."""
        if self.taken == "both":
            return f"{self.path}: {self.field}"
        taken, left = (self.ours, self.theirs) if self.taken == "ours" else (self.theirs, self.ours)
        return f"{self.path}: {self.field}: {taken} over {left}"


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A conflict that a person must resolve; `ours` and `theirs` as far as one field is at stake."""

    path: str
    reason: str
    field: str | None = None
    ours: str | None = None
    theirs: str | None = None
    commit: str = ""


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one commit.

    Attributes:
        source: The commit as it was made.
        commit: The commit on the branch, None when there is none (empty, or landed before).
        outcome: `unchanged` is a commit that needed no replay; `already` one that an earlier run had landed;
            `empty` one that changes nothing any more.
    """

    source: str
    commit: str | None
    subject: str
    outcome: Literal["unchanged", "replayed", "already", "empty"]
    signature_dropped: bool = False


class PushReport(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/push/1`.

    Attributes:
        dry_run: Nothing was written; the rest says what would be.
        remote: Name or address, without credentials.
        before: The branch's tip that this run built on, None when the branch was not there.
        after: The branch's tip after it; the planned one in a dry run.
        landed: All of it is on the branch now.
        carried: Queue entries of other pushers that this run landed.
        collected: Queue entries that were given up, each with its reason.
        pushes: Pushes that this run sent, rejected ones included.
        reason: Why the verdict is not pass.
        notes: What the user should know besides.
    """

    schema: str = SCHEMA
    verdict: Verdict
    enforced: bool = True
    scope: Scope = Scope()
    seconds: float = 0.0
    dry_run: bool = False
    remote: str = ""
    branch: str = ""
    before: str | None = None
    after: str | None = None
    landed: bool = False
    commits: tuple[Landing, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    carried: tuple[str, ...] = ()
    collected: tuple[str, ...] = ()
    pushes: int = 0
    reason: str | None = None
    notes: tuple[str, ...] = ()
