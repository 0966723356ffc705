"""The result cache is sound towards configuration: the project's, that of the folders above, and the user's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, Change, Place, assert_input, run, shown
from tests.support import package, write

LINT_TABLE = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["lint"]\n'
UNUSED = "import os\n"
DOCSTRINGS = 'lint.select = ["D"]\n'
RUFF = 'select = ["D"]\n'


def _text(path: str, text: str) -> Change:
    """Write a file (below the folder that holds the project)."""

    def change(place: Place) -> None:
        write(place.top, {path: text})

    return change


def _more(path: str, text: str) -> Change:
    """Add to a file."""

    def change(place: Place) -> None:
        with (place.top / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


@pytest.fixture(scope="module")
def ruff(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project without a configuration of ruff, with one unclean file hidden by each kind of ignore file."""
    top = tmp_path_factory.mktemp("ruff")
    names = ("own", "above", "any_tool", "clone", "user")
    package(top / "project", LINT_TABLE)
    write(top / "project/src/sample", {f"hidden_by_{name}.py": UNUSED for name in names})
    run(top, "git", "init", "-q")
    write(
        top,
        {
            "project/.gitignore": "hidden_by_own.py\n",
            ".gitignore": "hidden_by_above.py\n",
            ".ignore": "hidden_by_any_tool.py\n",
            ".git/info/exclude": "hidden_by_clone.py\n",
            "home/.config/git/ignore": "hidden_by_user.py\n",
        },
    )
    return Place(top, checks=("lint",))


FOR_RUFF: dict[str, tuple[str, Change]] = {
    "ruff.toml": ("docstring", _text("project/ruff.toml", DOCSTRINGS)),
    ".ruff.toml": ("docstring", _text("project/.ruff.toml", DOCSTRINGS)),
    "pyproject.toml": ("docstring", _more("project/pyproject.toml", f"[tool.ruff.lint]\n{RUFF}")),
    "ruff.toml further in": ("docstring", _text("project/src/ruff.toml", DOCSTRINGS)),
    "ruff.toml above": ("docstring", _text("ruff.toml", DOCSTRINGS)),
    "pyproject.toml above": ("docstring", _text("pyproject.toml", f"[tool.ruff.lint]\n{RUFF}")),
    "the user's ruff.toml": ("docstring", _text("home/.config/ruff/ruff.toml", DOCSTRINGS)),
    "the user's hidden ruff.toml": ("docstring", _text("home/.config/ruff/.ruff.toml", DOCSTRINGS)),
    ".gitignore": ("`os` imported", _text("project/.gitignore", "\n")),
    ".gitignore above": ("`os` imported", _text(".gitignore", "\n")),
    ".ignore above": ("`os` imported", _text(".ignore", "\n")),
    ".git/info/exclude": ("`os` imported", _text(".git/info/exclude", "\n")),
    "the user's git/ignore": ("`os` imported", _text("home/.config/git/ignore", "\n")),
}


@pytest.mark.parametrize("name", FOR_RUFF)
def test_configuration_of_ruff_runs_lint_again(ruff: Place, name: str) -> None:
    fails, change = FOR_RUFF[name]
    assert_input(ruff, change, fails=fails, check="lint")


@pytest.fixture(scope="module")
def ruff_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project whose configuration of ruff points to files elsewhere."""
    top = tmp_path_factory.mktemp("ruff_elsewhere")
    package(top / "project", f'{LINT_TABLE}\n[tool.lockgate.lint]\npaths = [".", "../scripts"]\n')
    write(
        top,
        {
            "project/ruff.toml": 'extend = "../shared/ruff.toml"\n',
            "shared/ruff.toml": 'extend = "deeper/base.toml"\n',
            "shared/deeper/base.toml": 'lint.select = ["F"]\n',
            "scripts/script.py": "print()\n",
            "project/src/sample/hidden.py": UNUSED,
            "home/.gitconfig": "[core]\n\texcludesFile = ~/hidden.txt\n",
            "home/hidden.txt": "hidden.py\n",
        },
    )
    run(top, "git", "init", "-q")
    return Place(top, checks=("lint",))


FOR_RUFF_ELSEWHERE: dict[str, tuple[str, Change]] = {
    "extended file": ("docstring", _text("shared/ruff.toml", DOCSTRINGS)),
    "extended file's extended file": ("docstring", _text("shared/deeper/base.toml", DOCSTRINGS)),
    "file in a path outside": ("`os` imported", _text("scripts/script.py", UNUSED)),
    "new file in a path outside": ("`os` imported", _text("scripts/new.py", UNUSED)),
    "git's excludesFile": ("`os` imported", _text("home/hidden.txt", "\n")),
    "git's configuration": ("`os` imported", _text("home/.gitconfig", "\n")),
}


@pytest.mark.parametrize("name", FOR_RUFF_ELSEWHERE)
def test_what_ruffs_configuration_points_to_runs_lint_again(ruff_elsewhere: Place, name: str) -> None:
    fails, change = FOR_RUFF_ELSEWHERE[name]
    assert_input(ruff_elsewhere, change, fails=fails, check="lint")


def test_the_users_xdg_folder_runs_lint_again(ruff: Place) -> None:
    folder = {"XDG_CONFIG_HOME": str(ruff.top / "xdg"), "LC_ALL": None}
    ruff_with_folder = Place(ruff.top, ruff.checks, folder)
    write(ruff.top, {"xdg/git/ignore": "hidden_by_user.py\n"})
    assert_input(ruff_with_folder, _text("xdg/ruff/ruff.toml", DOCSTRINGS), fails="docstring", check="lint")


@pytest.fixture(scope="module")
def pytests(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project without a configuration of pytest."""
    top = tmp_path_factory.mktemp("pytest")
    package(top / "project", TABLE)
    return Place(top)


