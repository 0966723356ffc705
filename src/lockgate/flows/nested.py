"""`.github/lockgate/`: the project that locks lockgate itself, apart from the package and its environment."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from lockgate import __version__
from lockgate.model.errors import UnknownError, UsageError
from lockgate.ports import git, process, surroundings
from lockgate.ports.files import write_atomic
from lockgate.ports.uv import find_uv
from lockgate.workflows.facts import NESTED

_LOCK_TIMEOUT = 300.0
_GIT = re.compile(r"git\+(?P<url>.+)@(?P<sha>[0-9a-f]{40})")


class Source(msgspec.Struct, frozen=True):
    """Where lockgate comes from: from the index, unless one line of uv's `sources` says otherwise."""

    requirement: str
    line: str = ""

    def text(self) -> str:
        """The nested project's pyproject.toml."""
        lines = [
            "# The lockgate that CI and this checkout run; Dependabot updates it like any other dependency.",
            "[project]",
            'name = "lockgate-pin"',
            'version = "0"',
            'requires-python = ">=3.11"',
            f"dependencies = [{json.dumps(self.requirement)}]",
            "",
            "[tool.uv]",
            "package = false",
            *(["", "[tool.uv.sources]", self.line] if self.line else []),
        ]
        return "".join(f"{line}\n" for line in lines)


def source(asked: str | None, root: Path) -> Source:
    """The source that the user named (a version, a folder, or `git+URL@SHA`), else that of this very lockgate.

    Raises:
        UsageError: What was named is none of these.
        UnknownError: This lockgate came from a folder that no other machine could fetch.
    """
    if asked is None:
        return _own(root)
    match = _GIT.fullmatch(asked)
    if match is not None:
        return _from_git(match["url"], match["sha"])
    if re.fullmatch(r"\d+(\.\w+)*", asked):
        return Source(f"lockgate=={asked}")
    if (Path(asked) / "pyproject.toml").is_file():
        return _from_folder(Path(asked).resolve(), root)
    raise UsageError(f"{asked!r} is no source of lockgate", "give a version, a folder, or git+URL@<full commit SHA>")


def _own(root: Path) -> Source:
    text = importlib.metadata.distribution("lockgate").read_text("direct_url.json")
    if text is None:
        return Source(f"lockgate=={__version__}")
    origin = json.loads(text)
    commit = origin.get("vcs_info", {}).get("commit_id")
    if commit:
        return _from_git(origin["url"], commit)
    folder = Path(unquote(urlsplit(origin["url"]).path))
    if root.is_relative_to(folder):
        return _from_folder(folder, root)
    url, commit = git.remote_url(folder), git.head(folder)
    if url and commit and git.is_dirty(folder) is False:
        return _from_git(url, commit)
    raise UnknownError(
        f"this lockgate was installed from {folder}, where no other machine can fetch it",
        "say where from: lockgate init --lockgate git+URL@<full commit SHA> (or a version, or a folder)",
    )


def _from_git(url: str, sha: str) -> Source:
    return Source("lockgate", f"lockgate = {{ git = {json.dumps(url)}, rev = {json.dumps(sha)} }}")


def _from_folder(folder: Path, root: Path) -> Source:
    return Source("lockgate", f"lockgate = {{ path = {json.dumps(os.path.relpath(folder, root / NESTED))} }}")


def lock(root: Path, text: str) -> None:
    """Write the nested project and lock it, or leave nothing.

    Raises:
        UnknownError: uv is missing, or finds no such lockgate; nothing is left.
    """
    folder = root / NESTED
    is_new = not folder.exists()
    if not (folder / "pyproject.toml").exists():
        write_atomic(folder / "pyproject.toml", text.encode())
    command = process.Command(
        argv=(str(find_uv()), "lock", "--project", str(folder)),
        cwd=folder,
        environment=surroundings.for_uv(),
        timeout=_LOCK_TIMEOUT,
    )
    done = process.run(command, process.Cancel())
    if done.code != 0:
        if is_new:
            shutil.rmtree(folder)
        why = (done.output or done.error).strip().splitlines()
        raise UnknownError(
            f"lockgate itself could not be locked: {why[-1] if why else 'uv did not start'}",
            "nothing was written; is the network there? `lockgate init --lockgate …` names another source",
        )
