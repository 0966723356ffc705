"""A folder's files as a commit on the tip of a branch; nothing of the clone is touched but its object database."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

import msgspec

from lockgate.model.errors import UsageError
from lockgate.model.push import Resolution
from lockgate.ports.credentials import BOT, in_actions
from lockgate.ports.files import write_atomic
from lockgate.ports.repository import GitError, Repository
from lockgate.push import commits
from lockgate.push.overlay import overlaid
from lockgate.push.replay import Replay
from lockgate.push.trees import MODULE, Entry


class Journal:
    """Which commit the same files were last made into: a re-run after a kill lands that one, and not a second one.

    It stands in the git common directory, one file a branch, and is gone when the push is done.
    """

    def __init__(self, repository: Repository, address: str, branch: str, message: str, folder: Path) -> None:
        from lockgate.ports.tree import snapshot  # needed for this form only

        self._file = repository.common_dir / "lockgate" / "push" / f"{quote(branch, safe='')}.json"
        parts = [
            os.fsencode(address),
            branch.encode(),
            message.encode(errors="surrogateescape"),
            snapshot(folder).digest(),
        ]
        self._key = hashlib.sha256(b"\0".join(parts)).hexdigest()

    def recall(self) -> str | None:
        """The commit of a run that did not come to its end, None when there was none."""
        try:
            known = msgspec.json.decode(self._file.read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            return None
        return known.get("commit") if known.get("key") == self._key else None

    def note(self, commit: str) -> None:
        """Before the first push of it."""
        write_atomic(self._file, msgspec.json.encode({"key": self._key, "commit": commit}))

    def close(self) -> None:
        """It has landed."""
        self._file.unlink(missing_ok=True)


def commit_files(
    repository: Repository, replay: Replay, folder: Path, tip: str | None, message: str
) -> tuple[str | None, list[Resolution]]:
    """The files of `folder` as a commit on `tip` (None: on nothing); None when the branch says all of it already.

    Raises:
        UsageError: A file cannot be taken, or nobody is known as the author.
        ConflictsError: The branch has newer data, or lines that would be lost.
    """
    before = replay.commit(tip).tree if tip else replay.trees.empty
    tree = _added(repository, folder.resolve(), before if tip else None)
    edits: dict[bytes, Entry | None] = {}
    decided: list[Resolution] = []
    for path, (old, new) in replay.trees.changes(before, tree).items():
        if new is not None and new.mode == MODULE:
            name = os.fsdecode(path)
            hint = "take its .git away, or leave it out"
            raise UsageError(f"{folder / name} is a repository of its own: its files would be left out", hint)
        if old is None or new is None or old.oid == new.oid or {old.mode[:3], new.mode[:3]} != {"100"}:
            continue
        contents = [repository.read(one.oid)[1] for one in (old, new)]
        content, resolutions = overlaid(replay.stamps, path.decode(errors="backslashreplace"), *contents)
        decided += resolutions
        if content is not contents[1]:
            edits[path] = Entry(new.mode, repository.write("blob", content))
    tree = replay.trees.changed(tree, edits)
    if tree == before:
        return None, decided
    made = commits.new(tree, tip, _identity(repository), message)
    return repository.write("commit", made.encode()), decided


def _added(repository: Repository, folder: Path, tree: str | None) -> str:
    """The tree with the folder's files over it, by git's own rules for line ends and filters; ignored files too."""
    with tempfile.TemporaryDirectory(prefix="lockgate-") as private:
        apart = {"GIT_INDEX_FILE": f"{private}/index", "GIT_WORK_TREE": str(folder), "GIT_DIR": str(repository.git_dir)}
        plain = [part for key in ("core.fsmonitor", "core.splitIndex", "core.untrackedCache", "advice.addEmbeddedRepo")
                 for part in ("-c", f"{key}=false")]  # fmt: skip
        try:
            if tree is not None:
                repository.git("read-tree", tree, environment=apart)
            repository.git(*plain, "add", "--force", "--sparse", "--ignore-removal", "--", ".", environment=apart,
                           folder=folder)  # fmt: skip
            return repository.git("write-tree", environment=apart).text
        except GitError as error:
            raise UsageError(f"the files of {folder} could not be taken: {error.said}") from None


def _identity(repository: Repository) -> tuple[str, str]:
    """Author and committer as git has them configured; in GitHub Actions the bot when there are none."""
    strict = ("-c", "user.useConfigOnly=true")
    try:
        return (repository.git(*strict, "var", "GIT_AUTHOR_IDENT").text,
                repository.git(*strict, "var", "GIT_COMMITTER_IDENT").text)  # fmt: skip
    except GitError:
        if not in_actions():
            hint = 'git config --global user.name "Your Name" && git config --global user.email you@example.org'
            raise UsageError("git does not know who you are, and a commit needs an author", hint) from None
    bot = ("-c", f"user.name={BOT[0]}", "-c", f"user.email={BOT[1]}", "var")
    return repository.git(*bot, "GIT_AUTHOR_IDENT").text, repository.git(*bot, "GIT_COMMITTER_IDENT").text
