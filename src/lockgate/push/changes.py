"""Three trees merged path by path: what each side did to which file, renames included (git finds those)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from lockgate.model.push import Conflict, Resolution
from lockgate.push.trees import LINK, MODULE, Entry, Trees

T = TypeVar("T")
# Pairs of paths (old, new) that git takes for renames between two trees.
Renames = Callable[[str, str], dict[bytes, bytes]]


class Content(NamedTuple):
    """A file of one commit that both sides changed, for whoever merges contents; `base` is None when both added it."""

    path: bytes
    base: Entry | None
    ours: Entry
    theirs: Entry


Contents = Callable[[Content], tuple[str, list[Resolution]]]


class ConflictsError(Exception):
    """What may not be merged by a machine."""

    def __init__(self, conflicts: Iterable[Conflict]) -> None:
        self.conflicts = tuple(conflicts)
        super().__init__("; ".join(f"{one.path}: {one.reason}" for one in self.conflicts))


class _Change(NamedTuple):
    """One file of one side: from `source` (None: added) to `target` (None: deleted)."""

    source: bytes | None
    target: bytes | None
    old: Entry | None
    new: Entry | None


class _Side:
    """What one side did since the base."""

    def __init__(self, trees: Trees, base: str, tree: str, renames: Renames) -> None:
        found = trees.changes(base, tree)
        gone = any(new is None for _, new in found.values())
        moved = renames(base, tree) if gone and any(old is None for old, _ in found.values()) else {}
        targets = set(moved.values())
        self.all: list[_Change] = []
        for path, (old, new) in found.items():
            target = moved.get(path)
            if target is not None:
                self.all.append(_Change(path, target, old, found[target][1]))
            elif path not in targets:
                self.all.append(_Change(path if old else None, path if new else None, old, new))
        self.by_source = {change.source: change for change in self.all if change.source is not None}
        self.by_target = {change.target: change for change in self.all if change.target is not None}
        folders = {source.rpartition(b"/")[0] for source in moved}
        # Folders that were moved away as a whole.
        self.vacated = {one for one in folders if one and trees.find(tree, one) is None}


def merge(
    trees: Trees, base: str, ours: str, theirs: str, renames: Renames, contents: Contents
) -> tuple[str, list[Resolution]]:
    """The tree `theirs` with what `ours` changed since `base`, and what was decided for it.

    Raises:
        ConflictsError: Both sides did what does not go together; all of it is listed.
    """
    if base == theirs:
        return ours, []
    mine, yours = _Side(trees, base, ours, renames), _Side(trees, base, theirs, renames)
    merging = _Merging(mine, yours, contents)
    for change in mine.all:
        try:
            merging.take(change)
        except ConflictsError as error:
            merging.conflicts += error.conflicts
    merging.newcomers(mine, yours, "the folder was moved on the branch")
    merging.newcomers(yours, mine, "the folder was moved here, and the branch has a new file in it")
    if merging.conflicts:
        raise ConflictsError(merging.conflicts)
    try:
        return trees.changed(theirs, merging.edits), merging.resolutions
    except NotADirectoryError as error:
        raise ConflictsError([_conflict(error.args[0], "a file here, a folder on the branch")]) from None


class _Merging:
    def __init__(self, mine: _Side, yours: _Side, contents: Contents) -> None:
        self._mine, self._yours = mine, yours
        self._contents = contents
        self.edits: dict[bytes, Entry | None] = {}
        self.resolutions: list[Resolution] = []
        self.conflicts: list[Conflict] = []

    def take(self, change: _Change) -> None:
        """Bring one of our changes over, or say why that cannot be done."""
        other = self._yours.by_source.get(change.source) if change.source is not None else None
        path = change.source or change.target or b""
        if other is None:
            self._put(change)
        elif change.new is None or other.new is None:
            if change.new is not other.new:
                deleted, changed = ("here", "on the branch") if change.new is None else ("on the branch", "here")
                raise ConflictsError([_conflict(path, f"deleted {deleted}, changed or renamed {changed}")])
        else:
            assert change.target is not None and other.target is not None  # noqa: S101, PT018  (both still exist)
            target = _three(change.source, change.target, other.target)
            if target is None:
                reason = f"renamed to {_shown(change.target)} here, to {_shown(other.target)} on the branch"
                raise ConflictsError([_conflict(path, reason)])
            occupant = self._yours.by_target.get(target)
            if occupant is not None and occupant is not other:
                raise ConflictsError([_conflict(target, "renamed here to a name that the branch has taken")])
            entry = self._entry(Content(target, change.old, change.new, other.new))
            if other.target != target:
                self.edits[other.target] = None
            self.edits[target] = entry

    def _put(self, change: _Change) -> None:
        """A change of a file that the other side left alone, or that it has not had."""
        entry, target = change.new, change.target
        there = self._yours.by_target.get(target) if target is not None else None
        if there is not None and there.new is not None and entry is not None and target is not None:
            if change.source is not None or there.source is not None:
                raise ConflictsError([_conflict(target, "a rename meets another file of that name")])
            entry = self._entry(Content(target, None, entry, there.new))
        if change.source is not None and change.source != target:
            self.edits[change.source] = None
        if target is not None:
            self.edits[target] = entry

    def _entry(self, content: Content) -> Entry:
        path, base, ours, theirs = content
        if ours == theirs:
            return ours
        if len({_kind(one) for one in (base, ours, theirs) if one is not None}) > 1:
            raise ConflictsError([_conflict(path, "of another kind on each side (file, link or submodule)")])
        mode = _three(base.mode if base else None, ours.mode, theirs.mode)
        oid = _three(base.oid if base else None, ours.oid, theirs.oid)
        if mode is None:
            raise ConflictsError([_conflict(path, f"mode {ours.mode} here, {theirs.mode} on the branch")])
        if oid is None:
            oid, resolutions = self._contents(content)
            self.resolutions += resolutions
        return Entry(mode, oid)

    def newcomers(self, side: _Side, other: _Side, reason: str) -> None:
        """Files that a side adds to a folder that the other moved away: git would ask, so we do."""
        for change in side.all:
            if change.source is None and change.target is not None:
                above = _parents(change.target)
                if any(folder in other.vacated for folder in above):
                    self.conflicts.append(_conflict(change.target, reason))


def _three(base: T | None, ours: T, theirs: T) -> T | None:
    """What three-way merging makes of one value, None when both sides changed it differently."""
    if theirs in (ours, base):
        return ours
    return theirs if ours == base else None


def _kind(entry: Entry) -> str:
    return {LINK: "link", MODULE: "submodule"}.get(entry.mode, "file")


def _parents(path: bytes) -> list[bytes]:
    parts = path.split(b"/")[:-1]
    return [b"/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _shown(path: bytes) -> str:
    return path.decode(errors="backslashreplace")


def _conflict(path: bytes, reason: str) -> Conflict:
    return Conflict(path=_shown(path), reason=reason)
