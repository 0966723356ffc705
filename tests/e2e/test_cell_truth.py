"""A cell tells the truth, whatever options, plugins and tricks the project has."""

from __future__ import annotations

import sys

import pytest

from tests.e2e import by_hand
from tests.e2e.places import NEVER, PLUGINS, SOURCE, TEST_DOUBLE, TEST_HALF, Makes, cell, counts, uncovered
from tests.support import PYPROJECT, gate


@pytest.mark.parametrize(
    "addopts",
    [
        "--cov=sample --cov-report=term-missing",
        "--cov --cov-branch",
        "--cov=sample --no-cov",
        "-n 2",
        "-n 2 --cov=sample --cov-branch",
        "-p no:terminal",
        "-q -p no:cacheprovider",
        "-vv -ra --strict-config --strict-markers --timeout=60",
        "-p no:cov -p no:xdist -p no:randomly",
        pytest.param("--cov-append --cov=sample", marks=pytest.mark.slow),
        pytest.param("-n 2 --dist=loadfile --cov", marks=pytest.mark.slow),
        pytest.param("-n 0", marks=pytest.mark.slow),
        pytest.param("-p lockgate_probe -p no:lockgate_probe", marks=pytest.mark.slow),
    ],
)
def test_options_of_the_project_change_neither_counts_nor_coverage(place: Makes, addopts: str) -> None:
    here = place(*PLUGINS)
    here.put(addopts=addopts)
    ran = here.gate()
    assert ran.code == 0
    assert counts(ran) == {"collected": 2, "passed": 2}
    assert uncovered(ran) == NEVER


def test_warnings_as_errors_do_not_mean_the_measuring(place: Makes) -> None:
    here = place()
    # A source that is never imported makes coverage itself warn.
    here.put(addopts="-W error", measure='source = ["sample", "no_such_module"]')
    ran = here.gate()
    assert (ran.code, counts(ran)) == (0, {"collected": 2, "passed": 2})


@pytest.mark.parametrize("addopts", ["-n 2", pytest.param("--numprocesses=2", marks=pytest.mark.slow)])
def test_workers_of_xdist_are_measured_where_pytest_cov_is_not_asked_for(place: Makes, addopts: str) -> None:
    here = place("pytest-xdist")
    # Nothing of the package is covered but what the workers run, one test each.
    here.put(addopts=addopts)
    ran = here.gate()
    assert (ran.code, counts(ran), uncovered(ran)) == (0, {"collected": 2, "passed": 2}, NEVER)


def test_the_project_s_own_threshold_of_pytest_cov_fails_the_cell_and_says_so(place: Makes) -> None:
    here = place(*PLUGINS)
    here.put(addopts="--cov=sample --cov-fail-under=99")
    ran = here.gate("test")
    assert ran.code == 1
    assert "although no test failed" in cell(ran)["reason"]
    assert "less than fail-under=99" in cell(ran)["reason"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pytest.ini", '[pytest]\naddopts = -k "not left_out"\n'),
        pytest.param("tox.ini", '[pytest]\naddopts = -k "not left_out"\n', marks=pytest.mark.slow),
        ("setup.cfg", '[tool:pytest]\naddopts = -k "not left_out"\n'),
        pytest.param("pytest.toml", '[pytest]\naddopts = ["-k", "not left_out"]\n', marks=pytest.mark.slow),
        ("pyproject.toml", '\n[tool.pytest.ini_options]\naddopts = ["-k", "not left_out"]\n'),
    ],
)
def test_pytest_is_configured_by_the_file_that_the_project_keeps(place: Makes, file: str, content: str) -> None:
    here = place()
    left_out = {"tests/test_more.py": "def test_left_out() -> None:\n    raise AssertionError\n"}
    if file == "pyproject.toml":
        here.put(left_out, toml=content)
    else:
        here.put({**left_out, file: content})
    ran = here.gate("test")
    assert (ran.code, counts(ran)) == (0, {"collected": 2, "passed": 2, "deselected": 1})


def test_testpaths_decide_what_is_collected(place: Makes) -> None:
    here = place()
    here.put({"checks/test_more.py": TEST_DOUBLE}, toml='[tool.pytest.ini_options]\ntestpaths = ["checks"]\n')
    ran = here.gate()
    assert counts(ran) == {"collected": 1, "passed": 1}
    assert uncovered(ran) == [[6, 6], *NEVER]


