from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import lists, sampled_from

from lockgate.cli.app import called
from lockgate.cli.plain import plain
from lockgate.flows import push as flow
from lockgate.flows.push import Wishes
from tests.support import commit, write
from tests.unit.cli.conftest import Cli


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return commit(write(tmp_path / "clone", {"a.txt": "a\n"}))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--wait", "soon"), "--wait: 'soon' is not a duration"),
        (("--commit", "x", "--from", "nowhere", "--branch", "r"), "Directory 'nowhere' does not exist"),
        (("--commit", "x", "--from", "", "--branch", "r"), "Directory '' does not exist"),
        (("--commit", "x", "--from", ".", "--branch", ""), "--branch is empty"),
        (("--remote", ""), "--remote is empty"),
        (("--branch", "-x"), "'-x' is no name for a branch"),
        (("--branch", "caf\udce9"), "the name of the branch 'caf\\udce9' is not UTF-8"),
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


WORDS = """-n --dry-run -q --quiet --no-color -b main --branch --branch=x -bx -r origin -m --wait 5m
    --format json text xml --from there nowhere -C --help -- -nq""".split()


@given(arguments=lists(sampled_from(["", "a word", *WORDS]), max_size=6))
def test_what_is_read_without_click_is_what_click_reads(
    arguments: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    there = tmp_path_factory.getbasetemp() / "there"
    there.mkdir(exist_ok=True)
    arguments = [str(there) if word == "there" else word for word in arguments]
    read = plain(arguments)
    wished: list[Wishes] = []

    def push(wishes: Wishes) -> int:
        wished.append(wishes)
        return 0

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setattr(flow, "push", push)
        code = called(["push", *arguments])
    # Whatever is wrong or asks for help, click sees; what is right may go either way.
    assert read is None or (code, [read]) == (0, wished)


def test_a_usual_command_line_is_read_without_click() -> None:
    assert plain(["-n", "--branch", "r", "-q", "--wait", "5m"]) == Wishes(
        branch="r", wait="5m", dry_run=True, quiet=True
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize(("arguments", "code"), [("--dry-run", 4), ("--help", 0), ("--wait soon", 2), ("--nope", 2)])
def test_a_closed_output_changes_no_exit_code(clone: Path, closed: str, arguments: str, code: int) -> None:
    script = f"{sys.executable} -m lockgate push --branch main {arguments} {closed}"
    done = subprocess.run(["sh", "-c", script], cwd=clone, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    assert done.returncode == (3 if closed == "2>/dev/full" and arguments == "--nope" else code)


def test_a_push_starts_without_click(clone: Path) -> None:
    script = (
        "import sys; from lockgate.cli import run; run(sys.argv[1:]); print(sorted({'click', 'rich'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "push", "-q", "-C", str(clone)], capture_output=True, check=True
    )
    assert done.stdout.decode().splitlines()[-1] == "[]"
