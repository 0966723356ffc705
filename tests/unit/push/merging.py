"""Merges files as the replay does, with git's own merge of lines."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from lockgate.model.push import Conflict, Resolution
from lockgate.ports.repository import Repository
from lockgate.push.changes import ConflictsError
from lockgate.push.contents import Files
from lockgate.push.replay import Replay
from lockgate.push.stamps import Stamps


class Merged(NamedTuple):
    """What came of it: the text, or the conflicts."""

    text: str | None
    resolutions: tuple[Resolution, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


class Merger:
    """One repository's merger; the repository is only there for git to run in."""

    def __init__(self, folder: Path, declared: tuple[str, ...] = ()) -> None:
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        self.repository = Repository(folder, {})
        self._files: Files = Replay(self.repository, Stamps(declared)).files

    def merge(self, path: str, base: str | bytes | None, ours: str | bytes, theirs: str | bytes) -> Merged:
        """Merge three versions of a file."""
        versions = [one.encode() if isinstance(one, str) else one for one in (base, ours, theirs)]
        try:
            content, resolutions = self._files.merge(path, versions[0], versions[1] or b"", versions[2] or b"")
        except ConflictsError as error:
            return Merged(None, conflicts=error.conflicts)
        return Merged(content.decode("utf-8", errors="surrogateescape"), tuple(resolutions))
