"""What git knows beside the working tree's state: files, history, other branches; for the scan."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lockgate.ports.git import run
from lockgate.ports.tree import is_cache

_TIMEOUT = 120


def ask(root: Path, *arguments: str, stdin: bytes = b"") -> bytes | None:
    """Standard output of a git command; None when git is missing, fails, or this is no repository.

    Replacement objects and grafts, which would hide history, are not followed.
    """
    apart = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}
    try:
        done = run(root, *arguments, variables=apart, stdin=stdin, limit=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _line(root: Path, *arguments: str) -> str | None:
    answer = ask(root, *arguments)
    return None if answer is None else os.fsdecode(answer).strip()


def top(root: Path) -> Path | None:
    """The folder of the working tree that `root` lies in."""
    found = _line(root, "rev-parse", "--show-toplevel")
    return Path(found) if found else None


def git_folder(root: Path) -> Path | None:
    """The repository's own folder (shared by its worktrees)."""
    found = _line(root, "rev-parse", "--path-format=absolute", "--git-common-dir")
    return Path(found) if found else None


def files(root: Path) -> tuple[str, ...]:
    """Files below `root`: tracked, and untracked ones that are not ignored; all but caches without git."""
    listed = ask(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".")
    if listed is None:
        names: Iterator[str] | list[str] = _walk(root, "")
    else:
        names = [os.fsdecode(name) for name in set(listed.split(b"\0")) if name]
        names = [name for name in names if not name.startswith(".lockgate/")]
    return tuple(sorted(name for name in names if (root / name).is_file()))


def _walk(root: Path, folder: str) -> Iterator[str]:
    with os.scandir(root / folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name = f"{folder}{entry.name}"
            if is_cache(entry.name):
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield name
            elif not (Path(entry.path) / "pyvenv.cfg").exists():
                yield from _walk(root, f"{name}/")


def why_incomplete(root: Path) -> str | None:
    """Why the history here is not the whole one, or None when it is."""
    if _line(root, "rev-parse", "--is-shallow-repository") != "false":
        return "the clone is shallow"
    if _line(root, "config", "--get", "extensions.partialClone"):
        return "the clone is partial: it leaves objects out"
    folder = git_folder(root)
    if folder is not None and (folder / "info" / "grafts").exists():
        return "grafts hide a part of the history"
    return None


def commits(root: Path) -> tuple[str, ...]:
    """Hashes of all commits of all references."""
    return tuple((ask(root, "rev-list", "--all") or b"").decode().split())


def messages(root: Path) -> str:
    """Every commit message, and every annotation of a tag, each line preceded by its hash and a tab."""
    log = ask(root, "log", "--all", "--format=%H%x01%an <%ae>%x02%B%x00") or b""
    tags = ask(root, "for-each-ref", "refs/tags", "--format=%(objectname)%01%(contents)%00") or b""
    lines = []
    for entry in (*log.split(b"\0"), *tags.split(b"\0")):
        name, _, text = entry.decode(errors="replace").strip().partition("\x01")
        lines += [f"{name}\t{line}" for line in text.replace("\x02", "\n").splitlines() if line.strip()]
    return "\n".join(lines) + "\n"


def objects(root: Path, suffixes: tuple[str, ...]) -> list[tuple[str, str]]:
    """Hash and path of every file of the history whose name ends in one of `suffixes`."""
    listed = ask(root, "rev-list", "--all", "--objects") or b""
    pairs = (os.fsdecode(line).partition(" ") for line in listed.splitlines())
    return [(name, path) for name, _, path in pairs if path.lower().endswith(suffixes)]


def holder(root: Path, name: str) -> str | None:
    """The first commit that brought the file with this hash."""
    found = (_line(root, "log", "--all", "--format=%H", f"--find-object={name}") or "").split()
    return found[-1] if found else None


def content(root: Path, name: str) -> bytes | None:
    """A file of the history by its hash, or by `REVISION:path`."""
    return ask(root, "cat-file", "blob", name)


def base(root: Path, branch: str) -> str | None:
    """Where HEAD left `branch` (as the remote has it, else the local one); None when neither is known."""
    for name in (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"):
        found = _line(root, "merge-base", "HEAD", name)
        if found:
            return found
    return None


def contains(root: Path, revision: str, commit: str) -> bool:
    """Whether `commit` belongs to the history of `revision`."""
    return ask(root, "merge-base", "--is-ancestor", commit, revision) is not None


def export(root: Path, revision: str, folder: Path) -> bool:
    """Write the files of `revision` below the project's folder into `folder`; whether that worked."""
    archive = ask(root, "archive", "--format=tar", revision)
    tar = shutil.which("tar")
    if archive is None or tar is None:
        return False
    done = subprocess.run([tar, "-x", "-f", "-"], cwd=folder, input=archive, capture_output=True, check=False)
    return done.returncode == 0
