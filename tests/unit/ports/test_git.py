from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lockgate.ports import git
from tests.support import commit, write


def run(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "tag.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return commit(write(tmp_path / "repository", {"a.py": "1", "é\n.py": "2", "inner/b.py": "3", ".gitignore": "no/"}))


def test_a_repository_says_where_it_stands(repository: Path) -> None:
    assert git.head(repository) == run(repository, "rev-parse", "HEAD")
    assert git.is_dirty(repository) is False
    assert git.tracked(repository) == (b".gitignore", b"a.py", b"inner/b.py", "é\n.py".encode())


@pytest.mark.parametrize("name", ["a.py", "new.py"])
def test_a_changed_and_an_untracked_file_make_it_dirty(repository: Path, name: str) -> None:
    write(repository, {name: "changed"})
    assert git.is_dirty(repository) is True


def test_an_ignored_file_does_not_make_it_dirty(repository: Path) -> None:
    write(repository, {"no/x": ""})
    assert git.is_dirty(repository) is False


def test_what_the_rules_leave_out_is_ignored_unless_it_is_tracked(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.lock\n")
    (repository / "a.lock").touch()
    assert git.is_ignored(repository, repository / "a.lock")
    assert not git.is_ignored(repository, repository / "b.txt")
    subprocess.run(["git", "add", "-f", "a.lock"], cwd=repository, check=True)
    assert not git.is_ignored(repository, repository / "a.lock")


def test_a_folder_of_a_repository_speaks_for_itself(repository: Path) -> None:
    write(repository, {"a.py": "changed"})
    assert git.is_dirty(repository / "inner") is False
    assert git.tracked(repository / "inner") == (b"b.py",)


def test_a_repository_without_commits_has_no_head(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    assert git.head(tmp_path) is None
    assert git.is_dirty(tmp_path) is False


def assert_knows_nothing(root: Path) -> None:
    assert git.head(root) is None
    assert git.is_dirty(root) is None
    assert git.tracked(root) == ()
    assert git.version_state(root).strip(b"\0") == b""


def test_outside_a_repository_nothing_is_known(tmp_path: Path) -> None:
    assert_knows_nothing(tmp_path)


def test_without_git_nothing_is_known(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert_knows_nothing(repository)


def test_a_broken_repository_is_none(repository: Path) -> None:
    (repository / ".git/HEAD").write_text("nonsense")
    assert_knows_nothing(repository)


def test_asking_leaves_the_index_alone(repository: Path) -> None:
    before = (repository / ".git/index").stat().st_mtime_ns
    (repository / "a.py").touch()
    assert git.is_dirty(repository) is False
    assert (repository / ".git/index").stat().st_mtime_ns == before


def test_a_version_from_git_changes_with_commit_tag_and_dirt(repository: Path) -> None:
    states = [git.version_state(repository)]
    run(repository, "tag", "v1")
    states.append(git.version_state(repository))
    run(repository, "commit", "-q", "--allow-empty", "-m", "More")
    states.append(git.version_state(repository))
    write(repository, {"a.py": "dirty"})
    states.append(git.version_state(repository))
    run(repository, "tag", "-f", "v1")
    states.append(git.version_state(repository))
    assert len(set(states)) == len(states)


def test_whoever_asks_git_anything_is_told_when_anything_changes(repository: Path) -> None:
    states = [git.whole_state(repository)]
    for change in (
        ("branch", "other"),
        ("checkout", "-q", "other"),
        ("config", "x.y", "z"),
        ("rm", "-q", "--cached", "a.py"),
    ):
        run(repository, *change)
        states.append(git.whole_state(repository))
    assert len(set(states)) == len(states)
    assert git.whole_state(repository) == states[-1]
