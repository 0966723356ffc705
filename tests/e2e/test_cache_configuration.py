"""The result cache is sound towards what configures pytest and coverage: in the project, above it, or anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, Change, Place, assert_input, some, text_added, text_at
from tests.support import package, write


@pytest.fixture(scope="module")
def pytests(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project without a configuration of pytest."""
    top = tmp_path_factory.mktemp("pytest")
    package(top / "project", TABLE)
    return Place(top)


NO_TESTS = "python_functions = nothing\n"
FOR_PYTEST: dict[str, Change] = {
    "pytest.ini": text_at("project/pytest.ini", f"[pytest]\n{NO_TESTS}"),
    "tox.ini": text_at("project/tox.ini", f"[pytest]\n{NO_TESTS}"),
    "setup.cfg": text_at("project/setup.cfg", f"[tool:pytest]\n{NO_TESTS}"),
    "pyproject.toml": text_added("project/pyproject.toml", '[tool.pytest.ini_options]\npython_functions = "nothing"\n'),
    "[tool.lockgate]": text_added("project/pyproject.toml", '[tool.lockgate.test]\nargs = ["-k", "nothing"]\n'),
    "pytest.ini above": text_at("pytest.ini", f"[pytest]\n{NO_TESTS}"),
    "tox.ini above": text_at("tox.ini", f"[pytest]\n{NO_TESTS}"),
    "setup.cfg above": text_at("setup.cfg", f"[tool:pytest]\n{NO_TESTS}"),
    "pyproject.toml above": text_at("pyproject.toml", '[tool.pytest.ini_options]\npython_functions = "nothing"\n'),
}


@pytest.mark.parametrize("name", some(FOR_PYTEST, {"setup.cfg", "[tool.lockgate]", "pytest.ini above"}))
def test_configuration_of_pytest_runs_the_tests_again(pytests: Place, name: str) -> None:
    assert_input(pytests, FOR_PYTEST[name], fails="no test")


def test_a_conftest_in_the_folder_above_runs_the_tests_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write(package(place.root, TABLE).parent, {"pytest.ini": "[pytest]\n"})
    emptied = "def pytest_collection_modifyitems(items: list[object]) -> None:\n    items.clear()\n"
    assert_input(place, text_at("conftest.py", emptied), fails="no tests")


@pytest.mark.parametrize("how", some(["args", "PYTEST_ADDOPTS"], {"args"}))
def test_a_configuration_file_that_is_named_runs_the_tests_again(tmp_path: Path, how: str) -> None:
    named = ["-c", "../ci/test.ini", "--rootdir=."]
    table = f"{TABLE}\n[tool.lockgate.test]\nargs = {json.dumps(named)}\n"
    place = Place(tmp_path, environment={"PYTEST_ADDOPTS": " ".join(named) if how == "PYTEST_ADDOPTS" else None})
    package(place.root, table if how == "args" else TABLE)
    write(place.top, {"ci/test.ini": "[pytest]\n"})
    assert_input(place, text_at("ci/test.ini", f"[pytest]\n{NO_TESTS}"), fails="no test")


def test_a_new_test_in_a_folder_outside_runs_the_tests_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write(package(place.root, TABLE), {"pytest.ini": "[pytest]\ntestpaths = tests ../more\n"})
    write(place.top, {"more/test_old.py": "def test_old():\n    pass\n"})
    assert_input(place, text_at("more/test_new.py", "def test_new():\n    assert False\n"), fails="test_new")


def test_another_selection_of_tests_has_a_result_of_its_own(pytests: Place) -> None:
    pytests.settle()
    assert not pytests.gate("--", "-k", "double").check("test-3.12")["cached"]
    pytests.settle("--", "-k", "double")
    pytests.settle()
    assert pytests.gate("--", "-k", "nothing").check("test-3.12")["status"] == "fail"


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project that is covered to 100 % as long as a pragma counts."""
    top = tmp_path_factory.mktemp("coverage")
    unused = "def double(number: int) -> int:\n    return 2 * number\n\n\n"
    unused += "def unused(text: str) -> str:  # pragma: no cover\n    text = text.upper()\n    return text.lower()\n"
    write(package(top / "project", '[tool.lockgate]\npython = ["3.12"]\n'), {"src/sample/__init__.py": unused})
    write(top, {"outside.rc": ""})
    return Place(top, checks=("test", "coverage"))


NO_PRAGMA = "exclude_lines = nothing\n"
FOR_COVERAGE: dict[str, Change] = {
    ".coveragerc": text_at("project/.coveragerc", f"[report]\n{NO_PRAGMA}"),
    "setup.cfg": text_at("project/setup.cfg", f"[coverage:report]\n{NO_PRAGMA}"),
    "pyproject.toml": text_added("project/pyproject.toml", '[tool.coverage.report]\nexclude_lines = ["nothing"]\n'),
}


@pytest.mark.parametrize("name", some(FOR_COVERAGE, {".coveragerc"}))
def test_configuration_of_coverage_runs_coverage_again(covered: Place, name: str) -> None:
    assert_input(covered, FOR_COVERAGE[name], fails="is below", check="coverage")


@pytest.mark.slow
def test_the_file_that_coverage_rcfile_names_runs_coverage_again(covered: Place) -> None:
    place = Place(covered.top, covered.checks, {"COVERAGE_RCFILE": str(covered.top / "outside.rc")})
    assert_input(place, text_at("outside.rc", f"[report]\n{NO_PRAGMA}"), fails="is below", check="coverage")


@pytest.mark.slow
def test_another_threshold_runs_coverage_again(covered: Place) -> None:
    mostly = "".join(f"A{number} = {number}\n" for number in range(29)) + "if A1 == 2:\n    A1 = 3\n"
    imports = "import sample.mostly\n\n\ndef test_mostly() -> None:\n    assert sample.mostly.A1\n"
    with covered.restored():
        write(covered.root, {"src/sample/mostly.py": mostly, "tests/test_mostly.py": imports})
        threshold = text_added("project/pyproject.toml", "[tool.lockgate.coverage]\nthreshold = 99\n")
        assert_input(covered, threshold, fails="is below 99", check="coverage")
