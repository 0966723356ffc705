"""Moves of a release from state to state; what is impossible is refused (pure).

`planned` → `built` → `uploading` → `uploaded` → `verified` → `released`. From `built` on the bytes never change; a
release that cannot be completed ends `burned`. No move leads back but one: a plan that is made again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from lockgate.model.errors import UsageError
from lockgate.model.release import SBOM, FileState, Ledger, Prerequisite, ReleaseFile, State, Step

MOVES: Mapping[State, frozenset[State]] = {
    "planned": frozenset({"built"}),
    # On GitHub another action uploads: the ledger learns of it from the index.
    "built": frozenset({"uploading", "uploaded", "burned"}),
    "uploading": frozenset({"uploading", "uploaded", "burned"}),
    "uploaded": frozenset({"uploading", "verified", "burned"}),
    "verified": frozenset({"released", "burned"}),
    "released": frozenset(),
    "burned": frozenset(),
}
# `stored` goes back to `uploading` when the identical bytes are sent once more, which an index takes for the same.
FILE_MOVES: Mapping[FileState, frozenset[FileState]] = {
    "planned": frozenset({"uploading", "stored"}),
    "uploading": frozenset({"uploading", "planned", "stored"}),
    "stored": frozenset({"stored", "uploading", "verified"}),
    "verified": frozenset({"verified"}),
}
_NEEDED: Mapping[State, frozenset[FileState]] = {
    "uploaded": frozenset({"stored", "verified"}),
    "verified": frozenset({"verified"}),
    "released": frozenset({"verified"}),
}


class ImpossibleMoveError(UsageError):
    """A release was asked to go where its state does not lead."""


def stamp(moment: float) -> str:
    """A moment (seconds since the epoch) as the journal writes it."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="seconds")


def moved(ledger: Ledger, state: State, at: float, detail: str = "") -> Ledger:
    """The ledger in another state, with a line in the journal.

    Raises:
        ImpossibleMoveError: That state is not next, not every file is that far, or a burned one has no reason.
    """
    if state not in MOVES[ledger.state] or (state == "burned" and not detail):
        raise _refusal(ledger, state)
    behind = [one.name for one in ledger.files if one.state not in _NEEDED.get(state, {one.state})]
    if behind or (state != "burned" and not ledger.files):
        what = f"{', '.join(behind)} not yet" if behind else "it has no files"
        raise ImpossibleMoveError(f"{_name(ledger)} is not {state}: {what}")
    reason = detail if state == "burned" else None
    after = msgspec.structs.replace(ledger, state=state, reason=reason)
    return noted(after, state, "fail" if reason else "pass", at, detail)


def noted(ledger: Ledger, name: str, status: Literal["pass", "fail", "unknown"], at: float, detail: str = "") -> Ledger:
    """The ledger with one more line in its journal."""
    step = Step(name=name, status=status, at=stamp(at), detail=detail)
    return msgspec.structs.replace(ledger, steps=(*ledger.steps, step))


def planned(
    before: Ledger | None, now: Ledger, prerequisites: Iterable[Prerequisite], at: float, detail: str = ""
) -> Ledger:
    """The plan `now`, which continues `before` where that has bytes already: those are kept.

    Raises:
        UsageError: `before` is a release of something else, or another commit's bytes exist.
    """
    kept = now
    if before is not None and before.state != "planned":
        refuse_other(before, project=now.project, version=now.version, commit=now.commit, index=now.index)
        kept = before
    elif before is not None:
        refuse_other(before, project=now.project, version=now.version)
        kept = msgspec.structs.replace(now, steps=before.steps)
    kept = msgspec.structs.replace(kept, prerequisites=tuple(prerequisites))
    status = verdict(kept)
    return noted(kept, "plan", status, at, detail)


def verdict(ledger: Ledger) -> Literal["pass", "fail", "unknown"]:
    """Of the prerequisites; what waits for a confirmation is unknown."""
    seen = {one.status for one in ledger.prerequisites}
    if "fail" in seen:
        return "fail"
    return "pass" if seen == {"pass"} else "unknown"


def built(
    ledger: Ledger, files: Iterable[ReleaseFile], sbom: str, notes: Iterable[str], at: float, detail: str = ""
) -> Ledger:
    """The bytes that are released from now on; never replaced.

    Raises:
        ImpossibleMoveError: It has bytes already, or `files` holds a name twice.
    """
    if ledger.state != "planned":
        raise _refusal(ledger, "built")
    files = tuple(sorted(files, key=lambda one: (one.kind, one.name)))
    if len({one.name for one in files}) != len(files):
        raise ImpossibleMoveError(f"{_name(ledger)}: two of its files have the same name")
    ledger = msgspec.structs.replace(ledger, files=files, sbom=sbom, notes=(*ledger.notes, *notes))
    return moved(ledger, "built", at, detail)