def test_a_failure_under_another_rootdir_is_found_in_the_project(place: Makes) -> None:
    here = place()
    files = {
        "tests/deep/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef five() -> int:\n    return 5\n",
        "tests/deep/test_five.py": "def test_five(five: int) -> None:\n    assert five == 6\n",
    }
    here.put(files, addopts="--rootdir=tests")
    ran = here.gate("test")
    assert (ran.code, counts(ran)) == (1, {"collected": 3, "passed": 2, "failed": 1})
    (problem,) = cell(ran)["problems"]
    assert (problem["path"], problem["line"]) == ("tests/deep/test_five.py", 2)


def test_asyncio_and_timeout_work_as_without_the_gate(place: Makes) -> None:
    here = place(*PLUGINS)
    tests = """\
        import asyncio


        async def test_async() -> None:
            await asyncio.sleep(0)


        async def test_hangs() -> None:
            await asyncio.sleep(60)
        """
    here.put({"tests/test_async.py": tests}, toml='[tool.pytest.ini_options]\nasyncio_mode = "auto"\ntimeout = 1\n')
    ran = here.gate("test")
    assert (ran.code, counts(ran)) == (1, {"collected": 4, "passed": 3, "failed": 1})
    assert "Timeout" in cell(ran)["problems"][0]["message"]


@pytest.mark.parametrize("addopts", ["", "--cov=sample", pytest.param("-n 2 --cov", marks=pytest.mark.slow)])
def test_a_package_that_is_a_plugin_of_pytest_is_measured_from_its_import_on(place: Makes, addopts: str) -> None:
    here = place("pytest-cov>=5", "pytest-xdist")
    entry = '\n[project.entry-points.pytest11]\nsample = "sample"\n'
    hook = '\n\ndef pytest_addoption(parser):\n    parser.addoption("--sample")\n'
    here.put({"src/sample/__init__.py": SOURCE + hook}, addopts=addopts, project=PYPROJECT + entry)
    ran = here.gate()
    assert (ran.code, counts(ran), uncovered(ran)) == (0, {"collected": 2, "passed": 2}, NEVER)


def test_a_flat_layout_is_measured_like_a_src_layout(place: Makes) -> None:
    here = place(variant="flat")
    flat = PYPROJECT + '\n[tool.uv.build-backend]\nmodule-root = ""\n'
    files = {"sample/__init__.py": SOURCE, "test_double.py": TEST_DOUBLE, "tests/test_half.py": TEST_HALF}
    here.put(files, project=flat, own=False)
    ran = here.gate()
    assert (ran.code, counts(ran), uncovered(ran)) == (0, {"collected": 2, "passed": 2}, NEVER)


OUTCOMES = """\
import unittest

import pytest


def test_pass(): pass
def test_fail(): assert 0
def test_skip(): pytest.skip("not here")
@pytest.mark.xfail
def test_xfail(): assert 0
@pytest.mark.xfail
def test_xpass(): pass
@pytest.mark.xfail(strict=True)
def test_strict_xpass(): pass
@pytest.fixture
def broken(): raise ValueError
@pytest.fixture
def untidy():
    yield
    raise ValueError
def test_setup(broken): pass
def test_teardown(untidy): pass
def test_call_and_teardown(untidy): assert 0
@pytest.mark.parametrize(
    "odd", ["é", "日本", "a[b]", "[", "a::b", "a b", "", "\\n", "x.py::y", "--flag", "'\\"", "a/b", "\\x00"]
)
def test_odd(odd): assert odd not in ("日本", "[", "a::b", "a b", "--flag", "x.py::y")


class TestUnit(unittest.TestCase):
    def test_ok(self): pass
    @unittest.skip("not now")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    def test_sub(self):
        for number in range(3):
            with self.subTest(number=number): self.assertLess(number, 2)
"""
SKIPS_ITSELF = 'import pytest\n\npytest.importorskip("no_such_module")\n'
DOCTEST = SOURCE.replace(
    "    return number / 2\n", '    """Half of it.\n\n    >>> half(3)\n    2\n    """\n    return number / 2\n'
)


