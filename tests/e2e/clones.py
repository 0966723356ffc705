"""A bare repository with clones of it, and `lockgate push` run in them as a user would."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import Ran, command, environment

STAMP = "2026-01-{day:02d}T{hour:02d}:00:00Z"


def git(folder: Path, *arguments: str, check: bool = True, **changes: str) -> str:
    """Standard output of a git command, stripped."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, check=False, env={**os.environ, **changes}
    )
    assert not check or done.returncode == 0, done.stderr.decode(errors="replace")
    return os.fsdecode(done.stdout).strip()


def report(day: int, hour: int = 0, **more: object) -> str:
    """A generated file with a stamp."""
    return json.dumps({"generated_at": STAMP.format(day=day, hour=hour), **more}, indent=2) + "\n"


class Clone:
    """A clone on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str, **more: Any) -> str:  # noqa: ANN401
        """Standard output of git here."""
        return git(self.root, *arguments, **more)

    def name(self, name: str) -> None:
        """Let git know whose it is."""
        self.git("config", "user.name", name)
        self.git("config", "user.email", f"{name}@example.org")

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str, files: Mapping[str, str | bytes] | None = None, *arguments: str) -> str:
        """Commit everything; returns its id."""
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, *arguments)
        return self.git("rev-parse", "HEAD")

    def push(self, *arguments: str, **changes: str | None) -> Ran:
        """`lockgate push …` here."""
        done = subprocess.run(command("push", *arguments), cwd=self.root, env=environment(**changes),
                              capture_output=True, check=False, timeout=300, stdin=subprocess.DEVNULL)  # fmt: skip
        return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def start(self, *arguments: str, **changes: str | None) -> subprocess.Popen[bytes]:
        """The same in a process group of its own, not waited for."""
        return subprocess.Popen(command("push", *arguments), cwd=self.root, env=environment(**changes),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)  # fmt: skip

    def state(self) -> dict[str, object]:
        """Everything that a push that changes nothing must leave: HEAD, branches, index and the bytes of all files."""
        files = {str(path.relative_to(self.root)): path.read_bytes() if not path.is_symlink() else str(path.readlink())
                 for path in sorted(self.root.rglob("*"))
                 if ".git" not in path.relative_to(self.root).parts and not path.is_dir()}  # fmt: skip
        return {
            "head": self.git("symbolic-ref", "-q", "HEAD", check=False) or self.git("rev-parse", "HEAD"),
            "branches": self.git("for-each-ref", "refs/heads"),
            "index": self.git("ls-files", "-s"),
            "files": files,
        }

    def assert_sound(self) -> None:
        """No half-way clone: nothing under way, no lock, on its branch, and git finds no fault."""
        place = Path(self.git("rev-parse", "--absolute-git-dir"))
        assert not [name for name in ("rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD")
                    if (place / name).exists()]  # fmt: skip
        assert [str(path) for path in place.rglob("*.lock")] == []
        assert self.git("symbolic-ref", "-q", "HEAD").startswith("refs/heads/")
        self.git("fsck", "--no-dangling", "--no-progress")


class Hub:
    """The bare repository; every clone of it is somebody else."""

    def __init__(self, root: Path, files: Mapping[str, str | bytes] | None = None, *options: str) -> None:
        self.root = root / "hub.git"
        self._folder = root
        self.url = self.root.as_uri()
        git(root, "init", "-q", "--bare", "-b", "main", *options, str(self.root))
        if files is not None:
            # A clone of an empty repository would not take over the form of its ids.
            begun = Clone(root / "seed")
            git(root, "init", "-q", "-b", "main", *options, str(begun.root))
            begun.name("seed")
            begun.git("remote", "add", "origin", self.url)
            begun.commit("Begin", files)
            begun.git("push", "-q", "origin", "HEAD:main")

    def git(self, *arguments: str, **more: Any) -> str:  # noqa: ANN401
        """Standard output of git in the bare repository."""
        return git(self.root, *arguments, **more)

    def clone(self, name: str, *options: str) -> Clone:
        """A clone by a new person."""
        git(self._folder, "clone", "-q", *options, self.url, str(self._folder / name))
        clone = Clone(self._folder / name)
        clone.name(name)
        return clone

    def subjects(self, branch: str = "main") -> list[str]:
        """Subjects of the branch's commits, oldest first."""
        return self.git("log", "--reverse", "--format=%s", branch).split("\n")

    def show(self, path: str, branch: str = "main") -> str:
        """The content of a file of the branch."""
        return git(self.root, "show", f"{branch}:{path}") + "\n"

    def hook(self, name: str, script: str) -> None:
        """Install a hook."""
        path = self.root / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def assert_linear(self, branch: str = "main") -> None:
        """A sound repository without merge commits on the branch and without anything left in the queue."""
        assert self.git("rev-list", "--min-parents=2", branch) == ""
        self.git("fsck", "--no-dangling", "--no-progress")

    def queue(self) -> str:
        """What is left of lockgate's own references."""
        return self.git("for-each-ref", "--format=%(refname)", "refs/lockgate")
