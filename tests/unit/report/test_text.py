from __future__ import annotations

import re

from hypothesis import given

from lockgate.model.gate import Check, Coverage, GateReport, Missing, Tests
from lockgate.model.problem import Problem
from lockgate.report import text
from tests.unit.builders import FEW, REPORTS, report

UNUSED = Problem(
    tool="ruff", rule="F401", message="`os` imported but unused", path="src/a.py", line=1, column=8, help="remove it"
)
FAILED = Problem(
    tool="pytest",
    message="test_double: assert 3 == 4\nsecond line",
    path="tests/test_a.py",
    line=5,
    excerpt=">   assert double(2) == 4\nE   assert 3 == 4",
    help="run just that again: lockgate gate test-3.8 -- tests/test_a.py::test_double",
)
CELL = Check(
    name="test-3.8",
    status="fail",
    seconds=3.21,
    python="3.8.18",
    reason="1 failed of 61",
    tests=Tests(collected=61, passed=60, failed=1),
    problems=(FAILED,),
)


def test_a_failed_gate_says_first_what_is_wrong_and_how_to_mend_it() -> None:
    found = report(
        Check(name="lint", status="fail", seconds=0.12, problems=(UNUSED,)),
        CELL,
        Check(name="types", status="unknown", reason="mypy is not in the project's environment"),
        Check(name="docs", status="skipped", reason="not started: lint failed"),
        Check(name="format", status="pass", cached=True, cached_age=185.4, key="0123456789ab", seconds=0.2),
        Check(name="test-3.12", status="pass", seconds=12.34, python="3.12.1", tests=Tests(collected=2, passed=2)),
        Check(name="coverage", status="not-run"),
        seconds=15.2,
    )
    assert (
        text.render(found)
        == """\
FAIL lint
  src/a.py:1:8  `os` imported but unused [F401]
    → remove it

FAIL test-3.8: 1 failed of 61
  tests/test_a.py:5  test_double: assert 3 == 4
    second line
    │ >   assert double(2) == 4
    │ E   assert 3 == 4
    → run just that again: lockgate gate test-3.8 -- tests/test_a.py::test_double

UNKNOWN types: mypy is not in the project's environment

FAIL     lint          0.12 s  1 problem
FAIL     test-3.8      3.21 s  1 failed, 60 passed · Python 3.8.18
UNKNOWN  types         0.00 s  mypy is not in the project's environment
skipped  docs                  not started: lint failed
pass     format                cached, 3 min 05 s old, key 0123456789ab
pass     test-3.12     12.3 s  2 passed · Python 3.12.1
not run  coverage

FAIL in 15.2 s: failed: lint, test-3.8; unknown: types; skipped: docs \
(1 of 6 from the cache; --fresh runs them again); partial (not run: coverage)
"""
    )


def test_a_passed_gate_is_short() -> None:
    found = report(
        Check(name="lint", status="pass", seconds=0.1),
        Check(name="coverage", status="pass", seconds=1),
        coverage=Coverage(100.0, 95),
    )
    assert (
        text.render(found)
        == """\
pass     lint         0.10 s
pass     coverage     1.00 s
coverage 100.00 % (threshold 95 %)

PASS in 1.50 s: 2 checks
"""
    )


def test_what_is_not_covered_is_listed_and_never_rounded_up() -> None:
    missing = (Missing("src/a.py", ((3, 3), (10, 12)), ((5, 7), (9, -1))), Missing("src/b.py", ((1, 1),)))
    found = report(
        Check(name="coverage", status="fail", reason="94.99 % is below 95 %"), coverage=Coverage(94.9999, 95, missing)
    )
    assert (
        text.render(found)
        == """\
FAIL coverage: 94.99 % is below 95 %

FAIL     coverage     0.00 s  94.99 % is below 95 %
coverage 94.99 % (threshold 95 %)
  src/a.py: 3, 10-12, 5->7, 9->exit
  src/b.py: 1

FAIL in 1.50 s: failed: coverage
"""
    )


def test_quietly_only_problems_and_the_verdict_are_told() -> None:
    found = report(Check(name="lint", status="fail", problems=(UNUSED,)), Check(name="types", status="pass"))
    assert (
        text.render(found, quiet=True)
        == """\
FAIL lint
  src/a.py:1:8  `os` imported but unused [F401]
    → remove it

FAIL in 1.50 s: failed: lint
"""
    )


def test_a_failure_of_several_cells_is_read_once() -> None:
    again = Check(name="test-3.9", status="fail", reason=CELL.reason, tests=CELL.tests, problems=CELL.problems)
    shown = text.render(report(CELL, again))
    assert shown.startswith("FAIL test-3.8, test-3.9: 1 failed of 61\n")
    assert shown.count("assert double(2) == 4") == 1


def test_a_flood_of_problems_is_cut_and_says_where_all_are() -> None:
    shown = text.render(report(Check(name="lint", status="fail", problems=(UNUSED,) * 53)))
    assert shown.count("`os` imported but unused") == 50
    assert "  … and 3 more (--format json has all)\n" in shown


def test_notes_partial_runs_and_a_phase_that_does_not_enforce_are_told() -> None:
    cell = Check(name="test-3.8", status="pass", notes=("flaky: x failed, then passed",), tests=Tests(1, 1, flaky=1))
    found = report(cell, enforced=False)
    lines = text.render(found).splitlines()
    assert lines[0] == "pass     test-3.8     0.00 s  1 passed, 1 flaky"
    assert lines[1] == "note     test-3.8: flaky: x failed, then passed"
    assert lines[-1] == "PASS in 1.50 s: 1 check; not enforced (phase)"
    arguments = report(cell, scope=type(found.scope)(partial=True))
    assert text.render(arguments).endswith("PASS in 1.50 s: 1 check; partial (pytest arguments were given)\n")


def test_colours_follow_the_status() -> None:
    shown = text.render(report(CELL, coverage=Coverage(10, 95)), lambda content, style: f"<{style}>{content}</>")
    assert "<fail>FAIL test-3.8: 1 failed of 61</>" in shown
    assert "<bold>tests/test_a.py:5</>" in shown
    assert "<dim>    │ E   assert 3 == 4</>" in shown
    assert "<fail>coverage 10.00 % (threshold 95 %)</>" in shown
    assert shown.endswith("<fail>FAIL in 1.50 s: failed: test-3.8</>\n")


@FEW
@given(REPORTS)
def test_every_check_has_its_line_and_the_verdict_is_last(found: GateReport) -> None:
    lines = text.render(found).split("\n")
    marks = {"pass": "pass", "fail": "FAIL", "unknown": "UNKNOWN", "skipped": "skipped", "not-run": "not run"}
    for check in found.checks:
        assert any(re.match(rf"{marks[check.status]} +{re.escape(check.name)}(?: |$)", line) for line in lines)
    assert lines[-2].startswith(f"{found.verdict.upper()} in ")
    assert lines[-1] == ""
