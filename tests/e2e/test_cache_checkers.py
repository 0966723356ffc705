"""The result cache is sound towards what configures ruff and mypy: in the project, above it, and at the user's home."""

from __future__ import annotations

import pytest

from tests.e2e.cache_place import Change, Place, assert_input, run, some, text_added, text_at
from tests.support import package, write

LINT_TABLE = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["lint"]\n'
UNUSED = "import os\n"
DOCSTRINGS = 'lint.select = ["D"]\n'
RUFF = 'select = ["D"]\n'


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
    "ruff.toml": ("docstring", text_at("project/ruff.toml", DOCSTRINGS)),
    ".ruff.toml": ("docstring", text_at("project/.ruff.toml", DOCSTRINGS)),
    "pyproject.toml": ("docstring", text_added("project/pyproject.toml", f"[tool.ruff.lint]\n{RUFF}")),
    "ruff.toml further in": ("docstring", text_at("project/src/ruff.toml", DOCSTRINGS)),
    "ruff.toml above": ("docstring", text_at("ruff.toml", DOCSTRINGS)),
    "pyproject.toml above": ("docstring", text_at("pyproject.toml", f"[tool.ruff.lint]\n{RUFF}")),
    "the user's ruff.toml": ("docstring", text_at("home/.config/ruff/ruff.toml", DOCSTRINGS)),
    "the user's hidden ruff.toml": ("docstring", text_at("home/.config/ruff/.ruff.toml", DOCSTRINGS)),
    ".gitignore": ("`os` imported", text_at("project/.gitignore", "\n")),
    ".gitignore above": ("`os` imported", text_at(".gitignore", "\n")),
    ".ignore above": ("`os` imported", text_at(".ignore", "\n")),
    ".git/info/exclude": ("`os` imported", text_at(".git/info/exclude", "\n")),
    "the user's git/ignore": ("`os` imported", text_at("home/.config/git/ignore", "\n")),
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
    "extended file": ("docstring", text_at("shared/ruff.toml", DOCSTRINGS)),
    "extended file's extended file": ("docstring", text_at("shared/deeper/base.toml", DOCSTRINGS)),
    "file in a path outside": ("`os` imported", text_at("scripts/script.py", UNUSED)),
    "new file in a path outside": ("`os` imported", text_at("scripts/new.py", UNUSED)),
    "git's excludesFile": ("`os` imported", text_at("home/hidden.txt", "\n")),
    "git's configuration": ("`os` imported", text_at("home/.gitconfig", "\n")),
}


@pytest.mark.parametrize("name", FOR_RUFF_ELSEWHERE)
def test_what_ruffs_configuration_points_to_runs_lint_again(ruff_elsewhere: Place, name: str) -> None:
    fails, change = FOR_RUFF_ELSEWHERE[name]
    assert_input(ruff_elsewhere, change, fails=fails, check="lint")


def test_the_users_xdg_folder_runs_lint_again(ruff: Place) -> None:
    folder = {"XDG_CONFIG_HOME": str(ruff.top / "xdg"), "LC_ALL": None}
    ruff_with_folder = Place(ruff.top, ruff.checks, folder)
    write(ruff.top, {"xdg/git/ignore": "hidden_by_user.py\n"})
    assert_input(ruff_with_folder, text_at("xdg/ruff/ruff.toml", DOCSTRINGS), fails="docstring", check="lint")


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
    "mypy.ini": ("untyped-def", text_at("project/mypy.ini", f"[mypy]\n{STRICT}")),
    "setup.cfg": ("untyped-def", text_at("project/setup.cfg", f"[mypy]\n{STRICT}")),
    "pyproject.toml": (
        "untyped-def",
        text_added("project/pyproject.toml", "[tool.mypy]\ndisallow_untyped_defs = true\n"),
    ),
    "the user's .mypy.ini": ("untyped-def", text_at("home/.mypy.ini", f"[mypy]\n{STRICT}")),
    "the user's mypy/config": ("untyped-def", text_at("home/.config/mypy/config", f"[mypy]\n{STRICT}")),
    "module on MYPYPATH": ("assignment", text_at("stubs/stubbed.pyi", "def number() -> str: ...\n")),
}


@pytest.mark.parametrize("name", some(FOR_MYPY, {"the user's mypy/config"}))
def test_configuration_of_mypy_runs_types_again(typed: Place, name: str) -> None:
    fails, change = FOR_MYPY[name]
    assert_input(typed, change, fails=fails, check="types")


@pytest.mark.slow
@pytest.mark.parametrize("file", ["pyproject.toml", "mypy.ini"])
def test_a_stub_on_the_configured_mypy_path_runs_types_again(typed: Place, file: str) -> None:
    place = Place(typed.top, typed.checks)
    with place.restored():
        text = '[tool.mypy]\nmypy_path = "../stubs"\n' if file == "pyproject.toml" else "[mypy]\nmypy_path = ../stubs\n"
        text_added(f"project/{file}", text)(place) if file == "pyproject.toml" else text_at(f"project/{file}", text)(
            place
        )
        assert_input(
            place, text_at("stubs/stubbed.pyi", "def number() -> str: ...\n"), fails="assignment", check="types"
        )
