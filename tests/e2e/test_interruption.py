"""Ctrl-C, termination, timeouts and fail-fast: everything ends, nothing is left behind, the next gate is whole."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running import ONE_CELL, assert_nobody_left, ended, left_behind, start, wait_for, with_tests
from tests.support import TESTS, Ran, gate, lockgate, package

MODULE = "tests/test_sample.py"
# A test that hangs beside two grandchildren, one in a session of its own and one with no environment either.
HANGING = """\
import os, subprocess, sys, time


def test_before(): pass


def test_hang():
    command = [sys.executable, "-c", "import time; time.sleep(1000)", os.getcwd()]
    for variables in (None, {}):
        subprocess.Popen(command, start_new_session=True, env=variables, cwd="/")
    open(".lockgate/hanging", "w").close()
    while True:
        time.sleep(1)
"""
STUBBORN = HANGING.replace(
    "    open(", "    import signal\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    open("
)
assert STUBBORN != HANGING


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose environment stands."""
    root = package(tmp_path_factory.mktemp("interruption"), ONE_CELL)
    assert lockgate(root, "gate").code == 0
    return root


@pytest.fixture
def hanging(standing: Path) -> Path:
    """The same with a test that hangs."""
    (standing / ".lockgate/hanging").unlink(missing_ok=True)
    return with_tests(standing, {MODULE: HANGING})


def hangs(root: Path) -> None:
    """Wait until the test hangs."""
    wait_for((root / ".lockgate/hanging").exists, "the hanging test to begin")


def assert_interrupted(ran: Ran, root: Path, **statuses: str) -> None:
    """Exit 130, the rest reported as skipped, nobody left, no half-written state: the next gate passes."""
    assert ran.code == 130, ran
    assert_nobody_left(root)
    assert list((root / ".lockgate/run").iterdir()) == []
    for name, status in statuses.items():
        assert ran.check(name.replace("_", "-").replace("312", "3.12"))["status"] == status
    after = gate(with_tests(root, {MODULE: TESTS}))
    assert (after.code, after.document["verdict"]) == (0, "pass"), after


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", pytest.param("SIGHUP", marks=pytest.mark.slow)])
def test_a_signal_while_tests_run_ends_them_and_their_children(hanging: Path, name: str) -> None:
    process = start(hanging, "--jobs", "2")
    hangs(hanging)
    process.send_signal(getattr(signal, name))
    ran = ended(process)
    assert ran.check("test-3.12")["reason"] == "interrupted"
    assert ran.document["verdict"] == "unknown"
    assert_interrupted(ran, hanging, test_312="skipped", coverage="skipped")


def test_ctrl_c_on_a_terminal_reaches_the_whole_foreground_group(hanging: Path) -> None:
    process = start(hanging)
    hangs(hanging)
    os.killpg(process.pid, signal.SIGINT)
    assert_interrupted(ended(process), hanging, test_312="skipped")


