from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lockgate.gate.checks.ruff import fix, format_, lint
from lockgate.model.problem import Problem
from tests.unit.gate.stand_in import calls, context

FOUND = {
    "code": "F401",
    "message": "`os` imported but unused",
    "filename": "a.py",
    "location": {"row": 1, "column": 8},
    "url": "https://docs.example/F401",
}
WHERE_TO_LOOK = "to look at: check `exclude` and [tool.lockgate.lint] paths"
NOTHING = "warning: No Python files found under the given path(s)"


def test_problems_have_their_places_and_say_how_to_mend_them(tmp_path: Path) -> None:
    fixes: list[dict[str, Any]] = [
        {"fix": {"applicability": "safe", "message": "Remove import", "edits": []}},
        {"fix": None},
    ]
    fixes.append({"fix": {"applicability": "unsafe", "message": "Rewrite", "edits": []}})
    check = lint(context(tmp_path, "ruff", json.dumps([{**FOUND, **one} for one in fixes]), code=1)).check
    assert check.status == "fail"
    assert {problem.where() for problem in check.problems} == {"a.py:1:8"}
    assert [problem.help for problem in check.problems] == [
        "Remove import; `lockgate gate lint --fix` can do it",
        "https://docs.example/F401",
        "Rewrite",
    ]


def test_a_file_that_cannot_be_parsed_has_no_rule(tmp_path: Path) -> None:
    broken = {**FOUND, "code": None, "message": "SyntaxError", "location": None, "url": None}
    (problem,) = lint(context(tmp_path, "ruff", json.dumps([broken]), code=1)).check.problems
    assert problem == Problem(tool="ruff", message="SyntaxError", path="a.py")


@pytest.mark.parametrize(
    ("out", "err", "code", "reason"),
    [
        ("[]", NOTHING, 0, f"ruff check found no Python file {WHERE_TO_LOOK}"),
        ("", "ruff failed\n  Cause: bad", 2, "ruff check failed (exit 2): ruff failed"),
        ("[]", "", 1, "ruff check failed (exit 1): no message"),
        (json.dumps([FOUND]), "", 0, "ruff check failed (exit 0): no message"),
        ("[]", "panicked", 101, "ruff check failed (exit 101): panicked"),
    ],
)
def test_an_answer_that_does_not_fit_the_exit_code_is_none(
    tmp_path: Path, out: str, err: str, code: int, reason: str
) -> None:
    check = lint(context(tmp_path, "ruff", out, err, code)).check
    assert (check.status, check.reason) == ("unknown", reason)


DIFF = """\
--- my file.py
+++ my file.py
@@ -3,4 +3,4 @@
 x = 1
 y = 2
-z=3
+z = 3
--- b.ipynb:cell 2
+++ b.ipynb:cell 2
@@ -1 +1 @@
-a=1
+a = 1
"""


def test_unformatted_files_are_shown_with_their_first_change(tmp_path: Path) -> None:
    check = format_(context(tmp_path, "ruff", DIFF, "2 files would be reformatted", 1)).check
    assert check.status == "fail"
    assert [(problem.where(), problem.rule) for problem in check.problems] == [
        ("my file.py:5", "format"),
        ("b.ipynb:1", "format"),
    ]
    assert check.problems[0].excerpt == DIFF.partition("--- b")[0].rstrip()


def test_files_that_cannot_be_read_are_problems_too(tmp_path: Path) -> None:
    err = "error: Failed to parse src/a.py:3:1: Expected an identifier\nerror: Failed to read b.py: Permission denied\n"
    check = format_(context(tmp_path, "ruff", "", err, 2)).check
    assert check.status == "fail"
    assert [(problem.where(), problem.message) for problem in check.problems] == [
        ("src/a.py:3:1", "Expected an identifier"),
        ("b.py", "Permission denied"),
    ]


@pytest.mark.parametrize(
    ("out", "err", "code", "status"),
    [
        ("", "3 files already formatted", 0, "pass"),
        ("", NOTHING, 0, "unknown"),
        ("", "ruff failed", 2, "unknown"),
        ("", "", 1, "unknown"),
        (DIFF, "", 0, "unknown"),
    ],
)
def test_only_an_answer_that_fits_the_exit_code_is_a_pass(
    tmp_path: Path, out: str, err: str, code: int, status: str
) -> None:
    assert format_(context(tmp_path, "ruff", out, err, code)).check.status == status


def test_an_older_ruff_is_asked_without_what_it_does_not_know(tmp_path: Path) -> None:
    script = """\
case "$*" in
    *--extend-exclude*) echo "error: unexpected argument '--extend-exclude' found" >&2; exit 2;;
esac
"""
    assert format_(context(tmp_path, "ruff", script=script)).check.status == "pass"
    assert calls(tmp_path) == [
        "format --diff --no-cache --extend-exclude .lockgate -- .",
        "format --diff --no-cache -- .",
    ]


@pytest.mark.parametrize("check", [lint, format_])
def test_without_ruff_the_checks_are_unknown_and_nothing_is_mended(tmp_path: Path, check: object) -> None:
    found = context(tmp_path, "ruff")
    (tmp_path / "environment/bin/ruff").unlink()
    said = check(found).check  # type: ignore[operator]
    assert said.status == "unknown"
    assert said.reason == "ruff is not in the project's environment; add it: `uv add --dev ruff`"
    fix(found, {"lint", "format"})
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"lint"}, ["check --fix --no-fix-only --exit-zero --quiet --no-cache --extend-exclude .lockgate -- ."]),
        ({"format"}, ["format --quiet --no-cache --extend-exclude .lockgate -- ."]),
        ({"types"}, []),
    ],
)
def test_only_what_was_asked_for_is_mended(tmp_path: Path, kinds: set[str], expected: list[str]) -> None:
    fix(context(tmp_path, "ruff"), kinds)
    assert (calls(tmp_path) if expected else []) == expected
    assert (tmp_path / "calls").exists() is bool(expected)


def test_after_a_cancel_the_checks_are_skipped(tmp_path: Path) -> None:
    found = context(tmp_path, "ruff")
    found.cancel.set()
    assert {lint(found).check.status, format_(found).check.status} == {"skipped"}