def file_moved(ledger: Ledger, name: str, state: FileState, detail: str = "") -> Ledger:
    """The ledger with one file in another state.

    Raises:
        ImpossibleMoveError: There is no such file, that state is not next, or the release is not on its way.
    """
    file = ledger.file(name)
    if file is None:
        raise ImpossibleMoveError(f"{_name(ledger)} has no file {name}")
    if state not in FILE_MOVES[file.state] or ledger.state in {"planned", "burned", "released"}:
        raise ImpossibleMoveError(
            f"{name} is {file.state}, in a release that is {ledger.state}: not {state} from there"
        )
    after = msgspec.structs.replace(file, state=state, detail=detail)
    return msgspec.structs.replace(ledger, files=tuple(after if one.name == name else one for one in ledger.files))


def burned(ledger: Ledger, reason: str, at: float) -> Ledger:
    """The release, given up for good.

    Raises:
        ImpossibleMoveError: It is complete, or has no bytes that could be burned.
    """
    return moved(ledger, "burned", at, reason)


def refuse_other(
    ledger: Ledger, *, project: str, version: str, commit: str | None = None, index: str | None = None
) -> None:
    """See that the ledger is of this release; only a plan may be made again for another index.

    Raises:
        UsageError: It is of another project, version or commit, or its files are for another index.
    """
    if (ledger.project, ledger.version) != (project, version):
        raise UsageError(
            f"the ledger is of {_name(ledger)}, not of {project} {version}", "name that release's folder: --ledger DIR"
        )
    if index not in {None, ledger.index} and ledger.state != "planned":
        raise UsageError(
            f"{_name(ledger)} was built for {ledger.index}, not for {index}",
            f"add --index {ledger.index}, or take another --ledger",
        )
    if commit is not None and ledger.commit != commit:
        raise UsageError(
            f"the ledger is of commit {ledger.commit[:12]}, but this is {commit[:12]}",
            f"git checkout {ledger.commit}"
            + ("" if ledger.state == "planned" else "; its bytes are built, and what is released is never rebuilt"),
        )


def different(ledger: Ledger, found: Mapping[str, str]) -> tuple[str, ...]:
    """How `found` (sha256 by file name) is not what the ledger says, in words; empty when it is."""
    known = {one.name: one.sha256 for one in ledger.files} | ({SBOM: ledger.sbom} if ledger.sbom else {})
    words = [f"{name} is missing" for name in known if name not in found]
    words += [f"{name} has other bytes" for name in known if found.get(name, known[name]) != known[name]]
    return (*words, *(f"{name} does not belong there" for name in found if name not in known))


def next_command(ledger: Ledger | None) -> str | None:
    """The `publish` subcommand that comes next; None when nothing is left to do."""
    if ledger is None:
        return "plan"
    if ledger.state == "planned":
        return "build" if verdict(ledger) == "pass" else "plan"
    following = {"built": "upload", "uploading": "resume", "uploaded": "verify", "verified": "resume"}
    return following.get(ledger.state)


def contradictions(ledger: Ledger) -> tuple[str, ...]:
    """What cannot be true in a ledger that was read, in words."""
    found = []
    if (ledger.state == "planned") == bool(ledger.files):
        found.append(f"it is {ledger.state} with {len(ledger.files)} files")
    if len({one.name for one in ledger.files}) != len(ledger.files):
        found.append("it lists a file twice")
    found += [
        f"it is {ledger.state}, but {one.name} is {one.state}"
        for one in ledger.files
        if one.state not in _NEEDED.get(ledger.state, {one.state})
    ]
    if (ledger.state == "burned") != (ledger.reason is not None):
        found.append("burned and a reason belong together")
    return tuple(found)


def _name(ledger: Ledger) -> str:
    return f"{ledger.project} {ledger.version}"


def _refusal(ledger: Ledger, state: State) -> ImpossibleMoveError:
    following = next_command(ledger)
    hint = f"lockgate publish {following} {ledger.version}" if following else "release the next version"
    return ImpossibleMoveError(f"{_name(ledger)} is {ledger.state}: it cannot become {state}", hint)
