from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.cli.app import COMMANDS
from lockgate.cli.schema import NAMES
from tests.support import command, environment, lockgate, write
from tests.unit.cli.conftest import Cli


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gaet",), "no command 'gaet': did you mean 'gate'?"),
        (
            ("xyz",),
            f"no command 'xyz': valid names are: {', '.join(COMMANDS)}",
        ),
        (("--verison",), "No such option '--verison'. Did you mean '--version'?"),
        (("gate", "--pyhton", "3.12"), "No such option '--pyhton'. Did you mean '--python'?"),
        (("gate", "--format", "xml"), "'xml' is not one of 'text', 'json', 'junit', 'sarif', 'markdown', 'github'"),
        (("gate", "--jobs", "0"), "0 is not in the range x>=1"),
        (("gate", "-C", "no/such/folder"), "Directory 'no/such/folder' does not exist"),
        (("gate", "--python"), "Option '--python' requires an argument"),
        (("schema",), f"Missing argument '{{{'|'.join(NAMES)}}}'"),
        (("schema", "gaet"), f"'gaet' is not one of {', '.join(map(repr, NAMES))}"),
        (("completion", "tcsh"), "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
        (("clean", "everything"), "Got unexpected extra argument (everything)"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_says_what_is_right(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    shown = cli(*arguments)
    assert (shown.code, shown.out) == (2, "")
    assert told in shown.err


@pytest.mark.parametrize("name", ["gate", "doctor", "init"])
def test_where_there_is_no_package_every_command_says_so(cli: Cli, tmp_path: Path, name: str) -> None:
    shown = cli(name, "-C", tmp_path)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == (
        f"lockgate: no pyproject.toml in {tmp_path.resolve()}\n"
        "  → run lockgate in a package's folder, or name it with -C DIR\n"
    )


def test_a_mistake_in_the_table_names_file_line_key_and_the_right_one(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.lockgate]\n\n[tool.lockgate.test]\ntimeuot = '1m'\n"})
    shown = cli("gate", "-C", tmp_path)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == (
        "lockgate: pyproject.toml:4: unknown key 'timeuot' in [tool.lockgate.test]\n  → did you mean 'timeout'?\n"
    )


def test_a_selection_that_contradicts_itself_runs_nothing(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.lockgate]\npython = ['3.8', '3.12']\n"})
    for more in ((), ("--list",)):
        shown = cli("gate", "test-3.8", "--python", "3.12", "-C", tmp_path, *more)
        assert (shown.code, shown.out) == (2, "")
        assert "test-3.8 and --python 3.12 exclude each other" in shown.err


def test_a_list_shows_what_would_run_and_where(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.lockgate]\npython = ['3.8', '3.12']\nchecks = ['lint', 'test']\n"})
    assert cli("gate", "--list", "-C", tmp_path).out == (
        "lint       Python 3.12\ntest-3.8   Python 3.8\ntest-3.12  Python 3.12\n"
    )
    assert cli("gate", "--list", "test-3.8", "-C", tmp_path).out == "test-3.8  Python 3.8\n"
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]


def test_a_refusal_is_red_where_colours_are_wanted(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert cli("gate", "-C", tmp_path).err.startswith("\x1b[1;31mlockgate: no pyproject.toml")
    monkeypatch.setattr(sys, "argv", ["lockgate", "--no-color"])
    assert cli("gate", "--no-color", "-C", tmp_path).err.startswith("lockgate: no pyproject.toml")


def test_lockgate_is_a_module_and_a_script(tmp_path: Path) -> None:
    as_module = lockgate(tmp_path, "--version")
    script = Path(sys.executable).with_name("lockgate")
    as_script = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert (as_module.code, as_module.out) == (0, as_script.stdout)


# --- who reads it


def without_reader(cwd: Path, *arguments: str, stream: str) -> subprocess.CompletedProcess[str]:
    """Lockgate with an output whose reader has gone, as of `lockgate … | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            command(*arguments),
            cwd=cwd,
            env=environment(),
            text=True,
            check=False,
            timeout=60,
            stdout=writer if stream == "stdout" else subprocess.PIPE,
            stderr=writer if stream == "stderr" else subprocess.PIPE,
        )
    finally:
        os.close(writer)


@pytest.mark.parametrize("arguments", [("--help",), ("gate", "--help"), ("schema", "gate"), ("gate", "--list")])
def test_a_reader_that_goes_away_is_no_verdict_and_no_complaint(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.lockgate]\n"})
    done = without_reader(tmp_path, *arguments, stream="stdout")
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_a_report_is_written_even_when_nobody_reads_the_result(quick: Path, tmp_path: Path) -> None:
    done = without_reader(quick, "gate", "good", "--report", str(tmp_path / "out"), stream="stdout")
    assert done.returncode == 128 + signal.SIGPIPE
    assert "PASS in " in (tmp_path / "out/gate.txt").read_text()


def test_what_cannot_be_told_any_more_still_has_its_exit_code(tmp_path: Path) -> None:
    assert without_reader(tmp_path, "gate", stream="stderr").returncode == 2


def test_a_reader_that_takes_all_changes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" | cat', "bash", *command("--help")],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(b"Usage: lockgate ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [("--help",), ("schema", "gate"), ("gate", "--list")])
def test_results_that_go_to_a_full_disk_are_unknown_and_no_bug(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.lockgate]\n"})
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr == "lockgate: the output: No space left on device\n  → free some space\n"
