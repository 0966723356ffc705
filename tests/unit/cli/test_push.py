from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import commit, write
from tests.unit.cli.conftest import Cli


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return commit(write(tmp_path / "clone", {"a.txt": "a\n"}))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--wait", "soon"), "--wait: 'soon' is not a duration"),
        (("--commit", "x", "--from", "nowhere", "--branch", "r"), "--from nowhere: there is no such folder"),
        (("--branch", "a..b"), "'a..b' is no name for a branch"),
        ((), "the branch main has no upstream"),
    ],
)
def test_a_wrong_command_line_is_exit_2(cli: Cli, clone: Path, arguments: tuple[str, ...], said: str) -> None:
    shown = cli("push", "-C", clone, *arguments)
    assert (shown.code, shown.out) == (2, "")
    assert said in shown.err


def test_a_wrong_table_is_exit_2_with_its_line(cli: Cli, clone: Path) -> None:
    write(clone, {"pyproject.toml": "[tool.lockgate.push]\nstamp = []\n"})
    shown = cli("push", "-C", clone)
    assert shown.code == 2
    assert "pyproject.toml:2: unknown key 'stamp'" in shown.err
    assert "did you mean 'stamps'?" in shown.err


def test_without_a_remote_of_that_name_it_is_exit_4(cli: Cli, clone: Path) -> None:
    shown = cli("push", "-C", clone, "--branch", "main")
    assert shown.code == 4
    assert "no remote is called 'origin'" in shown.err
    assert "git remote add origin URL" in shown.err


def test_a_bare_repository_has_no_branch_to_land(cli: Cli, tmp_path: Path, clone: Path) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", str(clone), str(tmp_path / "bare")], check=True)
    shown = cli("push", "-C", tmp_path / "bare")
    assert (shown.code, "bare repository" in shown.err) == (2, True)


def test_a_clone_that_cannot_be_written_is_unknown(cli: Cli, clone: Path, tmp_path: Path) -> None:
    # A file where the folder of notes would be: that hinders root, too.
    write(clone, {".git/lockgate": ""})
    shown = cli("push", "-C", clone, "--branch", "main", "--remote", str(tmp_path / "hub"))
    assert shown.code == 3
    assert ".git/lockgate" in shown.err
