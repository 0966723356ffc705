"""What the remote has of a release's surroundings: the protected branch, and the tags."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec

from lockgate.model.errors import UnknownError
from lockgate.ports import git, history
from lockgate.ports.credentials import for_git, redacted


class Origin(msgspec.Struct, frozen=True):
    """One look at the remote: the branch's tip, and the commit that each tag stands for."""

    remote: str
    tip: str | None
    tags: dict[str, str]


def look(root: Path, branch: str) -> Origin:
    """Ask the remote that the current branch follows, else `origin`.

    Raises:
        UnknownError: There is none, or it does not answer.
    """
    current = (history.ask(root, "symbolic-ref", "--short", "-q", "HEAD") or b"").decode().strip()
    remote = (history.ask(root, "config", "--get", f"branch.{current}.remote") or b"origin").decode().strip()
    refs = peeled(_git(root, "ls-remote", remote, f"refs/heads/{branch}", "refs/tags/*"))
    tags = {name.removeprefix("refs/tags/"): oid for name, oid in refs.items() if name.startswith("refs/tags/")}
    return Origin(remote, refs.get(f"refs/heads/{branch}"), tags)


def tags(root: Path) -> dict[str, str]:
    """The commit by tag, of this clone."""
    listed = history.ask(root, "show-ref", "--tags", "--dereference") or b""
    return {name.removeprefix("refs/tags/"): oid for name, oid in peeled(listed.replace(b" ", b"\t")).items()}


def has(root: Path, origin: Origin, branch: str, commit: str) -> bool | None:
    """Whether the remote's branch has the commit; None when the history that would tell is not here.

    Raises:
        UnknownError: The remote does not answer.
    """
    if origin.tip is None or origin.tip == commit:
        return origin.tip == commit
    if history.ask(root, "cat-file", "-e", origin.tip) is None:
        apart = ("--no-write-fetch-head", "--no-auto-gc", "--no-tags", "--no-recurse-submodules", "--refmap=", "-q")
        _git(root, "fetch", *apart, origin.remote, f"refs/heads/{branch}")
    if history.contains(root, origin.tip, commit):
        return True
    return None if history.why_incomplete(root) else False


def peeled(listed: bytes) -> dict[str, str]:
    """Commit by reference, of lines like `OID<tab>REF`; annotated tags by what they are of."""
    pairs = [line.split("\t", 1) for line in os.fsdecode(listed).splitlines() if "\t" in line]
    direct = {ref: oid for oid, ref in pairs if not ref.endswith("^{}")}
    return {**direct, **{ref.removesuffix("^{}"): oid for oid, ref in pairs if ref.endswith("^{}")}}


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = git.run(root, *arguments, variables={"GIT_TERMINAL_PROMPT": "0", **for_git()})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnknownError(f"git {arguments[0]} did not end well: {type(error).__name__}") from None
    if done.returncode != 0:
        said = redacted(done.stderr.decode(errors="replace")).strip().splitlines()
        raise UnknownError(f"git {arguments[0]}: {said[-1] if said else f'exit {done.returncode}'}")
    return done.stdout
