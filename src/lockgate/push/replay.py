"""Commits made anew on another tip, in the object database: no working tree, no index, nothing half-way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lockgate.model.push import Conflict, Landing, Resolution
from lockgate.model.shown import printable
from lockgate.ports.repository import Repository
from lockgate.push.changes import ConflictsError, Content, merge
from lockgate.push.commits import Commit
from lockgate.push.stamps import Stamps
from lockgate.push.trees import LINK, MODULE, Trees

if TYPE_CHECKING:
    from lockgate.push.contents import Files

RESOLVED = "Lockgate-Resolved"
_MARKS = 32
_CONFLICT = re.compile(rb"^<{32}[^\n]*\n(.*?)^={32}\r?\n(.*?)^>{32}", re.DOTALL | re.MULTILINE)


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
        self._files: Files | None = None
        self._attributes: dict[str, str] = {}
        self._commits: dict[str, Commit] = {}

    def commit(self, oid: str) -> Commit:
        """A commit by its id.

        Raises:
            KeyError: It is not here.
        """
        if oid not in self._commits:
            self._commits[oid] = Commit.parse(self._repository.read(oid)[1])
        return self._commits[oid]

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
        trailers = [f"{RESOLVED}: {printable(' '.join(one.words().split()))}" for one in decided]
        return self._repository.write("commit", commit.moved(oid, tree, tip, trailers).encode()), decided

    def _renames(self, old: str, new: str) -> dict[bytes, bytes]:
        self._repository.flush()
        done = self._repository.git("diff-tree", "-r", "-M", "-z", "--name-status", "--diff-filter=R", old, new)
        fields = done.out.split(b"\0")
        return dict(zip(fields[1::3], fields[2::3], strict=False))

    def _contents(self, content: Content) -> tuple[str, list[Resolution]]:
        path = content.path.decode(errors="backslashreplace")
        if content.ours.mode == MODULE:
            reason, ours, theirs = "each side points to another commit", content.ours.oid, content.theirs.oid
            raise ConflictsError([Conflict(path=path, reason=reason, ours=ours, theirs=theirs)])
        versions = [
            None if entry is None else self._repository.read(entry.oid)[1]
            for entry in (content.base, content.ours, content.theirs)
        ]
        base, mine, yours = versions[0], versions[1] or b"", versions[2] or b""
        if content.ours.mode == LINK:
            ours, theirs = mine.decode(errors="backslashreplace"), yours.decode(errors="backslashreplace")
            raise ConflictsError([Conflict(path=path, reason="each side links elsewhere", ours=ours, theirs=theirs)])
        merged, decided = self.files.merge(path, base, mine, yours)
        return self._repository.write("blob", merged), decided

    @property
    def files(self) -> Files:
        """How files merge here; most replays need none of it, and none of its parsers."""
        from lockgate.push.contents import Files

        self._files = self._files or Files(self.stamps, self._lines, self._attribute)
        return self._files

    def _lines(self, base: bytes, ours: bytes, theirs: bytes, union: bool) -> bytes | tuple[bytes, bytes]:
        import tempfile  # 10 ms

        with tempfile.TemporaryDirectory(prefix="lockgate-") as folder:
            names = []
            for name, content in (("theirs", theirs), ("base", base), ("ours", ours)):
                (Path(folder) / name).write_bytes(content)
                names.append(str(Path(folder) / name))
            how = ("-p", "-q", f"--marker-size={_MARKS}", *(["--union"] if union else []))
            # The exit code counts the conflicts; above 127 it is an error.
            done = self._repository.git("merge-file", *how, *names, codes=tuple(range(128)))
        if done.code == 0:
            return done.out
        first = _CONFLICT.search(done.out)
        return (first[2], first[1]) if first else (b"", b"")

    def _attribute(self, path: str) -> str:
        if path not in self._attributes:
            done = self._repository.git("check-attr", "-z", "merge", "--", path, codes=(0, 128))
            fields = done.out.split(b"\0")
            self._attributes[path] = fields[2].decode() if len(fields) > 2 else ""  # noqa: PLR2004
        return self._attributes[path]
