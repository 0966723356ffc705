"""What git knows of the working tree; every answer is None or empty where there is no git."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path


def run(
    root: Path, *arguments: str, variables: Mapping[str, str], stdin: bytes = b"", limit: float = 60.0
) -> subprocess.CompletedProcess[bytes]:
    """A finished git command, whatever its exit code; `limit` is in seconds, `variables` join the environment.

    Raises:
        OSError: There is no git.
        subprocess.TimeoutExpired: It took longer than `limit`.
    """
    return subprocess.run(
        ["git", *arguments],  # noqa: S607
        cwd=root,
        capture_output=True,
        check=False,
        timeout=limit,
        env={**os.environ, "LC_ALL": "C", **variables},
        input=stdin,
    )


def _git(root: Path, *arguments: str) -> bytes | None:
    """Standard output of a git command, None when git is missing, fails or this is no repository."""
    try:
        done = run(root, *arguments, variables={"GIT_OPTIONAL_LOCKS": "0"})
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def head(root: Path) -> str | None:
    """Full hash of HEAD."""
    answer = _git(root, "rev-parse", "--verify", "-q", "HEAD")
    return answer.decode().strip() if answer else None


def top(root: Path) -> Path | None:
    """The top folder of the working tree that `root` is in."""
    answer = _git(root, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(answer.rstrip(b"\n"))).resolve() if answer else None


def remote_url(root: Path) -> str | None:
    """The URL of the remote that the current branch, or else `origin`, is fetched from; without credentials in it."""
    remote = _git(root, "config", "--get", f"branch.{_branch(root)}.remote") or b"origin"
    answer = _git(root, "remote", "get-url", remote.decode().strip())
    return without_credentials(os.fsdecode(answer).strip()) if answer else None


def without_credentials(url: str) -> str:
    """A URL without the password in it, and without the user unless ssh needs one: a token can stand there."""
    if url.startswith("ssh://"):
        return re.sub(r"(://[^/:@]*):[^/]*@", r"\1@", url)
    return re.sub(r"(?<=://)[^/]*@", "", url)


def _branch(root: Path) -> str:
    return os.fsdecode(_git(root, "symbolic-ref", "--short", "-q", "HEAD") or b"").strip()


def is_dirty(root: Path) -> bool | None:
    """Whether the tree below `root` differs from HEAD, untracked files included."""
    answer = _git(root, "status", "--porcelain", "-z", "--", ".")
    return None if answer is None else bool(answer)


def changed(root: Path) -> tuple[str, ...] | None:
    """Paths below `root` that differ from HEAD, untracked files included; None without git."""
    answer = _git(root, "status", "--porcelain", "-z", "--no-renames", "--", ".")
    return None if answer is None else tuple(os.fsdecode(one)[3:] for one in answer.split(b"\0") if one)


def tracked(root: Path) -> tuple[bytes, ...]:
    """Tracked files below `root`, relative to it."""
    answer = _git(root, "ls-files", "-z", "--", ".")
    return tuple(name for name in (answer or b"").split(b"\0") if name)


def is_ignored(root: Path, path: Path) -> bool:
    """Whether git leaves `path` out by its rules."""
    return _git(root, "check-ignore", "-q", "--", str(path)) is not None


def version_state(root: Path) -> bytes:
    """What a version made from git depends on: HEAD, the nearest tag, and whether the tree is clean."""
    described = _git(root, "describe", "--tags", "--long", "--always", "--dirty", "--match", "*")
    tags = _git(root, "for-each-ref", "--format=%(refname) %(objectname)", "refs/tags")
    return b"\0".join(((head(root) or "").encode(), described or b"", tags or b""))


def changed_since(root: Path, moment: float) -> bool:
    """Whether HEAD, a reference, the index or the configuration changed after `moment` (seconds since the epoch)."""
    answer = _git(root, "rev-parse", "--git-dir", "--git-common-dir")
    folders = {root / os.fsdecode(line) for line in (answer or b"").splitlines()}
    files = [folder / name for folder in folders for name in ("HEAD", "packed-refs", "index", "config")]
    files += [path for folder in folders for path in (folder / "refs", *(folder / "refs").rglob("*"))]
    return any(_ctime(path) >= moment for path in files)


def _ctime(path: Path) -> float:
    try:
        return path.stat().st_ctime
    except OSError:
        return 0.0


def whole_state(root: Path) -> bytes:
    """What anybody who asks git may learn besides the files: the version's sources, branches, index, configuration."""
    questions = (
        ("for-each-ref", "--format=%(refname) %(objectname) %(upstream)"),
        ("symbolic-ref", "-q", "HEAD"),
        ("ls-files", "--stage", "-z"),
        ("config", "--list", "-z"),
    )
    return b"\0\0".join((version_state(root), *(_git(root, *question) or b"" for question in questions)))
