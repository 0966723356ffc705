"""The tree as secret scanners are shown it: in a folder where no file of the project can tell them to look away."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import zipfile
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
_INSIDE = ".opened"
_OPENED = (".ipynb", ".whl", ".egg", ".zip")
_MOST_MEMBERS, _MOST_BYTES = 5000, 5 << 20


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
        if path.suffix.lower() in _OPENED:
            _open(target.read_bytes(), path.suffix.lower(), target)
    if context.in_git:
        said = history.messages(context.root).splitlines()
        (folder / "messages").write_text("".join(f"{line.partition(chr(9))[2]}\n" for line in said), "utf-8")
        (folder.parent / "message-commits").write_text("".join(f"{line[:40]}\n" for line in said), "utf-8")
        for digest, name in history.objects(context.root, _OPENED):
            if name not in context.files:
                _open(
                    history.content(context.root, digest) or b"",
                    Path(name).suffix.lower(),
                    folder / "past" / digest / name,
                )
    return folder, count


def _open(content: bytes, suffix: str, target: Path) -> None:
    """Lay the texts inside a notebook or archive beside it, where every scanner can read them."""
    with contextlib.suppress(zipfile.BadZipFile, ValueError, KeyError, TypeError, RuntimeError, NotImplementedError):
        if suffix == ".ipynb":
            cells = json.loads(content)["cells"]
            texts = {"cells": "\n".join("".join(cell.get("source", "")) for cell in cells).encode()}
        else:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                small = [one for one in archive.infolist() if 0 < one.file_size < _MOST_BYTES][:_MOST_MEMBERS]
                texts = {one.filename: archive.read(one) for one in small}
        for number, (name, text) in enumerate(texts.items()):
            # A member's own name must not lead out of the folder.
            inside = target.parent / f"{target.name}{_INSIDE}" / str(number) / Path(name).name
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_bytes(text)


def _link(source: Path, target: Path) -> None:
    """A hard link costs nothing and copies no secret; another file system, or a symbolic link, needs a copy."""
    with contextlib.suppress(OSError):
        if not source.is_symlink():
            os.link(source, target)
            return
    shutil.copyfile(source, target)


def original(path: str) -> str:
    """The name in the project of what a scanner found in the folder; `archive!member` for what lies in an archive."""
    return re.sub(rf"{re.escape(_INSIDE)}/\d+/", "!", path.replace(_RENAMED, "")).removesuffix("!cells")
