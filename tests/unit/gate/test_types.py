from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockgate.gate.checks.types import targets, types
from lockgate.model.problem import Problem
from lockgate.ports.pyproject import read_project
from tests.support import write
from tests.unit.gate.stand_in import calls, context

MYPY_FAILS = """\
src/a.py:3:5: error: Incompatible return value type (got "int", expected "str")  [return-value]
src/a.py:4: note: Revealed type is "builtins.int"
/elsewhere/b.pyi:1:1: error: Something else
Found 2 errors in 2 files (checked 7 source files)
"""


def test_mypys_errors_have_their_places(tmp_path: Path) -> None:
    check = types(context(tmp_path, "mypy", MYPY_FAILS, code=1)).check
    assert (check.status, check.reason) == ("fail", None)
    assert check.problems == (
        Problem(
            tool="mypy",
            rule="return-value",
            message='Incompatible return value type (got "int", expected "str")',
            path="src/a.py",
            line=3,
            column=5,
        ),
        Problem(tool="mypy", severity="note", message='Revealed type is "builtins.int"', path="src/a.py", line=4),
        Problem(tool="mypy", message="Something else", path="/elsewhere/b.pyi", line=1, column=1),
    )


NO_FILE = "looked at no file: name them with [tool.lockgate.types] paths"
ANALYZED = '{{"generalDiagnostics": [], "summary": {{"filesAnalyzed": {}}}}}'
# The tool, what it says on both outputs, its exit code, and what becomes of it.
ANSWERS = (
    ("mypy", "Success: no issues found in 1 source file\n", "", 0, "pass", None),
    ("mypy", "", "", 0, "unknown", f"mypy {NO_FILE}"),
    ("mypy", "", "mypy: can't read file 'x'", 2, "unknown", "mypy failed (exit 2): mypy: can't read file 'x'"),
    ("mypy", "a.py:1: error: INTERNAL ERROR -- x\nversion", "", 2, "unknown", "mypy failed (exit 2): version"),
    ("mypy", "", "", 1, "unknown", "mypy failed (exit 1): no message"),
    ("mypy", "src/a.py: error: Source file found twice\nFound 1 error", "", 2, "fail", None),
    ("mypy", "a.py:1: error: x\nand so on", "", 0, "unknown", "mypy looked at no file: name them"),
    ("ty", "[]", "All checks passed!", 0, "pass", None),
    ("ty", "[]", "WARN No python files found under the given path(s)", 0, "unknown", f"ty {NO_FILE}"),
    ("ty", "", "thread 'main' panicked\nerror: panic", 101, "unknown", "ty failed (exit 101): error: panic"),
    ("pyright", ANALYZED.format(2), "", 0, "pass", None),
    ("pyright", ANALYZED.format(0), "", 0, "unknown", f"pyright {NO_FILE}"),
    ("pyright", "No configuration.", "", 3, "unknown", "pyright failed (exit 3): No configuration."),
)


@pytest.mark.parametrize(("tool", "out", "err", "code", "status", "reason"), ANSWERS)
def test_only_the_checkers_own_word_is_a_pass(
    tmp_path: Path, tool: str, out: str, err: str, code: int, status: str, reason: str | None
) -> None:
    check = types(context(tmp_path, tool, out, err, code)).check
    assert check.status == status
    assert (check.reason or "").startswith(reason or "")
    assert (check.reason is None) is (reason is None)


def ty(severity: str) -> str:
    place = {"path": "src/a.py", "positions": {"begin": {"line": 2, "column": 9}, "end": {"line": 2, "column": 10}}}
    found = {"check_name": "invalid-return-type", "description": "invalid-return-type: Return type does not match"}
    return json.dumps([{**found, "severity": severity, "location": place, "fingerprint": "x"}])


@pytest.mark.parametrize(
    ("severity", "code", "status", "shown"),
    [("major", 1, "fail", "error"), ("minor", 1, "fail", "warning"), ("minor", 0, "pass", "warning")],
)
def test_tys_problems_have_their_places(tmp_path: Path, severity: str, code: int, status: str, shown: str) -> None:
    check = types(context(tmp_path, "ty", ty(severity), code=code)).check
    assert check.status == status
    (problem,) = check.problems
    assert (problem.where(), problem.rule, problem.severity) == ("src/a.py:2:9", "invalid-return-type", shown)
    assert problem.message == "Return type does not match"
    assert check.reason == ("ty ended with exit 1 over warnings" if (code, shown) == (1, "warning") else None)


