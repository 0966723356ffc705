from __future__ import annotations

import pytest

from lockgate.model.gate import Check, Tests
from lockgate.model.problem import Problem
from lockgate.report import below, words
from tests.unit.builders import report


@pytest.mark.parametrize(
    ("tests", "shown"),
    [
        (Tests(collected=3, passed=3), "3 passed"),
        (Tests(collected=9, passed=1, failed=2, errors=1, skipped=3), "2 failed, 1 error, 1 passed, 3 skipped"),
        (
            Tests(collected=9, errors=2, xfailed=1, xpassed=1, deselected=4),
            "2 errors, 4 deselected, 1 xfailed, 1 xpassed",
        ),
        (Tests(collected=0), "0 collected"),
        (Tests(collected=1, passed=1, flaky=1), "1 passed, 1 flaky"),
    ],
)
def test_counts_read_like_pytests(tests: Tests, shown: str) -> None:
    assert words.counts(tests) == shown


def test_many_failed_checks_are_counted_instead_of_listed() -> None:
    checks = [Check(name=f"check-{number}", status="fail") for number in range(7)]
    assert words.verdict(report(*checks)) == "FAIL in 1.50 s: failed: 7 checks"
    assert words.verdict(report(*checks[:2])) == "FAIL in 1.50 s: failed: check-0, check-1"


def test_checks_that_say_the_same_are_put_together_in_order() -> None:
    def cell(name: str, message: str) -> Check:
        return Check(name=name, status="fail", tests=Tests(), problems=(Problem(tool="pytest", message=message),))

    checks = [cell("a", "1"), cell("b", "2"), cell("c", "1"), Check(name="d", status="pass", tests=Tests())]
    assert [[one.name for one in group] for group in words.alike(checks)] == [["a", "c"], ["b"], ["d"]]


def test_what_was_taken_from_another_machine_says_so() -> None:
    taken = Check(name="test-3.8", status="pass", python="3.8.1", taken_from="cells/a/gate.json")
    assert words.details(taken) == "Python 3.8.1 · taken from cells/a/gate.json"


def test_paths_can_be_seen_from_the_top_of_the_repository() -> None:
    paths = ["src/a.py", "/outside/b.py", None]
    problems = tuple(Problem(tool="t", message="m", path=path) for path in paths)
    seen = below(report(Check(name="lint", status="fail", problems=problems)), "packages/x")
    assert [problem.path for problem in seen.checks[0].problems] == ["packages/x/src/a.py", "/outside/b.py", None]
