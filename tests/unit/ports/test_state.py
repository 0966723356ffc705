from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.model.errors import UnknownError
from lockgate.ports.state import elsewhere, new_run_folder, open_state, sweep_dead_runs, user_cache


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "package").mkdir()
    return tmp_path / "package"


def test_the_state_lies_in_the_project_and_git_ignores_it(root: Path) -> None:
    assert open_state(root) == root / ".lockgate"
    assert (root / ".lockgate/.gitignore").read_text() == "*\n"
    assert open_state(root) == root / ".lockgate"  # the second time too
    assert [path.name for path in root.iterdir()] == [".lockgate"]


def test_where_the_project_cannot_be_written_the_users_cache_has_it(root: Path, cache: Path) -> None:
    (root / ".lockgate").write_text("not a folder")
    state = open_state(root)
    assert state == elsewhere(root)
    assert state.parent == cache / "lockgate/projects"
    assert state.name.startswith("package-")


def test_two_projects_of_one_name_do_not_share_their_state(tmp_path: Path) -> None:
    assert elsewhere(tmp_path / "a/package") != elsewhere(tmp_path / "b/package")


def test_nowhere_to_write_is_unknown_and_says_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".lockgate").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / ".lockgate"))
    with pytest.raises(UnknownError) as caught:
        open_state(root)
    assert caught.value.message.startswith("lockgate has nowhere to keep its environments: ")
    assert caught.value.message.count(str(root / ".lockgate")) == 2
    assert caught.value.hint == "free some space, or set XDG_CACHE_HOME to a folder that can be written"
    assert caught.value.exit_code == 3


def test_the_users_cache_is_in_the_home_unless_xdg_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert user_cache() == tmp_path / "cache/lockgate"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert user_cache() == tmp_path / "home/.cache/lockgate"


def test_every_run_has_a_folder_of_its_own(root: Path) -> None:
    first, second = new_run_folder(root), new_run_folder(root)
    assert first != second
    assert first.is_dir()
    assert second.is_dir()


def test_only_the_folders_of_killed_runs_are_swept(root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    kept = [new_run_folder(root), root / f"run/{os.getppid()}-parent", root / "run/1-init", root / "run/other"]
    dead = root / f"run/{ended.pid}-dead"
    for folder in (*kept[1:], dead):
        folder.mkdir()
        (folder / "file").touch()
    sweep_dead_runs(root)
    assert sorted((root / "run").iterdir()) == sorted(kept)


def test_without_any_run_there_is_nothing_to_sweep(root: Path) -> None:
    sweep_dead_runs(root / "none")
    assert not (root / "none").exists()
