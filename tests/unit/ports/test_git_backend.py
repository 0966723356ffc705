"""Git's smart HTTP protocol by git's own backend: what it says, and what is said where there is no git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lockgate.model.errors import UnknownError
from lockgate.ports import git_backend
from lockgate.ports.service import Reply, Request

INFO = Request(method="GET", target="/a.git/info/refs?service=git-upload-pack", headers={}, body=None)
PUSH = Request(method="GET", target="/a.git/info/refs?service=git-receive-pack", headers={}, body=None)


def ask(root: Path, request: Request, user: str | None = None) -> Reply:
    return git_backend.serve(root, request, "/a.git/info/refs", user, {})


def test_what_the_backend_says(tmp_path: Path) -> None:
    git_backend.create(tmp_path / "a.git", "trunk", "#!/bin/sh\nexit 1\n")
    head = subprocess.run(
        ["git", "symbolic-ref", "HEAD"], cwd=tmp_path / "a.git", capture_output=True, text=True, check=True
    )
    assert head.stdout == "refs/heads/trunk\n"
    read = ask(tmp_path, INFO)
    assert (read.status, read.kind) == (200, "application/x-git-upload-pack-advertisement")
    # Only somebody may push.
    assert ask(tmp_path, PUSH).status == 403
    assert ask(tmp_path, PUSH, "octo").status == 200
    assert git_backend.serve(tmp_path, INFO, "/b.git/info/refs", None, {}).status == 404


def test_without_a_hook(tmp_path: Path) -> None:
    git_backend.create(tmp_path / "a.git")
    assert not (tmp_path / "a.git/hooks/pre-receive").exists()


def test_without_git_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnknownError, match="git"):
        git_backend.create(tmp_path / "a.git")
    with pytest.raises(UnknownError, match="git does not run"):
        ask(tmp_path, INFO)


def test_a_backend_that_says_nothing_is_an_error_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert ask(tmp_path, INFO).status == 500
