from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given

from lockgate.model.gate import Check, GateReport
from lockgate.model.problem import Problem
from lockgate.report import junit
from tests.unit.builders import FEW, REPORTS, report


def parse(found: GateReport) -> ET.Element:
    return ET.fromstring(junit.render(found).encode())  # noqa: S314  (our own)


@FEW
@given(REPORTS)
def test_whatever_tools_say_it_is_well_formed_and_its_counts_are_right(found: GateReport) -> None:
    suites = parse(found).findall("testsuite")
    assert [suite.get("name") for suite in suites] == [check.name for check in found.checks]
    for suite, check in zip(suites, found.checks, strict=True):
        counted = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")}
        shown = {
            kind: int(suite.get(name, ""))
            for kind, name in zip(counted, ("failures", "errors", "skipped"), strict=True)
        }
        assert shown == counted
        assert int(suite.get("tests", "")) == len(suite.findall("testcase")) == len(check.problems) + 1
        bad = {"fail": "failure", "unknown": "error", "skipped": "skipped", "not-run": "skipped"}.get(check.status)
        assert {kind for kind, number in counted.items() if number} == ({bad} if bad else set())


def test_a_failure_has_its_place_its_message_and_its_excerpt() -> None:
    problem = Problem(
        tool="ruff",
        rule="F401",
        message="`os` is <unused>\nreally",
        path="a.py",
        line=3,
        help="remove it",
        excerpt="1 | x",
    )
    suite = parse(report(Check(name="lint", status="fail", problems=(problem,), seconds=1.25)))[0]
    assert (suite.get("time"), suite[0].get("classname")) == ("1.250", "lockgate.lint")
    assert suite[0].get("name") == "a.py:3 F401 `os` is <unused>"
    assert suite[0][0].attrib == {"type": "F401", "message": "`os` is <unused>"}
    assert suite[0][0].text == "`os` is <unused>\nreally\n1 | x\nremove it"


def test_what_only_warns_is_no_failure() -> None:
    warning = Problem(tool="pytest", rule="flaky", severity="warning", message="then passed")
    suite = parse(report(Check(name="test-3.8", status="pass", problems=(warning,))))[0]
    assert (suite.get("failures"), suite.get("tests")) == ("0", "2")
    assert suite[0].findtext("system-out") == "then passed"


def test_a_failed_check_without_a_problem_is_still_a_failure() -> None:
    suite = parse(report(Check(name="test-3.8", status="fail", reason="no tests were collected")))[0]
    assert (suite.get("failures"), suite[0][0].get("message")) == ("1", "no tests were collected")


def test_characters_that_xml_cannot_write_are_replaced() -> None:
    suite = parse(report(Check(name="lint", status="unknown", reason="a\x00\x1b[31mb\ufffe\t\r\nc")))[0]
    assert suite[0][0].get("message") == "a\ufffd\ufffd[31mb\ufffd\t\r\nc"