def pyright(severity: str) -> str:
    start = {"line": 0, "character": 4}
    found = {"file": "/elsewhere/a.py", "message": "No", "severity": severity, "rule": "reportGeneral"}
    report = {"generalDiagnostics": [{**found, "range": {"start": start, "end": start}}, {**found, "rule": None}]}
    return json.dumps({"version": "1", **report, "summary": {"filesAnalyzed": 1, "errorCount": 2}})


@pytest.mark.parametrize(
    ("severity", "code", "status", "shown"),
    [("error", 1, "fail", "error"), ("warning", 0, "pass", "warning"), ("information", 0, "pass", "note")],
)
def test_pyrights_problems_have_their_places(tmp_path: Path, severity: str, code: int, status: str, shown: str) -> None:
    check = types(context(tmp_path, "pyright", pyright(severity), code=code)).check
    assert check.status == status
    assert [(one.where(), one.rule, one.severity) for one in check.problems] == [
        ("/elsewhere/a.py:1:5", "reportGeneral", shown),
        ("/elsewhere/a.py", None, shown),
    ]


def test_a_checker_that_is_not_installed_is_unknown(tmp_path: Path) -> None:
    found = context(tmp_path, "mypy")
    (tmp_path / "environment/bin/mypy").unlink()
    check = types(found).check
    assert (check.status, check.reason) == (
        "unknown",
        "mypy is not in the project's environment; add it: `uv add --dev mypy`",
    )


def test_a_checker_that_cannot_be_started_is_unknown(tmp_path: Path) -> None:
    found = context(tmp_path, "mypy")
    (tmp_path / "environment/bin/mypy").write_text("no program")
    check = types(found).check
    assert check.status == "unknown"
    assert (check.reason or "").startswith("mypy could not be started: ")


def test_after_a_cancel_the_check_is_skipped(tmp_path: Path) -> None:
    found = context(tmp_path, "mypy")
    found.cancel.set()
    assert types(found).check.status == "skipped"


# --- what is checked


MYPY = "--show-column-numbers --show-error-codes --no-pretty --no-color-output --hide-error-context --error-summary"


@pytest.mark.parametrize(
    ("tool", "toml", "files", "expected"),
    [
        ("mypy", "", {"src/x": ""}, f"{MYPY} -- src"),
        ("mypy", 'files = ["lib"]', {"src/x": ""}, MYPY),
        ("mypy", 'mypy_path = "stubs"', {"src/x": ""}, f"{MYPY} -- src"),
        ("mypy", "", {"mypy.ini": "[mypy]\nfiles = lib\n"}, MYPY),
        ("mypy", "", {"setup.cfg": "[mypy]\npackages = lib\n[other]\n"}, MYPY),
        ("mypy", "", {"setup.cfg": "[mypy]\nstrict = true\n[other]\nfiles = lib\n"}, f"{MYPY} -- ."),
        ("mypy", 'files = ["lib"]\n[tool.lockgate.types]\npaths = ["a", "b"]', {}, f"{MYPY} -- a b"),
        ("ty", "", {"src/x": ""}, "check --output-format gitlab --python {environment} src"),
        ("ty", 'src.include = ["lib"]', {"src/x": ""}, "check --output-format gitlab --python {environment}"),
        ("ty", "", {"ty.toml": ""}, "check --output-format gitlab --python {environment}"),
        ("pyright", "", {"src/x": ""}, "--outputjson --pythonpath {environment}/bin/python src"),
        ("pyright", 'include = ["lib"]', {}, "--outputjson --pythonpath {environment}/bin/python"),
        ("pyright", "", {"pyrightconfig.json": ""}, "--outputjson --pythonpath {environment}/bin/python"),
    ],
)
def test_what_the_project_configures_is_left_to_the_checker(
    tmp_path: Path, tool: str, toml: str, files: dict[str, str], expected: str
) -> None:
    write(tmp_path / "package", {"pyproject.toml": f"[tool.{tool}]\n{toml}", **files})
    types(context(tmp_path, tool))
    assert calls(tmp_path) == [expected.format(environment=tmp_path / "environment")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src/x": "", "my_package/x": ""}, "src"),
        ({"My_Package/x": ""}, "My_Package"),
        ({"my_package/x": "", "other/x": ""}, "my_package"),
        ({"my_package.py": ""}, "my_package.py"),
        ({"lib/x": ""}, "."),
    ],
)
def test_without_configuration_the_packages_own_source_is_checked(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = "My-Package"\n', **files})
    assert targets(read_project(tmp_path)) == (expected,)
