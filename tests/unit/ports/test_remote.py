from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.model.errors import RefusedError, UnknownError
from lockgate.ports import clock
from lockgate.ports.remote import Remote, Update, next_step
from lockgate.ports.repository import Repository

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.org")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    for arguments in (["init", "-q", "-b", "main", "clone"], ["init", "-q", "--bare", "hub"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    with Repository(tmp_path / "clone", {}) as made:
        made.git(*IDENTITY, "commit", "-q", "--allow-empty", "-m", "one")
        made.git(*IDENTITY, "commit", "-q", "--allow-empty", "-m", "two")
        yield made


def hub(repository: Repository, *, is_paced: bool = False) -> Remote:
    address = str(repository.folder.parent / "hub")
    return Remote(repository, address, {"url": address}, lambda _: None, is_paced=is_paced)


def test_references_are_swapped_from_what_is_expected_only(repository: Repository) -> None:
    target = hub(repository)
    one, two = (repository.git("rev-parse", name).text for name in ("HEAD~1", "HEAD"))
    made = target.push([Update("refs/heads/a", None, one)], atomic=False)
    assert made.outcomes == {"refs/heads/a": "done"}
    again = target.push([Update("refs/heads/a", None, two), Update("refs/x/b", None, two)], atomic=False)
    assert again.outcomes == {"refs/heads/a": "race", "refs/x/b": "done"}
    both = target.push([Update("refs/heads/a", two, two), Update("refs/x/b", two, None)], atomic=True)
    assert both.outcomes["refs/heads/a"] == "race"
    assert "done" not in both.outcomes.values()
    moved = target.push([Update("refs/heads/a", one, two), Update("refs/x/b", two, None)], atomic=True)
    assert set(moved.outcomes.values()) == {"done"}
    assert target.look("refs/*") == {"refs/heads/a": two}
    assert target.pushes == 4


def test_a_fetch_touches_no_reference(repository: Repository) -> None:
    target = hub(repository)
    head = repository.git("rev-parse", "HEAD").text
    target.push([Update("refs/heads/a", None, head)], atomic=False)
    before = sorted(str(path) for path in repository.git_dir.rglob("*"))
    assert target.fetch("refs/heads/a")
    assert not target.fetch("refs/heads/none")
    assert sorted(str(path) for path in repository.git_dir.rglob("*")) == before


def test_what_is_not_there_is_refused_and_what_cannot_be_reached_unknown(repository: Repository) -> None:
    gone = str(repository.folder / "none")
    for address, error in ((gone, RefusedError), ("http://127.0.0.1:9/x", UnknownError)):
        target = Remote(repository, address, {"url": address}, lambda _: None, is_paced=False)
        with pytest.raises(error):
            target.look("refs/heads/*")
        with pytest.raises(error):
            target.fetch("refs/heads/a")
        pushed = target.push([Update("refs/heads/a", None, repository.git("rev-parse", "HEAD").text)], atomic=False)
        assert pushed.outcomes == {"refs/heads/a": "refused" if error is RefusedError else "unclear"}


def test_pushes_to_a_paced_host_keep_their_distance(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setattr(clock, "monotonic", lambda: 100.0)
    target = hub(repository, is_paced=True)
    head = repository.git("rev-parse", "HEAD").text
    for number in range(6):
        target.push([Update(f"refs/x/{number}", None, head)], atomic=False)
    assert pauses == [10.0, 10.0]


def test_what_takes_longer_than_a_moment_is_said(repository: Repository) -> None:
    said: list[str] = []
    address = str(repository.folder.parent / "hub")
    target = Remote(repository, "origin", {"url": address}, said.append, is_paced=False)
    hook = repository.folder.parent / "hub/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nsleep 1.5\n")
    hook.chmod(0o755)
    target.push([Update("refs/heads/a", None, repository.git("rev-parse", "HEAD").text)], atomic=False)
    assert said == ["waiting for origin to take the push"]


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("GH006: Protected branch update failed", "pull request"),
        ("remote: error: GH013: Repository rule violations found", "pull request"),
        ("GH001: Large files detected", "large file"),
        ("shallow update not allowed", "--unshallow"),
        ("pre-receive hook declined", "mend what the hook says"),
        ("The requested URL returned error: 403", "contents: write"),
        ("Permission to a/b.git denied to c", "contents: write"),
        ("could not read Username for 'https://github.com'", "contents: write"),
        ("Repository not found", "set-url"),
    ],
)
def test_the_next_step(said: str, step: str) -> None:
    assert step in (next_step(said) or "")


def test_nothing_is_made_up_for_what_is_not_known() -> None:
    assert next_step("strange") is None
