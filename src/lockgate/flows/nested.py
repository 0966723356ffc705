"""`.github/lockgate/`: the project that locks lockgate itself, apart from the package and its environment."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from lockgate import __version__
from lockgate.model.actions import NESTED
from lockgate.model.errors import UnknownError, UsageError
from lockgate.ports import git, process, surroundings
from lockgate.ports.files import write_atomic
from lockgate.ports.uv import find_uv

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


def text(asked: str | None, root: Path) -> str:
    """The nested pyproject.toml: the one that is there, else one for the source that the user named (see `source`)."""
    try:
        return (root / NESTED / "pyproject.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return source(asked, root).text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{NESTED}/pyproject.toml: cannot be read: {error}") from error


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
        if re.search(r"://[^/]*:[^/]*@", match["url"]):
            raise UsageError(
                "the URL of lockgate holds a password, which would be committed",
                "leave it to git: `git help credentials`",
            )
        return _from_git(match["url"], match["sha"])
    if re.fullmatch(r"\d+(\.\w+)*", asked):
        return Source(f"lockgate=={asked}")
    if (Path(asked) / "pyproject.toml").is_file():
        return _from_folder(Path(asked).resolve(), root)
    raise UsageError(f"{asked!r} is no source of lockgate", "give a version, a folder, or git+URL@<full commit SHA>")


def _own(root: Path) -> Source:
    try:
        text = importlib.metadata.distribution("lockgate").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        text = json.dumps({"url": Path(__file__).parents[3].as_uri()})
    if text is None:
        return Source(f"lockgate=={__version__}")
    origin = json.loads(text)
    commit = origin.get("vcs_info", {}).get("commit_id")
    if commit:
        return _from_git(git.without_credentials(origin["url"]), commit)
    folder = Path(unquote(urlsplit(origin["url"]).path))
    if root.is_relative_to(folder):
        return _from_folder(folder, root)
    url, commit = git.remote_url(folder), git.head(folder)
    if url and commit and git.is_dirty(folder) is False:
        return _from_git(url, commit)
    why = (
        "which is in no git repository"
        if commit is None
        else "whose repository has no remote"
        if url is None
        else "which has changes that are not committed"
    )
    raise UnknownError(
        f"CI cannot get this lockgate: it was installed from {folder}, {why}",
        f"name a source that other machines have: lockgate init --lockgate {__version__} (from the index),\n"
        f"    or --lockgate git+{url or 'https://github.com/OWNER/lockgate'}@{commit or '<full commit SHA>'},\n"
        f"    or, where CI has that folder too, --lockgate {folder}",
    )


def _from_git(url: str, sha: str) -> Source:
    # The short form of ssh is no URL; what lies on GitHub can be fetched without a key.
    short = re.fullmatch(r"(?:([^@/]+)@)?([^:/]+):(?!//)(.+)", url)
    if short is not None:
        is_open = short[2] == "github.com"
        url = f"https://github.com/{short[3]}" if is_open else f"ssh://{short[1] or 'git'}@{short[2]}/{short[3]}"
    return Source("lockgate", f"lockgate = {{ git = {json.dumps(url)}, rev = {json.dumps(sha)} }}")


def _from_folder(folder: Path, root: Path) -> Source:
    # Editable: uv would build a folder anew only when its pyproject.toml changes.
    path = json.dumps(os.path.relpath(folder, root / NESTED))
    return Source("lockgate", f"lockgate = {{ path = {path}, editable = true }}")


def lock(root: Path, text: str) -> None:
    """Write the nested project and lock it, or leave nothing.

    Raises:
        UsageError: The folder cannot be written.
        UnknownError: uv is missing, or finds no such lockgate; nothing is left.
    """
    folder = root / NESTED
    # Beside its place, so that relative paths mean the same: a kill leaves no half of it there.
    draft = folder.with_name(f".lockgate.{os.urandom(8).hex()}")
    is_new = not draft.parent.exists()
    try:
        write_atomic(draft / "pyproject.toml", text.encode())
        _lock(draft)
        for name in ("pyproject.toml", "uv.lock"):
            write_atomic(folder / name, (draft / name).read_bytes())
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if is_new and not folder.exists():
            with contextlib.suppress(OSError):
                draft.parent.rmdir()


def _lock(folder: Path) -> None:
    command = process.Command(
        argv=(str(find_uv()), "lock", "--project", str(folder)),
        cwd=folder,
        environment=surroundings.for_uv(),
        timeout=_LOCK_TIMEOUT,
    )
    done = process.run(command, process.Cancel())
    if done.code != 0 or not (folder / "uv.lock").is_file():
        why = (done.output or done.error).strip()
        if done.timed_out:
            why = f"uv did not end within {_LOCK_TIMEOUT:.0f} s"
        raise UnknownError(
            "lockgate itself could not be locked" + "".join(f"\n    {line}" for line in why.splitlines()[-10:]),
            "nothing was written; is the network there? `lockgate init --lockgate …` names another source",
        )
