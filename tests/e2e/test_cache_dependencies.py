"""The result cache is sound towards what is installed: packages elsewhere on disk, the lock, the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockgate.ports.uv import find_uv
from tests.e2e.cache_place import TABLE, Change, Place, assert_input, run, some, text_at
from tests.support import PYPROJECT, gate, package, write

HELPER = PYPROJECT.replace("sample", "lockgate-test-helper")
USES_HELPER = """\
from importlib.metadata import version

import lockgate_test_helper


def test_source() -> None:
    assert lockgate_test_helper.VALUE == "one"


def test_version() -> None:
    assert version("lockgate-test-helper") == "1.0"
"""


def _helper(folder: Path, version: str = "1.0", value: str = "one") -> Path:
    """Another package on disk."""
    source = f'VALUE = "{value}"\n'
    return write(
        folder,
        {"pyproject.toml": HELPER.replace('"1.0"', f'"{version}"'), "src/lockgate_test_helper/__init__.py": source},
    )


def _wheel(folder: Path, version: str = "1.0", value: str = "one") -> None:
    """A wheel of the other package in `folder/wheels`."""
    _helper(folder / "built", version, value)
    run(folder, str(find_uv()), "build", "-q", "--wheel", "-o", str(folder / "wheels"), str(folder / "built"))


def _user_of_helper(top: Path, source: str, more: str = "") -> Place:
    """A project that depends on the other package, from `source`."""
    place = Place(top)
    needs = PYPROJECT.replace("[build-system]", 'dependencies = ["lockgate-test-helper"]\n\n[build-system]')
    pyproject = f"{needs}\n[tool.uv.sources]\nlockgate-test-helper = {source}\n{more}\n{TABLE}"
    write(package(place.root), {"pyproject.toml": pyproject, "tests/test_helper.py": USES_HELPER})
    return place


SOURCES = {
    "editable": '{ path = "../helper", editable = true }',
    "copied": '{ path = "../helper" }',
    "wheel": '{ path = "../wheels/lockgate_test_helper-1.0-py3-none-any.whl" }',
}
DEPENDENCIES: dict[str, tuple[str, str, Change]] = {
    "source of an editable one": ("editable", "test_source", lambda place: _changed(place, value="another")),
    "version of an editable one": ("editable", "test_version", lambda place: _changed(place, version="2.0.1")),
    "source of a copied one": ("copied", "test_source", lambda place: _changed(place, value="another")),
    "version of a copied one": ("copied", "test_version", lambda place: _changed(place, version="2.0.1")),
    "content of a wheel": ("wheel", "test_source", lambda place: _wheel(place.top, value="another")),
}


def _changed(place: Place, **facts: str) -> None:
    _helper(place.top / "helper", **facts)


@pytest.mark.parametrize("name", some(DEPENDENCIES, {"source of an editable one", "source of a copied one"}))
def test_a_change_of_a_dependency_elsewhere_on_disk_runs_the_tests_again(tmp_path: Path, name: str) -> None:
    source, fails, change = DEPENDENCIES[name]
    place = _user_of_helper(tmp_path, SOURCES[source])
    if source == "wheel":
        _wheel(place.top)
    else:
        _helper(place.top / "helper")
    assert_input(place, change, fails=fails)


@pytest.mark.slow
def test_a_change_of_a_locked_dependency_elsewhere_on_disk_runs_the_tests_again(tmp_path: Path) -> None:
    place = _user_of_helper(tmp_path, SOURCES["editable"])
    _helper(place.top / "helper")
    run(place.root, str(find_uv()), "lock", "-q")
    assert_input(place, lambda place: _changed(place, value="another"), fails="test_source")


@pytest.mark.slow
def test_another_version_in_the_lock_file_alone_runs_the_tests_again(tmp_path: Path) -> None:
    index = '[[tool.uv.index]]\nname = "near"\nurl = "../wheels"\nformat = "flat"\nexplicit = true\n'
    place = _user_of_helper(tmp_path, '{ index = "near" }', index)
    _wheel(place.top)
    lock = (str(find_uv()), "lock", "-q", "--upgrade")
    run(place.root, *lock)

    def change(place: Place) -> None:
        _wheel(place.top, version="2.0", value="another")
        run(place.root, *lock)

    assert_input(place, change, fails="test_source")


def test_another_version_put_into_the_environment_runs_the_tests_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write(package(place.root, TABLE), {"tests/test_helper.py": USES_HELPER})
    place.gate()
    install = (str(find_uv()), "pip", "install", "-q", "--python", str(place.env))
    run(place.root, *install, str(_helper(place.top / "first")))

    def change(place: Place) -> None:
        run(place.root, *install, str(_helper(place.top / "second", version="2.0.1")))

    assert_input(place, change, fails="test_version")


SETUPTOOLS = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""
REQUIRES = """\
from importlib.metadata import requires


def test_requires() -> None:
    assert requires("sample") == ["iniconfig"]
"""


@pytest.mark.slow  # setuptools from the index
def test_requirements_that_the_build_reads_from_a_file_are_installed_anew(tmp_path: Path) -> None:
    place = Place(tmp_path)
    project = '[project]\nname = "sample"\nversion = "1.0"\ndynamic = ["dependencies"]\n'
    dynamic = '[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.in"] }\n'
    pyproject = f"{project}{dynamic}{SETUPTOOLS}{TABLE}"
    files = {"pyproject.toml": pyproject, "requirements.in": "iniconfig\n", "tests/test_requires.py": REQUIRES}
    write(package(place.root), files)
    assert_input(place, text_at("project/requirements.in", "packaging\n"), fails="test_requires")


@pytest.mark.slow  # setuptools from the index
def test_a_setup_py_alone_is_installed_whatever_its_folder_is_called(tmp_path: Path) -> None:
    root = tmp_path / "a folder"
    setup = 'from setuptools import setup\n\nsetup(name="old", version="1.0", py_modules=["old"])\n'
    test = "import old\n\n\ndef test_it() -> None:\n    assert old\n"
    write(root, {"pyproject.toml": TABLE, "setup.py": setup, "old.py": "", "test_old.py": test})
    assert gate(root).code == 0
