"""The tree as secret scanners are shown it: in a folder where no file of the project can tell them to look away."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from lockgate.ports import history
from lockgate.scan.context import Context

MESSAGES = "commit messages"
# Files by which a project could switch a scanner off, or hide files from its walk.
_SWITCHES = frozenset(
    """
    .gitleaks.toml .gitleaksignore .gitignore .ignore .kingfisherignore .git .hgignore
    """.split()
)
_RENAMED = ".as-text"


def stage(context: Context) -> tuple[Path, int]:
    """The folder, and how many files are in it that hold something.

    Raises:
        OSError: A file cannot be read, or there is no room.
    """
    folder = context.place("stage")
    count = 0
    for name in context.files:
        path = Path(name)
        target = folder / "tree" / (f"{name}{_RENAMED}" if path.name in _SWITCHES else name)
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(context.root / name, target)
        count += target.stat().st_size > 0
    if context.in_git:
        said = history.messages(context.root)
        (folder / "messages").write_text(
            "".join(f"{line.partition(chr(9))[2]}\n" for line in said.splitlines()), "utf-8"
        )
        (folder.parent / "message-commits").write_text("".join(f"{line[:40]}\n" for line in said.splitlines()), "utf-8")
    return folder, count


def _link(source: Path, target: Path) -> None:
    """A hard link costs nothing and copies no secret; another file system, or a symbolic link, needs a copy."""
    with contextlib.suppress(OSError):
        if not source.is_symlink():
            os.link(source, target)
            return
    shutil.copyfile(source, target)


def original(path: str) -> str:
    """The name in the project of what a scanner found in the folder."""
    return path.replace(_RENAMED, "")
