"""Tests that do things to their surroundings: daemons, floods of output, broken bytes, broken coverage data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running import ONE_CELL, assert_nobody_left, left_behind, with_tests
from tests.support import TESTS, command, environment, gate, lockgate, package

MODULE = "tests/test_sample.py"
# Forks twice, opens a session of its own and tells its name by a file; `close` and `clear` are filled in.
DAEMON = """\
import os, sys, time
from pathlib import Path


def test_daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            if {close}:
                null = os.open(os.devnull, os.O_RDWR)
                for descriptor in (0, 1, 2):
                    os.dup2(null, descriptor)
            variables = {{}} if {clear} else dict(os.environ)
            os.chdir("/")
            Path({root!r}, "pid").write_text(str(os.getpid()))
            os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)", {root!r}], variables)
        os._exit(0)
    while not Path({root!r}, "pid").exists():
        time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose environment stands; each test gives it another test suite."""
    root = package(tmp_path_factory.mktemp("misbehaving"), ONE_CELL)
    assert lockgate(root, "gate").code == 0
    return root


@pytest.mark.parametrize("clear", [False, True], ids=["with its environment", "with no environment"])
@pytest.mark.parametrize("close", [True, False], ids=["closed output", "open output"])
def test_a_daemon_neither_delays_the_gate_nor_survives_it(root: Path, *, close: bool, clear: bool) -> None:
    (root / "pid").unlink(missing_ok=True)
    with_tests(root, {MODULE: DAEMON.format(close=close, clear=clear, root=str(root))})
    ran = gate(root, "test-3.12", "--", "-s")
    assert ran.code == 0
    assert int((root / "pid").read_text()) > 0
    assert_nobody_left(root)
    if not clear:
        # The cleared one is found only when the gate ends, too late for a note.
        assert "running; ended" in ran.check("test-3.12")["notes"][0]


def test_the_search_for_survivors_finds_one(root: Path) -> None:
    # Proves that the tests above can fail.
    sleeping = [sys.executable, "-c", "import time; time.sleep(1000)", str(root)]
    with subprocess.Popen(sleeping, cwd="/", env={}) as survivor:
        assert any(line.split()[0] == str(survivor.pid) for line in left_behind(root))
        survivor.kill()


GIGABYTE = """\
import os


def test_flood():
    block = (b"x" * 79 + b"\\n") * 13108
    for _ in range(1024):
        os.write(1, block)
"""


def test_a_gigabyte_of_output_is_neither_kept_in_memory_nor_shown(root: Path) -> None:
    with_tests(root, {MODULE: GIGABYTE})
    process = subprocess.Popen(
        command("gate", "-v", "test-3.12", "--", "-s"),
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    shown = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    assert process.returncode == 0
    assert b"bytes left out" in shown
    assert len(shown) < 2_000_000
    # The largest of lockgate and all that it waited for; Linux counts KiB, macOS bytes.
    assert usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) < 400_000_000


def test_invalid_utf8_on_the_output_is_shown_as_escapes(root: Path) -> None:
    text = "import os\ndef test_bytes():\n    os.write(1, b'<\\xff\\xfe>')\n"
    ran = lockgate(with_tests(root, {MODULE: text}), "gate", "-v", "test-3.12", "--", "-s")
    assert ran.code == 0
    assert "<\\xff\\xfe>" in ran.err


ODD_MESSAGES = """\
class Broken:
    def __repr__(self): raise RuntimeError

