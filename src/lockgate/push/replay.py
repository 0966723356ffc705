"""Commits made anew on another tip, in the object database: no working tree, no index, nothing half-way."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from lockgate.model.push import Conflict, Landing, Resolution
from lockgate.model.shown import printable
from lockgate.ports.repository import Repository
from lockgate.push.changes import ConflictsError, Content, merge
from lockgate.push.commits import Commit
from lockgate.push.contents import Files
from lockgate.push.stamps import Stamps
from lockgate.push.trees import Trees


class Replayed(msgspec.Struct, frozen=True):
    """What a replay made: the new tip, what became of each commit, and what was decided."""

    tip: str
    landings: tuple[Landing, ...] = ()
    resolutions: tuple[Resolution, ...] = ()


class Replay:
    """Replays commits of one repository; objects stay in memory until the repository is flushed."""

    def __init__(self, repository: Repository, stamps: Stamps) -> None:
        self._repository = repository
        self.trees = Trees(repository)
        self.stamps = stamps
        self._files = Files(stamps, self._lines, self._attribute)
        self._attributes: dict[str, str] = {}

    def commit(self, oid: str) -> Commit:
        """A commit by its id."""
        return Commit.parse(self._repository.read(oid)[1])

    def onto(self, tip: str | None, own: Sequence[str]) -> Replayed:
        """The commits `own` (oldest first) on `tip`; those that the tip already lies below stay as they are.

        Raises:
            ConflictsError: A commit does not go onto the tip; nothing was made that anybody can see.
        """
        at, landings, resolutions = tip, list[Landing](), list[Resolution]()
        for oid in own:
            commit = self.commit(oid)
            if commit.parents == ([at] if at else []):
                at = oid
                landings.append(Landing(source=oid, commit=oid, subject=commit.subject, outcome="unchanged"))
                continue
            made, decided = self._onto(at, oid, commit)
            landings.append(
                Landing(
                    source=oid,
                    commit=made,
                    subject=commit.subject,
                    outcome="replayed" if made else "empty",
                    signature_dropped=commit.is_signed and made is not None,
                )
            )
            at = made or at
            resolutions += decided
        assert at is not None  # noqa: S101  (a commit or a tip there is)
        return Replayed(at, tuple(landings), tuple(resolutions))

    def as_they_are(self, own: Sequence[str]) -> tuple[Landing, ...]:
        """The commits of a branch that is new on the remote."""
        return tuple(
            Landing(source=oid, commit=oid, subject=self.commit(oid).subject, outcome="unchanged") for oid in own
        )

    def _onto(self, tip: str | None, oid: str, commit: Commit) -> tuple[str | None, list[Resolution]]:
        there = self.commit(tip).tree if tip else self.trees.empty
        try:
            base = self.commit(commit.parents[0]).tree if commit.parents else self.trees.empty
            tree, decided = merge(self.trees, base, commit.tree, there, self._renames, self._contents)
        except ConflictsError as error:
            raise ConflictsError(msgspec.structs.replace(one, commit=oid) for one in error.conflicts) from None
        except KeyError as error:
            reason = f"the object {error.args[0]} is not here (a shallow or partial clone)"
            raise ConflictsError([Conflict(path="", reason=reason, commit=oid)]) from None
        if tree == there and base != commit.tree:
            return None, []
        decided = [msgspec.structs.replace(one, commit=oid) for one in decided]
        trailers = [f"Lockgate-Resolved: {printable(' '.join(one.words().split()))}" for one in decided]
        return self._repository.write("commit", commit.moved(oid, tree, tip, trailers).encode()), decided

    def _renames(self, old: str, new: str) -> dict[bytes, bytes]:
        self._repository.flush()
        done = self._repository.git("diff-tree", "-r", "-M", "-z", "--name-status", "--diff-filter=R", old, new)
        fields = done.out.split(b"\0")
        return dict(zip(fields[1::3], fields[2::3], strict=False))

    def _contents(self, content: Content) -> tuple[str, list[Resolution]]:
        base, ours, theirs = (
            None if entry is None else self._repository.read(entry.oid)[1]
            for entry in (content.base, content.ours, content.theirs)
        )
        assert ours is not None and theirs is not None  # noqa: S101, PT018  (both sides have it)
        path = content.path.decode(errors="backslashreplace")
        merged, decided = self._files.merge(path, base, ours, theirs)
        return self._repository.write("blob", merged), decided

    def _lines(self, base: bytes, ours: bytes, theirs: bytes, union: bool) -> bytes | None:  # noqa: FBT001
        with tempfile.TemporaryDirectory(prefix="lockgate-") as folder:
            names = []
            for name, content in (("theirs", theirs), ("base", base), ("ours", ours)):
                (Path(folder) / name).write_bytes(content)
                names.append(str(Path(folder) / name))
            kept = ["--union"] if union else []
            # The exit code counts the conflicts; above 127 it is an error.
            done = self._repository.git("merge-file", "-p", "-q", *kept, *names, codes=tuple(range(128)))
        return done.out if done.code == 0 else None

    def _attribute(self, path: str) -> str:
        if path not in self._attributes:
            done = self._repository.git("check-attr", "-z", "merge", "--", path, codes=(0, 128))
            fields = done.out.split(b"\0")
            self._attributes[path] = fields[2].decode() if len(fields) > 2 else ""  # noqa: PLR2004
        return self._attributes[path]
