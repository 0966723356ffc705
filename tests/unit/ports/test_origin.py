"""Real git: a remote on the disk, clones of it, and one clone that is not whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lockgate.model.errors import UnknownError, UsageError
from lockgate.ports import checkout, git, origin
from tests.support import commit, write

pytestmark = pytest.mark.usefixtures("no_settings")
GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always")


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def run(root: Path, *arguments: str) -> str:
    done = subprocess.run([*GIT, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def pair(folder: Path, **files: str) -> Path:
    """A clone whose remote has its main."""
    root = commit(write(folder / "clone", {"pyproject.toml": "", **files}))
    run(folder, "init", "-q", "--bare", "-b", "main", "origin.git")
    run(root, "remote", "add", "origin", str(folder / "origin.git"))
    run(root, "push", "-q", "origin", "main")
    return root


def another(folder: Path, root: Path) -> str:
    """Somebody else's commit on the remote, which the clone does not know."""
    run(folder, "clone", "-q", str(folder / "origin.git"), "other")
    run(folder / "other", "commit", "-q", "--allow-empty", "-m", "More")
    run(folder / "other", "push", "-q", "origin", "HEAD:main")
    assert run(root, "rev-parse", "HEAD") != run(folder / "other", "rev-parse", "HEAD")
    return run(folder / "other", "rev-parse", "HEAD")


def test_tags_are_the_commits_that_they_stand_for(tmp_path: Path) -> None:
    root = pair(tmp_path)
    head = run(root, "rev-parse", "HEAD")
    run(root, "tag", "light")
    run(root, "tag", "-a", "heavy", "-m", "x")
    run(root, "push", "-q", "origin", "heavy")
    assert origin.tags(root) == {"light": head, "heavy": head}
    assert origin.look(root, "main") == origin.Origin("origin", head, {"heavy": head})
    assert origin.look(root, "none").tip is None


def test_a_commit_below_a_tip_that_is_not_here(tmp_path: Path) -> None:
    root = pair(tmp_path)
    head = run(root, "rev-parse", "HEAD")
    tip = another(tmp_path, root)
    seen = origin.look(root, "main")
    assert seen.tip == tip
    assert origin.has(root, seen, "main", head) is True
    run(root, "commit", "-q", "--allow-empty", "-m", "Mine")
    assert origin.has(root, seen, "main", run(root, "rev-parse", "HEAD")) is False
    assert origin.has(root, origin.Origin("origin", None, {}), "main", head) is False
    assert "FETCH_HEAD" not in [path.name for path in (root / ".git").iterdir()]


def test_a_clone_that_is_not_whole_cannot_tell(tmp_path: Path) -> None:
    root = pair(tmp_path)
    first = run(root, "rev-parse", "HEAD")
    tip = another(tmp_path, root)
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path / 'origin.git'}", "shallow")
    seen = origin.Origin("origin", tip, {})
    assert origin.has(tmp_path / "shallow", seen, "main", first) is None


def test_a_remote_that_does_not_answer_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = pair(tmp_path)
    run(root, "remote", "set-url", "origin", "https://user:hunter22@127.0.0.1:9/x.git")
    with pytest.raises(UnknownError, match="git ls-remote: ") as gone:
        origin.look(root, "main")
    assert "hunter22" not in gone.value.message
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnknownError, match="git ls-remote did not end well"):
        origin.look(root, "main")


def test_a_checkout_is_the_commit_whatever_lies_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = pair(tmp_path, **{"text": "a\n", ".gitattributes": "", "package/pyproject.toml": ""})
    head = run(root, "rev-parse", "HEAD")
    (root / "text").write_text("changed\n")
    (root / "untracked").write_text("")
    hooks = write(tmp_path / "hooks", {"post-checkout": "#!/bin/sh\ntouch hooked\n"})
    (hooks / "post-checkout").chmod(0o755)
    write(tmp_path, {".gitconfig": f"[core]\n\tautocrlf = true\n\thooksPath = {hooks}\n"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / ".gitconfig"))
    inside = checkout.check_out(root / "package", head, tmp_path / "out")
    assert inside == tmp_path / "out" / "package"
    assert (tmp_path / "out" / "text").read_bytes() == b"a\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".git", ".gitattributes", "package", "pyproject.toml", "text",
    ]  # fmt: skip
    assert run(tmp_path / "out", "rev-parse", "HEAD") == head
    assert checkout.made_at(root, head) == int(run(root, "log", "-1", "--format=%ct"))
    assert checkout.made_at(root, "0" * 40) is None


def test_what_cannot_be_checked_out(tmp_path: Path) -> None:
    root = pair(tmp_path)
    with pytest.raises(UnknownError, match="cannot be checked out"):
        checkout.check_out(root, "0" * 40, tmp_path / "a")
    (root / "late").mkdir()
    with pytest.raises(UsageError, match="has no package in late"):
        checkout.check_out(root / "late", run(root, "rev-parse", "HEAD"), tmp_path / "b")
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="in no git repository"):
        checkout.check_out(tmp_path / "plain", "0" * 40, tmp_path / "c")


def test_submodules_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {".gitconfig": '[protocol "file"]\n\tallow = always\n'})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / ".gitconfig"))
    commit(write(tmp_path / "part", {"inner": "1"}))
    root = pair(tmp_path)
    run(root, "submodule", "-q", "add", str(tmp_path / "part"), "part")
    run(root, "commit", "-q", "-m", "Part")
    checkout.check_out(root, run(root, "rev-parse", "HEAD"), tmp_path / "out")
    assert (tmp_path / "out" / "part" / "inner").read_text() == "1"


def test_what_has_changed(tmp_path: Path) -> None:
    root = pair(tmp_path)
    assert git.changed(root) == ()
    write(root, {"pyproject.toml": "x", "ünsaid name": ""})
    assert git.changed(root) == ("pyproject.toml", "ünsaid name")
    assert git.changed(tmp_path) is None