def test_surrogate(): assert 0, 'left \\udcff right'
def test_null(): assert 0, 'left \\0 right'
def test_codes(): assert 0, 'left \\x1b[31mred'
def test_repr(): assert Broken() == 'left'
"""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_failures_with_messages_that_cannot_be_encoded_are_still_reported(root: Path, encoding: str) -> None:
    with_tests(root, {MODULE: ODD_MESSAGES})
    ran = gate(root, "test-3.12", PYTHONIOENCODING=encoding)
    problems = ran.check("test-3.12")["problems"]
    assert ran.code == 1
    assert [problem["line"] for problem in problems] == [4, 5, 6, 7]
    assert all("left" in problem["message"] for problem in problems)
    text = lockgate(root, "gate", "test-3.12", PYTHONIOENCODING=encoding)
    assert text.code == 1
    assert [line for line in range(4, 8) if f"{MODULE}:{line}" not in text.out] == []


def test_a_test_file_that_is_no_text_fails_with_its_name(root: Path) -> None:
    ran = gate(with_tests(root, {MODULE: b"name = '\xff'\n"}), "test-3.12")
    (problem,) = ran.check("test-3.12")["problems"]
    assert (ran.code, problem["path"]) == (1, MODULE)
    assert "could not be collected" in problem["message"]
    assert "can't decode byte 0xff" in problem["message"]


def test_names_that_are_no_text_do_not_stop_the_gate(root: Path) -> None:
    with_tests(root, {MODULE: TESTS})
    (Path(os.fsdecode(os.fsencode(root) + b"/tests/d\xff.txt"))).write_text("data")
    first, second = gate(root), gate(root)
    assert (first.code, second.code) == (0, 0)
    assert second.check("test-3.12")["cached"]


def test_a_file_name_that_is_no_text_is_reported_when_its_test_fails(root: Path) -> None:
    with_tests(root, {MODULE: TESTS})
    (Path(os.fsdecode(os.fsencode(root) + b"/tests/test_\xff.py"))).write_text("def test_it():\n    assert 0\n")
    ran = gate(root, "test-3.12")
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert len(ran.check("test-3.12")["problems"]) == 1


COVERAGE = (
    "import atexit, os, pathlib, shutil\nfrom sample import double\n\n\ndef test_it():\n    double(2)\n    {body}\n"
)
SPOILED = {
    # At the exit of the interpreter, after coverage has written its own: the probe's handler was registered first.
    "overwritten": "atexit._run_exitfuncs(); [p.write_bytes(b'rubbish') for p in FILES()]",
    "cut": "atexit._run_exitfuncs(); [os.truncate(p, 100) for p in FILES()]",
    "emptied": "atexit._run_exitfuncs(); [os.truncate(p, 0) for p in FILES()]",
    "a second one": "pathlib.Path(os.environ['COVERAGE_FILE'] + '.other').write_bytes(b'rubbish')",
}


@pytest.mark.parametrize("what", SPOILED)
def test_broken_coverage_data_make_coverage_unknown(root: Path, what: str) -> None:
    files = "pathlib.Path(os.environ['COVERAGE_FILE']).parent.glob('coverage*')"
    with_tests(root, {MODULE: COVERAGE.format(body=SPOILED[what].replace("FILES()", files))})
    ran = gate(root)
    assert (ran.code, ran.document["verdict"], ran.document["coverage"]) == (3, "unknown", None)
    assert (ran.check("test-3.12")["status"], ran.check("coverage")["status"]) == ("pass", "unknown")
    assert "could not be combined" in ran.check("coverage")["reason"]


def test_missing_coverage_data_make_coverage_unknown(root: Path) -> None:
    with_tests(root, {MODULE: COVERAGE.format(body="atexit._clear()")})
    ran = gate(root)
    assert (ran.code, ran.check("coverage")["status"]) == (3, "unknown")
    assert "no coverage data from test-3.12" in ran.check("coverage")["reason"]
    # Were the cell's pass kept, only --fresh would ever mend it.
    assert not gate(root).check("test-3.12")["cached"]


LEFT_ALONE = """\
import os, resource, subprocess, sys


def test_a_path_that_goes_up(tmp_path):
    assert not os.path.exists(tmp_path / ".." / "nowhere" / ".." / "nothing")


def test_files_may_not_grow(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").write_text("small")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_nor_in_a_child(tmp_path):
    limit = "import os, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)); "
    code = limit + "os.mkdir('made'); open('/etc/passwd').close()"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
"""


@pytest.mark.parametrize("arguments", [(), ("--", "-n", "2")])
def test_what_tests_do_with_paths_and_limits_is_not_disturbed(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    table = ONE_CELL.replace("\nchecks", '\npackages = ["pytest-xdist"]\nchecks')
    root = package(tmp_path, table)
    (root / "tests/test_left_alone.py").write_text(LEFT_ALONE)
    found = gate(root, "test-3.12", *arguments)
    assert (found.code, found.check("test-3.12")["tests"]["passed"]) == (0, 4), found