NO_TESTS = "python_functions = nothing\n"
FOR_PYTEST: dict[str, Change] = {
    "pytest.ini": _text("project/pytest.ini", f"[pytest]\n{NO_TESTS}"),
    "tox.ini": _text("project/tox.ini", f"[pytest]\n{NO_TESTS}"),
    "setup.cfg": _text("project/setup.cfg", f"[tool:pytest]\n{NO_TESTS}"),
    "pyproject.toml": _more("project/pyproject.toml", '[tool.pytest.ini_options]\npython_functions = "nothing"\n'),
    "[tool.lockgate]": _more("project/pyproject.toml", '[tool.lockgate.test]\nargs = ["-k", "nothing"]\n'),
    "pytest.ini above": _text("pytest.ini", f"[pytest]\n{NO_TESTS}"),
    "tox.ini above": _text("tox.ini", f"[pytest]\n{NO_TESTS}"),
    "setup.cfg above": _text("setup.cfg", f"[tool:pytest]\n{NO_TESTS}"),
    "pyproject.toml above": _text("pyproject.toml", '[tool.pytest.ini_options]\npython_functions = "nothing"\n'),
}


@pytest.mark.parametrize("name", FOR_PYTEST)
def test_configuration_of_pytest_runs_the_tests_again(pytests: Place, name: str) -> None:
    assert_input(pytests, FOR_PYTEST[name], fails="no test")


def test_a_conftest_in_the_folder_above_runs_the_tests_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write(package(place.root, TABLE).parent, {"pytest.ini": "[pytest]\n"})
    emptied = "def pytest_collection_modifyitems(items: list[object]) -> None:\n    items.clear()\n"
    assert_input(place, _text("conftest.py", emptied), fails="no tests")