@pytest.mark.parametrize(
    ("python", "version"),
    [
        ("3.12", "pytest"),
        ("3.8", "pytest"),
        pytest.param("3.12", "pytest==7.4.*", marks=pytest.mark.slow),
        pytest.param("3.8", "pytest==7.0.*", marks=pytest.mark.slow),
        pytest.param("3.8", "pytest==6.2.*", marks=pytest.mark.slow),
        pytest.param("3.8", "pytest==5.4.*", marks=pytest.mark.slow),
    ],
)
def test_counts_equal_pytest_s_own_summary(place: Makes, python: str, version: str) -> None:
    here = place(version, python=python)
    here.put(
        {
            "src/sample/__init__.py": DOCTEST,
            "tests/test_outcomes.py": OUTCOMES,
            "tests/test_skipped.py": SKIPS_ITSELF,
            "pytest.ini": "[pytest]\naddopts = --doctest-modules\n",  # which the oldest read too
        },
    )
    ran = gate(here.root, "--fresh", "test")
    hand = here.by_hand()
    truth = by_hand.summary(hand.stdout)
    assert (ran.code, hand.returncode) == (1, 1)
    assert truth["failed"] > 8
    assert {kind: cell(ran, f"test-{python}")["tests"][kind] for kind in by_hand.KINDS} == truth


def test_subtests_are_counted_as_pytest_counts_them(place: Makes) -> None:
    here = place()
    test = """\
        def test_numbers(subtests) -> None:
            for number in range(3):
                with subtests.test(number=number):
                    assert number < 2
        """
    here.put({"tests/test_numbers.py": test})
    ran = here.gate("test")
    truth = by_hand.summary(here.by_hand().stdout)
    assert truth["failed"] == 2  # the subtest and the test around it
    assert {kind: cell(ran)["tests"][kind] for kind in by_hand.KINDS} == truth


def test_each_failure_has_its_place_and_the_command_that_runs_just_that_again(place: Makes) -> None:
    here = place()
    here.put({"src/sample/__init__.py": DOCTEST, "tests/test_outcomes.py": OUTCOMES}, addopts="--doctest-modules")
    ran = here.gate("test")
    problems = cell(ran)["problems"]
    helps = [problem["help"] for problem in problems]
    assert all(problem["path"] and problem["line"] for problem in problems)
    assert ("src/sample/__init__.py", 8) in [(problem["path"], problem["line"]) for problem in problems]
    (again,) = {text for text in helps if "test_odd[a b]" in text}
    assert again == "run just that again: lockgate gate test-3.12 -- 'tests/test_outcomes.py::test_odd[a b]'"
    alone = here.gate("test-3.12", "--", "tests/test_outcomes.py::test_odd[a b]")
    assert (alone.code, counts(alone)) == (1, {"collected": 1, "failed": 1})


def test_a_module_that_cannot_be_collected_is_an_error_beside_the_tests_that_can(place: Makes) -> None:
    here = place()
    here.put({"tests/test_broken.py": "import no_such_module\n"}, addopts="--continue-on-collection-errors")
    ran = here.gate("test")
    assert (ran.code, counts(ran)) == (1, {"collected": 2, "passed": 2, "errors": 1})
    assert "No module named 'no_such_module'" in cell(ran)["problems"][0]["message"]


# Replaces the session once; what follows inherits the witness's settings, and may even find the witness.
ONCE = """\
import os
import subprocess
import sys

if not os.environ.get("TRICKED"):
    os.environ["TRICKED"] = "1"
    {trick}
"""
OTHER = sys.executable  # has pytest, and is no cell of any project


