"""Test sessions that end otherwise than pytest would end them: none is a pass, and each says what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from tests.e2e.running import ONE_CELL, with_tests
from tests.support import TESTS, gate, lockgate, package

PASSING = "def test_one():\n    pass\n\n\ndef test_two():\n    pass\n"
CONFTEST, MODULE = "tests/conftest.py", "tests/test_sample.py"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose environment stands; each test gives it another test suite."""
    root = package(tmp_path_factory.mktemp("endings"), ONE_CELL)
    assert lockgate(root, "gate").code == 0
    return root


def in_test(body: str) -> dict[str, str]:
    """A test module whose second of three tests does `body`."""
    before, after = "def test_before(): pass", "def test_after(): pass"
    return {MODULE: f"import os, signal, sys\n\n{before}\n\ndef test_it():\n    {body}\n\n{after}\n"}


def cases(table: Iterable[str], *rare: str) -> list[str | ParameterSet]:
    """The names in `table`, the rare ones marked as slow: they differ little from others."""
    return [pytest.param(name, marks=pytest.mark.slow) if name in rare else name for name in table]


def conftest(text: str, tests: str = PASSING) -> dict[str, str]:
    """Passing tests (or others) beside a conftest.py."""
    return {CONFTEST: text, MODULE: tests}


IN_THE_TEST = ["while running tests/test_sample.py::test_it"]
DIED: dict[str, tuple[Mapping[str, str], list[str]]] = {
    "os._exit(0)": (in_test("os._exit(0)"), ["exit 0", "os._exit()", *IN_THE_TEST]),
    "os._exit(1)": (in_test("os._exit(1)"), ["exit 1", "os._exit()", *IN_THE_TEST]),
    "segfault": (in_test("import faulthandler; faulthandler._sigsegv()"), ["SIGSEGV", *IN_THE_TEST]),
    "abort": (in_test("os.abort()"), ["SIGABRT", *IN_THE_TEST]),
    "killed": (in_test("os.kill(os.getpid(), signal.SIGKILL)"), ["SIGKILL", *IN_THE_TEST]),
    "replaced": (in_test("os.execv('/bin/sh', ['sh', '-c', 'exit 0'])"), ["exit 0", *IN_THE_TEST]),
    "alarm": (in_test("signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()"), ["SIGALRM", *IN_THE_TEST]),
    "closed descriptors": (in_test("os.closerange(0, 256)"), IN_THE_TEST),
    "sys.exit(0) in conftest": (conftest("import sys\nsys.exit(0)\n"), ["exit 0", "sys.exit()"]),
    "os._exit(0) in conftest": (conftest("import os\nos._exit(0)\n"), ["exit 0", "os._exit()"]),
    "sys.exit(0) in a module": ({MODULE: "import sys\nsys.exit(0)\n"}, ["before it collected", "sys.exit() at import"]),
    "sys.exit(0) in the last module": (
        {MODULE: PASSING, "tests/test_z.py": "import sys\nsys.exit(0)\n"},
        ["before it collected", "sys.exit() at import"],
    ),
    "os._exit(0) in a module": ({MODULE: "import os\nos._exit(0)\n"}, ["before it collected", "os._exit() at import"]),
    "sys.exit(0) at the end": (
        conftest("import sys\ndef pytest_sessionfinish():\n    sys.exit(0)\n"),
        ["exit 0", "before pytest was finished"],
    ),
    "os._exit(3) behind the end": (conftest("import atexit, os\natexit.register(os._exit, 3)\n"), ["exit 3"]),
    "pytest.exit(0) half way": (
        in_test("import pytest; pytest.exit('enough', returncode=0)"),
        ["only 1 of 3 collected tests ran", "ended the session early"],
    ),
}


@pytest.mark.parametrize(
    "what", cases(DIED, "abort", "alarm", "replaced", "closed descriptors", "os._exit(0) in conftest")
)
def test_a_session_that_does_not_come_to_its_end_fails_and_says_how_it_ended(root: Path, what: str) -> None:
    files, words = DIED[what]
    ran = gate(with_tests(root, files), "test-3.12")
    cell = ran.check("test-3.12")
    assert (ran.code, ran.document["verdict"], cell["status"]) == (1, "fail", "fail")
    assert [word for word in words if word not in cell["reason"]] == [], cell["reason"]


FAILING = "def test_one():\n    assert 1 == 2\n"


@pytest.mark.parametrize(
    "hook",
    [
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
        "import atexit, os\natexit.register(os._exit, 0)\n",
        "import sys\ndef pytest_unconfigure():\n    sys.exit(0)\n",
        "import sys\ndef pytest_terminal_summary():\n    sys.exit(0)\n",
    ],
)
def test_a_failed_test_stays_failed_whatever_makes_the_exit_code_green(root: Path, hook: str) -> None:
    ran = gate(with_tests(root, conftest(hook, FAILING)), "test-3.12")
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert [problem["line"] for problem in ran.check("test-3.12")["problems"]] == [2]


