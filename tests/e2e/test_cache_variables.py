"""The result cache is sound towards the environment: what checks see is an input, the rest does not reach them."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, Place, all_cached, assert_input, assert_not_an_input, shown, some
from tests.support import package, write

WITNESS = """\
import importlib.util
import locale
import os
import sys
import time

import found_by_pythonpath
import zipped


def test_declared() -> None:
    assert os.environ.get("MY_VARIABLE", "one") == "one"
    assert os.environ.get("MY_OTHER_VARIABLE", "one") == "one"


def test_undeclared() -> None:
    assert "NOBODY_KNOWS" not in os.environ


def test_locale() -> None:
    assert locale.setlocale(locale.LC_ALL, "") == "C.UTF-8"


def test_time_zone() -> None:
    assert time.tzname[0] == "UTC"


def test_hash_seed() -> None:
    assert not sys.flags.hash_randomization


def test_warnings() -> None:
    assert not sys.warnoptions


def test_python_path() -> None:
    assert found_by_pythonpath.VALUE == "one"
    assert importlib.util.find_spec("new_on_pythonpath") is None


def test_zip_on_python_path() -> None:
    assert zipped.VALUE == "one"


def test_home() -> None:
    assert os.path.basename(os.path.expanduser("~")) == "home"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project whose tests look at the environment."""
    top = tmp_path_factory.mktemp("variables")
    table = f'{TABLE}env = ["MY_VARIABLE", "MY_OTHER_*"]\n'
    write(package(top / "project", table), {"tests/test_witness.py": WITNESS})
    write(top, {"searched/found_by_pythonpath.py": 'VALUE = "one"\n', "elsewhere/new_on_pythonpath.py": ""})
    _zip(top / "zipped.zip", 'VALUE = "one"\n')
    environment = {
        "PYTHONPATH": f"{top / 'searched'}:{top / 'zipped.zip'}",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": None,
        "PYTEST_ADDOPTS": None,
        "MY_VARIABLE": None,
        "NOBODY_KNOWS": None,
    }
    return Place(top, environment=environment)


def _zip(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("zipped.py", text)


VARIABLES = {
    "MY_VARIABLE": ("another", "test_declared"),
    "MY_OTHER_VARIABLE": ("another", "test_declared"),
    "LC_ALL": ("C", "test_locale"),
    "TZ": ("Asia/Tokyo", "test_time_zone"),
    "PYTHONHASHSEED": ("5", "test_hash_seed"),
    "PYTHONWARNINGS": ("error::ImportWarning", "test_warnings"),
    "PYTEST_ADDOPTS": ("-k nothing", "no test was selected"),
    "PYTHONPATH": ("", "found_by_pythonpath"),
}


@pytest.mark.parametrize("name", some(VARIABLES, {"MY_VARIABLE", "TZ", "PYTEST_ADDOPTS", "PYTHONHASHSEED"}))
def test_another_value_runs_the_tests_again(place: Place, name: str) -> None:
    value, fails = VARIABLES[name]
    assert_input(place, lambda _: {name: value}, fails=fails)


def test_the_language_without_lc_all_runs_the_tests_again(place: Place) -> None:
    place.settle(LC_ALL=None, LANG="C.UTF-8")
    ran = place.gate(LC_ALL=None, LANG="POSIX")
    assert (ran.check("test-3.12")["cached"], ran.check("test-3.12")["status"]) == (False, "fail"), shown(ran)


def test_another_home_runs_the_tests_again(place: Place) -> None:
    other = place.top / "residence"
    other.mkdir(exist_ok=True)
    assert_input(place, lambda _: {"HOME": str(other)}, fails="test_home")


def test_a_changed_module_on_pythonpath_runs_the_tests_again(place: Place) -> None:
    def change(place: Place) -> None:
        write(place.top, {"searched/found_by_pythonpath.py": 'VALUE = "another"\n'})

    assert_input(place, change, fails="test_python_path")


def test_a_new_module_on_pythonpath_runs_the_tests_again(place: Place) -> None:
    def change(place: Place) -> None:
        write(place.top, {"searched/new_on_pythonpath/__init__.py": ""})

    assert_input(place, change, fails="test_python_path")


def test_a_changed_archive_on_pythonpath_runs_the_tests_again(place: Place) -> None:
    assert_input(place, lambda place: _zip(place.top / "zipped.zip", 'VALUE = "another"\n'), fails="test_zip")


def test_an_undeclared_variable_does_not_reach_the_tests(place: Place) -> None:
    assert_not_an_input(place, lambda _: {"NOBODY_KNOWS": "a secret"})


def test_variables_of_the_shell_and_of_lockgates_own_start_run_nothing_again(place: Place) -> None:
    own = {"SHLVL": "7", "OLDPWD": "/", "_": sys.executable, "VIRTUAL_ENV": sys.prefix, "PYTHONDONTWRITEBYTECODE": None}
    assert_not_an_input(place, lambda _: own)


def test_every_value_has_a_result_of_its_own(place: Place) -> None:
    place.settle(MY_VARIABLE="one")
    place.settle(MY_VARIABLE=None)
    assert all_cached(place.gate(MY_VARIABLE="one"))
    assert not all_cached(place.gate(MY_VARIABLE="another"))