# The other interpreter finds the witness and the package.
SEES_ALL = "os.environ['PYTHONPATH'] = ':'.join(path for path in sys.path if path.endswith(('site-packages', 'src')))"
TRICKS = {
    "execv": f"os.execv({OTHER!r}, [{OTHER!r}, '-m', 'pytest', *sys.argv[1:]])",
    "without-witness": f"os.execv({OTHER!r}, [{OTHER!r}, '-m', 'pytest', '--noconftest', '-k', 'harmless'])",
    "with-witness": f"{SEES_ALL}; os.execv({OTHER!r}, [{OTHER!r}, '-m', 'pytest', *sys.argv[1:]])",
    "same-version": f"{SEES_ALL}; base = os.path.realpath(sys.executable); "
    "os.execv(base, [base, '-m', 'pytest', *sys.argv[1:]])",
    "shell": "os.execv('/bin/sh', ['sh', '-c', 'echo 2 passed'])",
    "child": f"os._exit(subprocess.call([{OTHER!r}, '-m', 'pytest', '--noconftest', '-k', 'harmless']))",
    "disguise": "sys.version_info = (3, 11, 0)",
    "exit": "sys.exit(0)",
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_tests_that_another_interpreter_ran_are_never_a_pass(place: Makes, trick: str) -> None:
    here = place()
    harmless = "def test_harmless() -> None:\n    pass\n"
    here.put({"tests/conftest.py": ONCE.format(trick=trick), "tests/test_harmless.py": harmless})
    ran = gate(here.root, "--fresh", "test")
    assert ran.code in (1, 3)
    assert cell(ran)["status"] in ("fail", "unknown")
    assert cell(ran)["reason"]


def test_the_interpreter_that_ran_instead_is_named(place: Makes) -> None:
    here = place()
    here.put({"tests/conftest.py": ONCE.format(trick=TRICKS["with-witness"])})
    ran = gate(here.root, "--fresh", "test")
    assert (ran.code, cell(ran)["status"], counts(ran)) == (3, "unknown", {"collected": 2, "passed": 2})
    version = ".".join(map(str, sys.version_info[:3]))
    assert cell(ran)["reason"].startswith(f"the tests ran on cpython {version}")


def test_a_worker_of_xdist_under_another_interpreter_is_never_a_pass(place: Makes) -> None:
    here = place(*PLUGINS)
    here.put(addopts=f"--dist=load --tx=popen//python={OTHER} --max-worker-restart=0")
    ran = gate(here.root, "--fresh", "test")
    assert ran.code in (1, 3)
    assert cell(ran)["status"] in ("fail", "unknown")
    assert "passed" not in counts(ran)


LIES = """\
def pytest_runtest_setup(item):
    raise ValueError


def pytest_report_teststatus(report):
    return "passed", ".", ""


def pytest_sessionfinish(session):
    session.exitstatus = 0
"""
SKIPS_ALL = """\
import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.skip)
"""
LEAVES = """\
import pytest


def pytest_runtest_teardown(item):
    pytest.exit("enough", 0)
"""

# Runs the first test again and again, as some plugins do, and leaves before the second has ended.
LEAVES_AFTER_MANY = """\
import pytest
from _pytest.runner import runtestprotocol


def pytest_runtest_protocol(item, nextitem):
    if item.name == "test_double":
        for _ in range(5):
            runtestprotocol(item, nextitem=nextitem)
        return True


def pytest_runtest_call(item):
    if item.name == "test_half":
        pytest.exit("enough", 0)
"""


@pytest.mark.parametrize(
    ("conftest", "addopts"),
    [
        ("def pytest_runtestloop(session):\n    return True\n", ""),
        ("def pytest_runtest_protocol(item):\n    return item.name == 'test_half'\n", ""),
        ("def pytest_cmdline_main(config):\n    return 0\n", ""),
        (LEAVES, ""),
        (LEAVES_AFTER_MANY, ""),
        (LIES, ""),
        (SKIPS_ALL, ""),
        ("", "--collect-only"),
        ("", "--setup-plan"),
        ("", "--help"),
    ],
    ids=[
        "loop",
        "protocol",
        "main",
        "leaves",
        "leaves-after-many",
        "lies",
        "all-skipped",
        "collect-only",
        "setup-plan",
        "help",
    ],
)
def test_tests_that_did_not_run_are_never_a_pass(place: Makes, conftest: str, addopts: str) -> None:
    here = place()
    here.put({"conftest.py": conftest}, addopts=addopts)
    ran = here.gate("test")
    assert ran.code in (1, 3)
    assert cell(ran)["status"] in ("fail", "unknown")
    assert cell(ran)["reason"] or cell(ran)["problems"]


@pytest.mark.parametrize("option", ["--lf", "--sw"])
def test_a_whole_gate_is_whole_although_pytest_would_go_on_where_it_stopped(place: Makes, option: str) -> None:
    here = place()
    module = {"tests/test_last.py": "def test_last() -> None:\n    raise AssertionError\n"}
    here.put(module, addopts=option)
    assert here.gate("test").code == 1
    (here.root / "tests/test_last.py").write_text("def test_last() -> None:\n    pass\n", encoding="utf-8")
    ran = here.gate("test")
    assert (ran.code, counts(ran)) == (0, {"collected": 3, "passed": 3})