def test_sys_exit_in_a_test_is_a_failed_test(root: Path) -> None:
    ran = gate(with_tests(root, in_test("sys.exit(0)")), "test-3.12")
    assert ran.code == 1
    assert (ran.check("test-3.12")["tests"]["passed"], ran.check("test-3.12")["tests"]["failed"]) == (2, 1)
    assert "SystemExit" in ran.check("test-3.12")["problems"][0]["message"]


NOTHING: dict[str, tuple[Mapping[str, str], tuple[str, ...], str]] = {
    "no test": ({"tests/__init__.py": ""}, (), "no tests were collected"),
    "no folder": ({}, (), "no tests were collected"),
    "module skipped": ({MODULE: "import pytest\npytest.skip('no', allow_module_level=True)\n"}, (), "no tests"),
    "conftest drops all": (
        conftest("def pytest_collection_modifyitems(items):\n    items[:] = []\n"),
        (),
        "no tests were collected",
    ),
    "conftest ignores all": (conftest("collect_ignore_glob = ['*']\n"), (), "no tests were collected"),
    "nothing selected": ({MODULE: PASSING}, ("--", "-k", "nonsense"), "no test was selected"),
    "no such file": ({MODULE: PASSING}, ("--", "tests/nope.py"), "file or directory not found: tests/nope.py"),
    "no such option": ({MODULE: PASSING}, ("--", "--nope"), "unrecognized arguments: --nope"),
}


@pytest.mark.parametrize("what", cases(NOTHING, "no folder", "module skipped", "conftest ignores all"))
def test_a_cell_that_tests_nothing_fails(root: Path, what: str) -> None:
    files, arguments, words = NOTHING[what]
    ran = gate(with_tests(root, files), "test-3.12", *arguments)
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert words in ran.check("test-3.12")["reason"]


UNKNOWN: dict[str, tuple[Mapping[str, str], tuple[str, ...], str]] = {
    "all skipped": (
        {MODULE: "import pytest\npytestmark = pytest.mark.skip\n" + PASSING},
        (),
        "skipped: nothing was tested",
    ),
    "ended at once": (
        {MODULE: "import pytest\ndef test_one():\n    pytest.exit('no', returncode=0)\n"},
        (),
        "only 0 of 1 collected tests ran",
    ),
    "a plugin swallows tests": (
        conftest("def pytest_runtest_protocol(item):\n    return True\n"),
        (),
        "only 0 of 2 collected tests ran",
    ),
    "only collected": ({MODULE: PASSING}, ("--", "--collect-only"), "only 0 of 2 collected tests ran"),
    "only asked for the version": ({MODULE: PASSING}, ("--", "--version"), "could not testify"),
}


@pytest.mark.parametrize("what", cases(UNKNOWN, "ended at once", "only asked for the version"))
def test_a_session_that_proves_nothing_is_unknown(root: Path, what: str) -> None:
    files, arguments, words = UNKNOWN[what]
    ran = gate(with_tests(root, files), "test-3.12", *arguments)
    assert (ran.code, ran.document["verdict"], ran.check("test-3.12")["status"]) == (3, "unknown", "unknown")
    assert words in ran.check("test-3.12")["reason"]


def test_none_of_these_endings_is_ever_cached(root: Path) -> None:
    with_tests(root, in_test("os._exit(0)"))
    assert [gate(root, "test-3.12").check("test-3.12")["cached"] for _ in range(2)] == [False, False]


def test_deleting_ones_own_temporary_working_folder_harms_nothing(root: Path) -> None:
    body = "import shutil, tempfile; d = tempfile.mkdtemp(); os.chdir(d); shutil.rmtree(d)"
    ran = gate(with_tests(root, in_test(body)), "test-3.12")
    assert (ran.code, ran.check("test-3.12")["tests"]["passed"]) == (0, 3)


def test_emptying_the_environment_harms_nothing(root: Path) -> None:
    ran = gate(with_tests(root, in_test("os.environ.clear()")), "test-3.12")
    assert (ran.code, ran.check("test-3.12")["tests"]["passed"]) == (0, 3)


def test_a_forked_child_that_goes_on_as_pytest_counts_nothing_twice(root: Path) -> None:
    ran = gate(with_tests(root, in_test("os.fork()")), "test-3.12")
    assert (ran.code, ran.check("test-3.12")["tests"]["passed"]) == (0, 3)


def test_deleting_the_checkout_is_said_and_the_gate_still_reports(tmp_path: Path) -> None:
    # Its own package: nothing of it is left.
    root = package(
        tmp_path / "sample", ONE_CELL, **{MODULE: "import os, shutil\ndef test_it(): shutil.rmtree(os.getcwd())\n"}
    )
    ran = gate(root, "test-3.12")
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert f"the tests deleted the project's folder {root}" in ran.check("test-3.12")["reason"]


def test_the_gate_passes_again_once_the_tests_are_sound(root: Path) -> None:
    gate(with_tests(root, in_test("os._exit(0)")), "test-3.12")
    assert gate(with_tests(root, {MODULE: TESTS})).code == 0