# Two pending signals of one kind are one, so the quick second is another.
@pytest.mark.parametrize(
    ("pause", "second"), [(0.0, signal.SIGTERM), pytest.param(0.3, signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_second_signal_ends_even_tests_that_ignore_being_asked(
    hanging: Path, pause: float, second: signal.Signals
) -> None:
    with_tests(hanging, {MODULE: STUBBORN})
    process = start(hanging)
    hangs(hanging)
    process.send_signal(signal.SIGINT)
    time.sleep(pause)
    process.send_signal(second)
    assert_interrupted(ended(process), hanging)


@pytest.mark.slow
def test_one_ctrl_c_ends_tests_that_ignore_being_asked_after_a_grace_period(hanging: Path) -> None:
    with_tests(hanging, {MODULE: STUBBORN})
    process = start(hanging)
    hangs(hanging)
    process.send_signal(signal.SIGINT)
    assert_interrupted(ended(process), hanging, test_312="skipped")


def test_a_hail_of_signals_changes_nothing(hanging: Path) -> None:
    # A lock taken in a signal handler would block for ever when the next signal interrupts it.
    process = start(hanging)
    hangs(hanging)
    for _ in range(3000):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
    ran = ended(process)
    assert "Traceback" not in ran.err
    assert_interrupted(ran, hanging)


@pytest.fixture
def silent_index() -> Iterator[str]:
    """A package index that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_during_an_installation_leaves_nothing_half_installed(
    tmp_path: Path, silent_index: str, times: int
) -> None:
    root = package(tmp_path / "sample", ONE_CELL)
    process = start(root, UV_DEFAULT_INDEX=silent_index, UV_CACHE_DIR=str(tmp_path / "cache"))
    wait_for(lambda: any("pip install" in line for line in left_behind(root)), "uv to install")
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert_interrupted(ran, root)
    if times == 1:
        assert [check["status"] for check in ran.document["checks"]] == ["skipped", "skipped"]


def test_ctrl_c_while_waiting_for_another_gate_ends_only_this_one(tmp_path: Path, silent_index: str) -> None:
    root = package(tmp_path / "sample", ONE_CELL)
    first = start(root, UV_DEFAULT_INDEX=silent_index, UV_CACHE_DIR=str(tmp_path / "cache"))
    wait_for(lambda: any("pip install" in line for line in left_behind(root)), "uv to install")
    second = start(root)
    assert second.stderr is not None
    said = b""
    while b"waiting for another lockgate" not in said:
        said = second.stderr.readline()
        assert said, "the second gate did not wait"
    second.send_signal(signal.SIGINT)
    assert ended(second).code == 130
    assert first.poll() is None
    first.send_signal(signal.SIGINT)
    assert_interrupted(ended(first), root)


def test_a_killed_lockgate_leaves_a_checkout_that_the_next_one_can_use(hanging: Path) -> None:
    process = start(hanging)
    hangs(hanging)
    process.kill()
    assert ended(process).code == -signal.SIGKILL
    assert left_behind(hanging)  # nobody can act on a SIGKILL; whoever comes next ends them
    after = gate(with_tests(hanging, {MODULE: TESTS}))
    assert_nobody_left(hanging)
    assert (after.code, after.document["verdict"]) == (0, "pass")
    gate(hanging)
    assert list((hanging / ".lockgate/run").iterdir()) == []


@pytest.mark.slow
def test_a_lockgate_killed_while_installing_does_not_stand_in_the_way(tmp_path: Path, silent_index: str) -> None:
    root = package(tmp_path / "sample", ONE_CELL)
    process = start(root, UV_DEFAULT_INDEX=silent_index, UV_CACHE_DIR=str(tmp_path / "cache"))
    wait_for(lambda: any("pip install" in line for line in left_behind(root)), "uv to install")
    orphans = [int(line.split()[0]) for line in left_behind(root) if not line.startswith(f"{process.pid} ")]
    process.kill()
    ended(process)
    for pid in orphans:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert gate(root).code == 0


def test_a_gate_started_under_nohup_survives_the_hangup(standing: Path) -> None:
    text = "import os, time\n\ndef test_it():\n    open('.lockgate/hanging', 'w').close()\n    time.sleep(1)\n"
    (standing / ".lockgate/hanging").unlink(missing_ok=True)
    with_tests(standing, {MODULE: text})
    process = start(standing, "test-3.12", ignoring=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    hangs(standing)
    process.send_signal(signal.SIGHUP)
    assert ended(process).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_ctrl_c_at_any_moment(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    root = package(tmp_path, ONE_CELL.replace('["test"', '["lint", "format", "test"'))
    if seed % 2:
        assert gate(root).code == 0
    process = start(root, "--fresh")
    wait_for((root / ".lockgate/run").is_dir, "lockgate to begin")
    time.sleep(chance.uniform(0.0, 2.0))
    number = chance.choice([signal.SIGINT, signal.SIGTERM])
    for _ in range(chance.choice([1, 2])):
        process.send_signal(number)
        time.sleep(chance.uniform(0.0, 0.1))
    ran = ended(process)
    assert ran.code == 130 or (ran.code, ran.document["verdict"]) == (0, "pass"), (ran, number)
    assert_nobody_left(root)
    after = gate(root)
    assert (after.code, after.document["verdict"]) == (0, "pass"), after
    assert list((root / ".lockgate/run").iterdir()) == []


def test_a_timeout_names_the_test_and_ends_its_grandchildren(tmp_path: Path) -> None:
    root = package(tmp_path, f'{ONE_CELL}[tool.lockgate.test]\ntimeout = "5s"\n', **{MODULE: HANGING})
    ran = gate(root)
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert "did not end within 5s while running tests/test_sample.py::test_hang" in ran.check("test-3.12")["reason"]
    assert "[tool.lockgate.test] timeout" in ran.check("test-3.12")["reason"]
    assert ran.check("coverage")["status"] == "skipped"
    assert_nobody_left(root)


LATE = {
    "at import": ("import time\ntime.sleep(1000)\n", "did not end within 5s"),
    "behind the end": (
        "import threading, time\n\ndef test_it():\n    threading.Thread(target=time.sleep, args=(1000,)).start()\n",
        "all tests had ended, but a thread",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("where", LATE)
def test_a_timeout_outside_a_test_says_what_it_can(tmp_path: Path, where: str) -> None:
    text, words = LATE[where]
    ran = gate(package(tmp_path, f'{ONE_CELL}[tool.lockgate.test]\ntimeout = "5s"\n', **{MODULE: text}), "test-3.12")
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert words in ran.check("test-3.12")["reason"]
    assert_nobody_left(tmp_path)
