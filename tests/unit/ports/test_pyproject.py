from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest

from lockgate.flows import init
from lockgate.gate import declared
from lockgate.gate.plan import Selection, plan
from lockgate.gate.recipe import declared_inputs, recipe
from lockgate.model.errors import LockgateError, UsageError
from lockgate.ports.pyproject import read_project
from tests.support import write


def refusal(root: Path, config: Path | None = None) -> tuple[str, str | None]:
    with pytest.raises(UsageError) as caught:
        read_project(root, config)
    return caught.value.message, caught.value.hint


def test_a_package_is_read_with_its_defaults(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = "Sample"\n', "tests/test_a.py": "", ".git/x": ""})
    found = read_project(tmp_path)
    assert (found.name, found.root, found.has_table, found.has_tests) == ("Sample", tmp_path.resolve(), False, True)
    assert found.pythons == ("3.8", "3.9", "3.10", "3.11", "3.12")
    assert found.files == {"pyproject.toml", "tests", ".git"}
    assert found.lock is None


def test_without_a_name_the_folder_names_the_package(tmp_path: Path) -> None:
    assert read_project(write(tmp_path / "thing", {"pyproject.toml": ""})).name == "thing"


def test_the_cells_are_put_in_the_order_of_versions(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[tool.lockgate]\npython = ["3.12", "3.9", "3.10"]'})
    assert read_project(tmp_path).pythons == ("3.9", "3.10", "3.12")


# --- refusals


def test_no_package_at_all(tmp_path: Path) -> None:
    message, hint = refusal(tmp_path)
    assert message == f"no pyproject.toml in {tmp_path.resolve()}"
    assert hint == "run lockgate in a package's folder, or name it with -C DIR"


def test_a_package_further_up_is_pointed_at(tmp_path: Path) -> None:
    inner = write(tmp_path, {"pyproject.toml": "", "src/x/a.py": ""}) / "src/x"
    assert refusal(inner)[1] == f"the nearest package is {tmp_path.resolve()}: run with -C {tmp_path.resolve()}"


def test_broken_toml_names_line_and_column(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[project]\nname = = 3\n"})
    assert refusal(tmp_path)[0] == "pyproject.toml:2:8: not valid TOML: invalid value"


def test_toml_that_ends_too_early_names_its_last_line(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = """x\n'})
    assert refusal(tmp_path)[0].startswith("pyproject.toml:2: not valid TOML: ")


def test_toml_nested_beyond_reason_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": f"x = {'[' * 5000}"})
    assert refusal(tmp_path)[0].startswith("pyproject.toml:1: not valid TOML: ")


def test_another_encoding_names_line_and_byte(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": b"[project]\n# caf\xe9\n"})
    assert refusal(tmp_path)[0] == "pyproject.toml:2: not UTF-8 (byte 0xe9)"


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": b'\xef\xbb\xbf[project]\nname = "bom"\n'})
    assert read_project(tmp_path).name == "bom"


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 names only")
def test_a_folder_whose_name_is_no_utf8_is_refused(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"caf\xe9")
    message, hint = refusal(write(root, {"pyproject.toml": ""}))
    assert message.endswith("is not UTF-8: uv cannot work there")
    assert hint == "rename the folder"


def test_a_folder_for_a_file_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    assert refusal(tmp_path)[0].startswith("no pyproject.toml in ")


def test_a_requires_python_that_is_none_names_its_line(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = "x"\nrequires-python = "soon"\n'})
    assert refusal(tmp_path)[0] == "pyproject.toml:3: requires-python = 'soon' is not a version specifier"


def test_a_package_for_no_python_says_how_to_name_some(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nrequires-python = "<3"\n'})
    message, hint = refusal(tmp_path)
    assert message == "pyproject.toml:2: no Python satisfies requires-python"
    assert hint == 'name the versions: [tool.lockgate] python = ["3.12"]'


def test_a_table_that_is_none_names_its_line(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool]\nlockgate = 3\n"})
    assert refusal(tmp_path)[0] == "pyproject.toml:2: tool.lockgate must be a table"


def test_groups_extras_and_files_of_the_table_must_exist(tmp_path: Path) -> None:
    own = "[project]\noptional-dependencies.docs = []\n[dependency-groups]\ntests = []\n[tool.lockgate]\n"
    write(tmp_path, {"pyproject.toml": own + 'groups = ["test"]\n'})
    assert refusal(tmp_path) == ("pyproject.toml:6: no dependency group is called 'test'", "did you mean 'tests'?")
    write(tmp_path, {"pyproject.toml": own + 'extras = ["doc"]\n'})
    assert refusal(tmp_path) == ("pyproject.toml:6: no extra is called 'doc'", "did you mean 'docs'?")
    write(tmp_path, {"pyproject.toml": own + 'requirements = ["dev.txt"]\n'})
    assert refusal(tmp_path)[0] == "pyproject.toml:6: no file 'dev.txt'"
    write(tmp_path, {"pyproject.toml": own + 'groups = ["Tests"]\nextras = ["docs"]\n'})
    assert read_project(tmp_path).config.groups == ("Tests",)


VALUES = ("3", "1.5", '"x"', "true", "[]", "[3]", '["a"]', "{}", "{ a = 1 }", "[{}]", "2026-01-01", "{ a = [{}] }")
KEYS = (
    *("project", "project.name", "project.requires-python", "project.classifiers", "project.dependencies"),
    *("project.optional-dependencies", "project.optional-dependencies.dev", "project.dynamic", "project.version"),
    *("build-system", "build-system.requires", "dependency-groups", "dependency-groups.dev", "tool", "tool.uv"),
    *("tool.uv.dev-dependencies", "tool.uv.package", "tool.uv.workspace", "tool.pytest", "tool.pytest.ini_options"),
    *("tool.pytest.ini_options.addopts", "tool.pytest.ini_options.testpaths", "tool.coverage"),
    *("tool.coverage.report", "tool.coverage.report.fail_under", "tool.ruff", "tool.ruff.format", "tool.mypy"),
    *("tool.mypy.files", "tool.lockgate", "tool.ty", "tool.ty.src", "tool.pyright", "tool.black"),
)


@pytest.mark.parametrize("key", KEYS)
def test_no_shape_of_any_table_is_a_bug(tmp_path: Path, key: str) -> None:
    """Whatever stands there is used, ignored or refused with its place; nothing else may be raised."""
    (tmp_path / "tests").mkdir()
    told: list[str] = []
    for number, value in itertools.product((0, 1), VALUES):
        table = "[tool.lockgate]\n" * number
        (tmp_path / "pyproject.toml").write_text(f"{key} = {value}\n{table}")
        try:
            found = read_project(tmp_path)
            plan(found, Selection())
            init.set_up(found, "0.1.0")
        except LockgateError as error:
            told.append(error.message)
            continue
        recipe(found, found.pythons[-1], frozenset(declared.checks(found)))
        declared_inputs(found)
        declared.threshold(found)
        declared.version_from_git(found)
    assert all("pyproject.toml:" in message or "declares nothing" in message for message in told)


# --- a table from outside


def test_the_table_may_come_from_another_file(tmp_path: Path) -> None:
    write(
        tmp_path, {"p/pyproject.toml": '[tool.lockgate]\nrunner = "own"', "with.toml": '[tool.lockgate]\nrunner = "a"'}
    )
    write(tmp_path, {"bare.toml": 'runner = "b"'})
    found = [read_project(tmp_path / "p", tmp_path / name) for name in ("with.toml", "bare.toml")]
    assert [one.config.runner for one in found] == ["a", "b"]
    assert [one.config_file for one in found] == [str(tmp_path / "with.toml"), str(tmp_path / "bare.toml")]
    assert all(one.has_table for one in found)


def test_a_mistake_in_the_other_file_names_that_file(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "bare.toml": "\nruner = 3", "bad.toml": "x"})
    assert refusal(tmp_path, tmp_path / "bare.toml")[0].startswith(f"{tmp_path}/bare.toml:2: unknown key 'runer'")
    assert refusal(tmp_path, tmp_path / "bad.toml")[0].startswith(f"{tmp_path}/bad.toml:1")
    assert refusal(tmp_path, tmp_path / "none.toml")[0] == f"{tmp_path}/none.toml: No such file or directory"


def test_another_file_without_the_table_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "other.toml": "[tool.lockgaet]"})
    assert refusal(tmp_path, tmp_path / "other.toml")[0] == f"{tmp_path}/other.toml: there is no [tool.lockgate] table"


# --- pytest's options, by pytest's own order


INI = {
    "pytest.toml": '[pytest]\naddopts = ["-q", "a"]',
    "pytest.ini": "[pytest]\naddopts = b",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "c"\nminversion = 6',
    "tox.ini": "[pytest]\naddopts = d",
    "setup.cfg": "[tool:pytest]\naddopts = e%x",
}
FOUND = {"pytest.toml": "-q a", "pytest.ini": "b", "pyproject.toml": "c", "tox.ini": "d", "setup.cfg": "e%x"}


@pytest.mark.parametrize("number", range(len(INI)))
def test_options_are_read_where_pytest_reads_them(tmp_path: Path, number: int) -> None:
    write(tmp_path, {"pyproject.toml": "", **dict(list(INI.items())[number:])})
    assert read_project(tmp_path).ini["addopts"] == list(FOUND.values())[number]


def test_options_of_pytest_9_stand_in_the_table_itself(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[tool.pytest]\naddopts = ["-x", "-q"]'})
    assert read_project(tmp_path).ini == {"addopts": "-x -q"}


def test_a_pytest_ini_without_section_still_comes_first(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": INI["pyproject.toml"], "pytest.ini": ""})
    assert read_project(tmp_path).ini == {}


def test_a_broken_ini_file_gives_no_options(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "tox.ini": "addopts = -q\n"})
    assert read_project(tmp_path).ini == {}


# --- tests and lock


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"tests/x": ""}, True),
        ({"test/x": ""}, True),
        ({"testing/x": ""}, True),
        ({"test_a.py": ""}, True),
        ({"a_test.py": ""}, True),
        ({"spec/x": "", "pytest.ini": "[pytest]\ntestpaths = spec other"}, True),
        ({"src/a.py": "", "contest.py": "", "test.py": ""}, False),
        ({"src/a/tests/test_a.py": ""}, True),
        ({"checks/a_test.py": ""}, True),
        ({"a.py": "", "pytest.ini": "[pytest]\naddopts = --doctest-modules"}, True),
        ({"venv/pyvenv.cfg": "", "venv/lib/test_a.py": "", "env/pyvenv.cfg": "", "env/lib/test_a.py": ""}, False),
        ({"build/lib/test_a.py": "", ".tox/test_a.py": "", "a.egg/test_a.py": ""}, False),
    ],
)
def test_what_looks_like_tests(tmp_path: Path, files: dict[str, str], *, expected: bool) -> None:
    assert read_project(write(tmp_path, {"pyproject.toml": "", **files})).has_tests is expected


def test_the_lock_is_the_own_one_or_that_of_the_workspace(tmp_path: Path) -> None:
    workspace = '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/c"]\n'
    write(tmp_path, {"pyproject.toml": workspace, "uv.lock": ""})
    for place in ("packages/a", "packages/b", "packages/c", "other/d"):
        write(tmp_path / place, {"pyproject.toml": ""})
    write(tmp_path / "packages/b", {"uv.lock": ""})
    root = tmp_path.resolve()
    locks = [read_project(tmp_path / place).lock for place in ("packages/a", "packages/b", "packages/c", "other/d")]
    assert locks == [root / "uv.lock", root / "packages/b/uv.lock", None, None]
