"""The first failure stops the rest, unless told to go on; what had already run is shown all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.running import assert_nobody_left, with_tests
from tests.support import TESTS, gate, lockgate, package

MODULE = "tests/test_sample.py"
TABLE = """\
[tool.lockgate]
python = ["3.12"]
checks = ["lint", "test", "coverage", "late"]

[tool.lockgate.lint]
paths = ["src"]

[tool.lockgate.check.late]
run = ["python", "late.py"]
"""
# Fails once the tests have begun to hang, or once the test process is gone.
LATE = """\
import os, sys, time

while not os.path.exists(".lockgate/pid"):
    time.sleep(0.01)
pid = int(open(".lockgate/pid").read() or 0)
while pid:
    try:
        os.kill(pid, 0)
    except OSError:
        time.sleep(1)
        break
    time.sleep(0.01)
sys.exit("late failure")
"""
TELLS_ITS_PID = """\
import os


def test_it():
    with open(".lockgate/pid.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(".lockgate/pid.new", ".lockgate/pid")
"""
HANGS = """\
import os, subprocess


def test_hang():
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    open(".lockgate/pid", "w").close()
    child.wait()
"""


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose environment stands."""
    root = package(
        tmp_path_factory.mktemp("failfast"), TABLE, **{"late.py": LATE, "ruff.toml": 'exclude = ["late.py"]\n'}
    )
    assert gate(root, "lint", "test-3.12").code == 0
    return root


@pytest.fixture
def root(standing: Path) -> Path:
    (standing / ".lockgate/pid").unlink(missing_ok=True)
    package(standing, TABLE)
    return standing


def statuses(document: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {check["name"]: check["status"] for check in document["checks"]}


def test_the_first_failure_stops_what_is_running_and_what_has_not_begun(root: Path) -> None:
    with_tests(root, {MODULE: HANGS})
    ran = gate(root, "--jobs", "2")
    assert (ran.code, ran.document["verdict"]) == (1, "fail")
    assert statuses(ran.document) == {"lint": "pass", "test-3.12": "skipped", "coverage": "skipped", "late": "fail"}
    assert ran.check("test-3.12")["reason"] == "stopped: late failed"
    assert ran.check("coverage")["reason"] == "not started: late failed"
    assert_nobody_left(root)


def test_a_failure_does_not_hide_the_tests_that_already_ran(root: Path) -> None:
    with_tests(root, {MODULE: TELLS_ITS_PID})
    ran = gate(root, "--jobs", "2")
    assert ran.code == 1
    assert (ran.check("late")["status"], ran.check("test-3.12")["status"]) == ("fail", "pass")
    assert ran.check("test-3.12")["tests"]["passed"] == 1
    assert "late failure" in ran.check("late")["problems"][0]["excerpt"]


def test_keep_going_runs_everything_and_lists_every_failure(root: Path) -> None:
    package(root, TABLE, **{"src/sample/unused.py": "import os\n"})
    with_tests(root, {MODULE: TELLS_ITS_PID + "\n\ndef test_bad():\n    assert 0\n"})
    ran = gate(root, "--keep-going", "--jobs", "2")
    (root / "src/sample/unused.py").unlink()
    assert ran.code == 1
    assert statuses(ran.document) == {"lint": "fail", "test-3.12": "fail", "coverage": "pass", "late": "fail"}
    assert ran.check("lint")["problems"][0]["rule"] == "F401"
    assert ran.check("test-3.12")["tests"]["failed"] == 1


def test_a_failing_lint_stops_the_gate_before_slow_tests_begin(root: Path) -> None:
    package(root, TABLE, **{"src/sample/unused.py": "import os\n"})
    with_tests(root, {MODULE: HANGS})
    ran = lockgate(root, "gate", "lint", "test-3.12", "coverage", "--jobs", "1")
    (root / "src/sample/unused.py").unlink()
    assert ran.code == 1
    assert "not started: lint failed" in ran.out
    assert "src/sample/unused.py:1:8" in ran.out


def test_a_skipped_check_is_never_kept_as_a_pass(root: Path) -> None:
    with_tests(root, {MODULE: HANGS})
    gate(root, "--jobs", "2")
    with_tests(root, {MODULE: TESTS})
    ran = gate(root, "lint", "test-3.12", "coverage")
    assert (ran.code, ran.check("test-3.12")["cached"], ran.check("coverage")["cached"]) == (0, False, False)


def test_a_custom_check_that_does_not_end_is_ended(tmp_path: Path) -> None:
    table = (
        '[tool.lockgate]\npython = ["3.12"]\nchecks = ["slow"]\n'
        '[tool.lockgate.check.slow]\nrun = ["sh", "-c", "sleep 1000 & sleep 1000"]\ntimeout = "1s"\n'
    )
    ran = gate(package(tmp_path, table))
    assert (ran.code, ran.check("slow")["status"]) == (1, "fail")
    assert "did not end within 1 s" in ran.check("slow")["reason"]
    assert_nobody_left(tmp_path)


@pytest.mark.parametrize(("body", "words"), [("exit 7", "exit 7"), ("kill -SEGV $$", "SIGSEGV")])
def test_a_custom_check_tells_how_it_ended(tmp_path: Path, body: str, words: str) -> None:
    own = f'[tool.lockgate.check.own]\nrun = ["sh", "-c", "{body}"]\n'
    ran = gate(package(tmp_path, f'[tool.lockgate]\npython = ["3.12"]\nchecks = ["own"]\n{own}'))
    assert ran.code == 1
    assert words in ran.check("own")["problems"][0]["message"]


def test_an_orphan_that_ends_by_itself_delays_nothing_and_is_no_survivor(root: Path) -> None:
    body = "    subprocess.run(['sh', '-c', 'sleep 0.1 &'])\n    time.sleep(0.5)\n"
    with_tests(root, {MODULE: f"import subprocess, time\n\ndef test_it():\n{body}"})
    ran = gate(root, "test-3.12")
    assert (ran.code, ran.check("test-3.12")["notes"]) == (0, [])
