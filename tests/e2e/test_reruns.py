"""Failed tests run again: flaky is said and counted, and failed stays failed."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.e2e.places import NEVER, PLUGINS, Makes, cell, counts, uncovered
from tests.support import gate, lockgate

RERUNS = "[tool.lockgate.test]\nreruns = 1\n[tool.lockgate.coverage]\nthreshold = 50\n"
# Fails in the first session and passes in the second, without a file that would itself be an input.
ONLY_AGAIN = """\
import os


def test_moody() -> None:
    assert "LOCKGATE_ONLY" in os.environ
"""


def test_a_test_that_passes_when_run_again_is_flaky_in_every_output(place: Makes, tmp_path: Path) -> None:
    here = place()
    here.put({"tests/test_flaky.py": ONLY_AGAIN}, table=RERUNS)
    out = tmp_path / "out"
    ran = lockgate(here.root, "gate", "test", "coverage", "--report", str(out))
    assert ran.code == 0
    assert "1 flaky" in ran.out
    assert "tests/test_flaky.py::test_moody failed, then passed when it was run again" in ran.out

    document = json.loads((out / "gate.json").read_text(encoding="utf-8"))
    check = next(one for one in document["checks"] if one["name"] == "test-3.12")
    assert (check["status"], check["tests"]["passed"], check["tests"]["failed"]) == ("pass", 3, 0)
    assert check["tests"]["flaky"] == 1
    (problem,) = check["problems"]
    assert (problem["rule"], problem["severity"]) == ("flaky", "warning")
    assert (problem["path"], problem["line"]) == ("tests/test_flaky.py", 5)

    suites = {suite.get("name"): suite for suite in ET.parse(out / "gate.junit.xml").getroot()}  # noqa: S314
    assert suites["test-3.12"].get("failures") == "0"
    assert "1 flaky" in "".join(suites["test-3.12"].itertext())

    markdown = (out / "gate.md").read_text(encoding="utf-8")
    assert "1 flaky" in markdown
    annotations = (out / "gate.github.txt").read_text(encoding="utf-8")
    assert "::warning title=test-3.12%3A pytest flaky,file=tests/test_flaky.py,line=5::" in annotations
    sarif = json.loads((out / "gate.sarif").read_text(encoding="utf-8"))
    (result,) = sarif["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("test-3.12/pytest/flaky", "warning")


def test_a_result_with_a_flaky_test_is_not_kept(place: Makes) -> None:
    here = place()
    here.put({"tests/test_flaky.py": ONLY_AGAIN}, table=RERUNS)
    first, second = (gate(here.root, "test") for _ in range(2))
    assert [counts(ran).get("flaky") for ran in (first, second)] == [1, 1]
    assert cell(second)["cached"] is False
    # The same without the flaky test is kept.
    (here.root / "tests/test_flaky.py").unlink()
    assert cell(gate(here.root, "test"))["cached"] is False
    assert cell(gate(here.root, "test"))["cached"] is True


@pytest.mark.parametrize(
    "fixture",
    [
        "@pytest.fixture\ndef thing(runs):\n    assert runs >= 1\n",
        "@pytest.fixture\ndef thing(runs):\n    yield\n    assert runs >= 1\n",
        "@pytest.fixture\ndef thing(runs):\n    yield\n    assert runs >= 2\n",
    ],
    ids=["setup", "teardown", "second-rerun"],
)
def test_a_fixture_that_recovers_is_flaky_too(place: Makes, fixture: str) -> None:
    here = place()
    here.flaky(f"\n\n{fixture}\n\ndef test_moody(thing) -> None:\n    pass\n")
    ran = here.gate()
    assert (ran.code, counts(ran)) == (0, {"collected": 3, "passed": 3, "flaky": 1})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("assert runs >= 3", {"failed": 1}),
        ("assert runs != 0\n    pytest.skip('now it cannot tell')", {"failed": 1}),
        pytest.param("assert runs != 0\n    pytest.xfail('now it cannot tell')", {"failed": 1}, marks=pytest.mark.slow),
        ("assert runs != 0\n    pytest.exit('enough', 0)", {"failed": 1}),
        ("assert runs != 0\n    __import__('os')._exit(0)", {"failed": 1}),
        ("assert runs != 0\n    __import__('os').abort()", {"failed": 1}),
    ],
    ids=["still-fails", "skips", "xfails", "leaves", "exits", "crashes"],
)
def test_what_does_not_pass_when_run_again_still_fails(place: Makes, body: str, expected: dict[str, int]) -> None:
    here = place()
    here.flaky(f"\n\ndef test_moody(runs) -> None:\n    {body}\n")
    ran = here.gate("test")
    assert (ran.code, cell(ran)["status"]) == (1, "fail")
    assert counts(ran) == {"collected": 3, "passed": 2, **expected}
    assert cell(ran)["problems"][0]["severity"] == "error"


def test_one_flaky_test_does_not_excuse_another_s_failure(place: Makes) -> None:
    here = place()
    here.flaky("\n\ndef test_moody(runs) -> None:\n    assert runs >= 1\n\n\ndef test_wrong() -> None:\n    assert 0\n")
    ran = here.gate("test")
    assert (ran.code, counts(ran)) == (1, {"collected": 4, "passed": 3, "failed": 1, "flaky": 1})


def test_without_reruns_nothing_is_flaky(place: Makes) -> None:
    here = place()
    here.flaky("\n\ndef test_moody(runs) -> None:\n    assert runs >= 1\n", reruns=0)
    ran = here.gate("test")
    assert (ran.code, counts(ran), here.count.read_text()) == (1, {"collected": 3, "passed": 2, "failed": 1}, "1")


def test_tests_that_never_ran_because_of_a_flaky_one_are_not_passed_over(place: Makes) -> None:
    here = place()
    here.flaky("\n\ndef test_moody(runs) -> None:\n    assert runs >= 1\n", addopts="-x -p no:randomly")
    (here.root / "tests/test_flaky.py").replace(here.root / "tests/test_a_flaky.py")
    ran = gate(here.root, "--fresh", "test")
    assert (ran.code, cell(ran)["reason"]) == (1, "only 1 of 3 collected tests ran: something ended the session early")


@pytest.mark.parametrize(
    ("addopts", "code"),
    [
        pytest.param("-n 2", 0, marks=pytest.mark.slow),
        ("--cov=sample --cov-fail-under=80", 0),
        ("--cov=sample --cov-fail-under=90", 1),
    ],
)
def test_reruns_beside_xdist_and_the_project_s_own_threshold(place: Makes, addopts: str, code: int) -> None:
    here = place(*PLUGINS)
    here.flaky("\n\ndef test_moody(runs) -> None:\n    assert runs >= 1\n", addopts=addopts)
    ran = here.gate()
    assert ran.code == code
    if code == 0:
        assert counts(ran) == {"collected": 3, "passed": 3, "flaky": 1}
        assert uncovered(ran) == NEVER