@pytest.fixture(scope="module")
def pytests_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project whose pytest reads configuration and collects tests elsewhere."""
    top = tmp_path_factory.mktemp("pytest_elsewhere")
    table = f'{TABLE}\n[tool.lockgate.test]\nargs = ["-c", "../ci/test.ini", "--rootdir=."]\n'
    write(package(top / "project", table), {"pytest.ini": "[pytest]\n"})
    write(top, {"ci/test.ini": "[pytest]\ntestpaths = tests ../more\n", "more/test_old.py": "def test_old():\n    pass\n"})
    return Place(top, environment={"PYTEST_ADDOPTS": "../even_more"})


@pytest.mark.parametrize("how", ["args", "PYTEST_ADDOPTS"])
def test_a_configuration_file_that_is_named_runs_the_tests_again(tmp_path: Path, how: str) -> None:
    named = ["-c", "../ci/test.ini", "--rootdir=."]
    table = f"{TABLE}\n[tool.lockgate.test]\nargs = {json.dumps(named)}\n"
    place = Place(tmp_path, environment={"PYTEST_ADDOPTS": " ".join(named) if how == "PYTEST_ADDOPTS" else None})
    package(place.root, table if how == "args" else TABLE)
    write(place.top, {"ci/test.ini": "[pytest]\n"})
    assert_input(place, _text("ci/test.ini", f"[pytest]\n{NO_TESTS}"), fails="no test")


def test_a_new_test_in_a_folder_outside_runs_the_tests_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write(package(place.root, TABLE), {"pytest.ini": "[pytest]\ntestpaths = tests ../more\n"})
    write(place.top, {"more/test_old.py": "def test_old():\n    pass\n"})
    assert_input(place, _text("more/test_new.py", "def test_new():\n    assert False\n"), fails="test_new")


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
    ".coveragerc": _text("project/.coveragerc", f"[report]\n{NO_PRAGMA}"),
    "setup.cfg": _text("project/setup.cfg", f"[coverage:report]\n{NO_PRAGMA}"),
    "pyproject.toml": _more("project/pyproject.toml", '[tool.coverage.report]\nexclude_lines = ["nothing"]\n'),
}


@pytest.mark.parametrize("name", FOR_COVERAGE)
def test_configuration_of_coverage_runs_coverage_again(covered: Place, name: str) -> None:
    assert_input(covered, FOR_COVERAGE[name], fails="is below", check="coverage")


def test_the_file_that_coverage_rcfile_names_runs_coverage_again(covered: Place) -> None:
    place = Place(covered.top, covered.checks, {"COVERAGE_RCFILE": str(covered.top / "outside.rc")})
    assert_input(place, _text("outside.rc", f"[report]\n{NO_PRAGMA}"), fails="is below", check="coverage")


def test_another_threshold_runs_coverage_again(covered: Place) -> None:
    less = _text("project/src/sample/more.py", "".join(f"A{number} = {number}\n" for number in range(9)))
    with covered.restored():
        less(covered)
        write(covered.root, {"tests/test_more.py": "import sample.more\n\n\ndef test_more() -> None:\n    pass\n"})
        _more("project/src/sample/more.py", "if A1 == 2:\n    A1 = 3\n")(covered)
        threshold = _more("project/pyproject.toml", "[tool.lockgate.coverage]\nthreshold = 99\n")
        assert_input(covered, threshold, fails="is below 99", check="coverage")


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project that mypy accepts with its defaults, with a stub elsewhere."""
    top = tmp_path_factory.mktemp("mypy")
    table = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["types"]\ntypes.checker = "mypy"\n'
    untyped = "import stubbed\n\nNUMBER: int = stubbed.number()\n\n\ndef untyped(x):\n    return x\n"
    write(package(top / "project", table), {"src/sample/untyped.py": untyped})
    write(top, {"stubs/stubbed.pyi": "def number() -> int: ...\n"})
    return Place(top, checks=("types",), environment={"MYPYPATH": str(top / "stubs")})


STRICT = "disallow_untyped_defs = True\n"
FOR_MYPY: dict[str, tuple[str, Change]] = {
    "mypy.ini": ("untyped-def", _text("project/mypy.ini", f"[mypy]\n{STRICT}")),
    "setup.cfg": ("untyped-def", _text("project/setup.cfg", f"[mypy]\n{STRICT}")),
    "pyproject.toml": ("untyped-def", _more("project/pyproject.toml", "[tool.mypy]\ndisallow_untyped_defs = true\n")),
    "the user's .mypy.ini": ("untyped-def", _text("home/.mypy.ini", f"[mypy]\n{STRICT}")),
    "the user's mypy/config": ("untyped-def", _text("home/.config/mypy/config", f"[mypy]\n{STRICT}")),
    "module on MYPYPATH": ("assignment", _text("stubs/stubbed.pyi", "def number() -> str: ...\n")),
}


@pytest.mark.parametrize("name", FOR_MYPY)
def test_configuration_of_mypy_runs_types_again(typed: Place, name: str) -> None:
    fails, change = FOR_MYPY[name]
    assert_input(typed, change, fails=fails, check="types")


@pytest.mark.parametrize("file", ["pyproject.toml", "mypy.ini"])
def test_a_stub_on_the_configured_mypy_path_runs_types_again(typed: Place, file: str) -> None:
    place = Place(typed.top, typed.checks)
    with place.restored():
        text = '[tool.mypy]\nmypy_path = "../stubs"\n' if file == "pyproject.toml" else "[mypy]\nmypy_path = ../stubs\n"
        _more(f"project/{file}", text)(place) if file == "pyproject.toml" else _text(f"project/{file}", text)(place)
        assert_input(place, _text("stubs/stubbed.pyi", "def number() -> str: ...\n"), fails="assignment", check="types")


def test_another_selection_of_tests_has_a_result_of_its_own(pytests: Place) -> None:
    pytests.settle()
    assert not pytests.gate("--", "-k", "double").check("test-3.12")["cached"]
    pytests.settle("--", "-k", "double")
    pytests.settle()
    assert pytests.gate("--", "-k", "nothing").check("test-3.12")["status"] == "fail"
