from __future__ import annotations

import errno
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate import __main__ as door
from lockgate import cli as commands
from lockgate.flows import doctor
from lockgate.gate import workers
from lockgate.gate.checks import RUNNERS
from lockgate.gate.outcome import Outcome
from lockgate.model.errors import InterruptedByUserError
from tests.support import write
from tests.unit.cli.conftest import Cli


def provoke(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The next `lockgate doctor` ends in this."""

    def fail(_project: object) -> None:
        raise error

    monkeypatch.setattr(doctor, "diagnose", fail)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return write(tmp_path / "package", {"pyproject.toml": ""})


def test_a_bug_is_told_as_one_with_a_log_and_without_a_traceback(
    cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provoke(monkeypatch, ValueError("surprise"))
    shown = cli("doctor", "-C", root)
    assert (shown.code, shown.out) == (70, "")
    assert "Traceback" not in shown.err
    told = re.fullmatch(
        r"lockgate: this is a bug in lockgate: ValueError: surprise\n"
        r"  → the log is (/.*lockgate-crash-.*\.log); please report it\n",
        shown.err,
    )
    assert told is not None
    log = Path(told[1]).read_text()
    assert log.startswith("lockgate ")
    assert f"arguments: ['doctor', '-C', '{root}']" in log
    assert "Traceback (most recent call last)" in log
    assert log.endswith("ValueError: surprise\n")


def test_where_no_log_can_be_written_that_is_said(cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provoke(monkeypatch, ValueError("surprise"))
    with monkeypatch.context() as patch:  # pytest needs a place for its own files again
        patch.setattr(tempfile, "tempdir", str(root / "gone"))
        shown = cli("doctor", "-C", root)
    assert shown.code == 70
    assert shown.err.endswith("→ no log could be written (No such file or directory); please report it\n")


def provoke_in_a_check(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The next custom check ends in this, in the thread that runs it."""

    def fail(_context: object) -> Outcome:
        raise error

    monkeypatch.setattr(workers, "RUNNERS", {**RUNNERS, "custom": fail})


def test_a_bug_in_a_check_stops_the_gate_and_is_told_as_one(
    cli: Cli, root: Path, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del root  # where the log goes
    provoke_in_a_check(monkeypatch, ValueError("surprise"))
    shown = cli("gate", "--keep-going", "--fresh", "-C", quick)
    assert (shown.code, shown.out) == (70, "")
    assert "this is a bug in lockgate: ValueError: surprise" in shown.err
    assert "Traceback" not in shown.err
    assert not list((quick / ".lockgate/run").iterdir())


def test_an_error_of_the_system_in_a_check_is_unknown_and_no_bug(
    cli: Cli, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provoke_in_a_check(monkeypatch, OSError(errno.ENOSPC, "No space left on device", "/some/where"))
    shown = cli("gate", "good", "--fresh", "--format", "json", "-C", quick)
    assert shown.code == 3
    assert shown.check("good")["status"] == "unknown"
    assert shown.check("good")["reason"] == "/some/where: No space left on device; free some space"


def test_ctrl_c_is_130(cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provoke(monkeypatch, KeyboardInterrupt())
    shown = cli("doctor", "-C", root)
    assert (shown.code, shown.out, shown.err.strip()) == (130, "", "lockgate: interrupted")


def test_an_ending_that_was_asked_for_is_not_shown_in_red(
    cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    provoke(monkeypatch, InterruptedByUserError("stopped", "run it again"))
    shown = cli("doctor", "-C", root)
    assert (shown.code, shown.err) == (130, "lockgate: stopped\n  → run it again\n")


def test_windows_is_told_that_it_is_not_supported_yet(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    shown = cli("gate")
    assert (shown.code, shown.out) == (3, "")
    assert shown.err == "lockgate: Windows is not supported yet; Linux and macOS are (WSL works)\n"


@pytest.fixture
def signals() -> Iterator[None]:
    """What the door does with signals ends with the test, and begins as under a terminal."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_the_door_is_130(
    number: signal.Signals, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "run", lambda _arguments: signal.raise_signal(number))
    with pytest.raises(SystemExit) as ended:
        door.main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "\nlockgate: interrupted\n")


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_exit_code_is_that_of_the_command(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "run", lambda _arguments: code)
    with pytest.raises(SystemExit) as ended:
        door.main()
    assert ended.value.code == code
