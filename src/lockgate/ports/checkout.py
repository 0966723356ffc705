"""Exactly one commit, in a clone of its own: neither the working tree nor the repository is touched."""

from __future__ import annotations

import os
from pathlib import Path

from lockgate.model.errors import UnknownError, UsageError
from lockgate.ports import git, history
from lockgate.ports.credentials import configured, for_git
from lockgate.ports.repository import GitError, Repository

# Nobody's settings decide which bytes are checked out.
_PLAIN = (("core.autocrlf", "false"), ("core.eol", "lf"), ("advice.detachedHead", "false"))


def check_out(root: Path, commit: str, folder: Path) -> Path:
    """Check the commit out into the new `folder`, with its history; returns where the package is in it.

    Raises:
        UsageError: The package's folder is not in the commit.
        UnknownError: git cannot do it.
    """
    top = git.top(root)
    if top is None:
        raise UsageError(f"{root} is in no git repository", "publish from a clone")
    unhooked = ("core.hooksPath", str(folder / "no-hooks"))
    plain = configured((*_PLAIN, unhooked), {**os.environ, **for_git()})
    try:
        with Repository(top, {**for_git(), **plain}) as repository:
            repository.git("clone", "-q", "--no-checkout", "--shared", "--template=", str(top), str(folder))
            repository.git("checkout", "-q", "--detach", commit, folder=folder)
            if (folder / ".gitmodules").exists():
                # Relative addresses of submodules are relative to the real remote.
                repository.git("remote", "set-url", "origin", git.remote_url(root) or str(top), folder=folder)
                repository.git("submodule", "-q", "update", "--init", "--recursive", folder=folder)
    except GitError as error:
        raise UnknownError(f"commit {commit[:12]} cannot be checked out: {error.said}") from None
    inside = folder / root.resolve().relative_to(top)
    if not (inside / "pyproject.toml").is_file() and not (inside / "setup.py").is_file():
        raise UsageError(f"commit {commit[:12]} has no package in {inside.relative_to(folder)}", "commit it")
    return inside


def made_at(root: Path, commit: str) -> int | None:
    """The commit's own time, in seconds since the epoch."""
    said = history.ask(root, "log", "-1", "--format=%ct", commit)
    return int(said) if said else None
