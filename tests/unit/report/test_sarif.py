from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given

from lockgate import __version__
from lockgate.model.gate import Check, GateReport
from lockgate.model.problem import Problem
from lockgate.report import sarif
from tests.unit.builders import FEW, REPORTS, report


def run_of(found: GateReport) -> dict[str, Any]:
    document = json.loads(sarif.render(found))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


@FEW
@given(REPORTS)
def test_every_report_has_what_the_standard_requires(found: GateReport) -> None:
    run = run_of(found)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]  # 3.49.3: unique
    assert run["tool"]["driver"]["name"] == "lockgate"
    assert len(rules) == len(set(rules))
    for result in run["results"]:
        assert isinstance(result["message"]["text"], str)
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["ruleId"] in rules
        for location in result.get("locations", []):
            physical = location["physicalLocation"]
            uri = physical["artifactLocation"]["uri"]
            assert uri.isascii()
            assert not set(uri) & set(' "<>\\^`{|}\x00\n\t')  # RFC 3986 knows none of these
            region = physical.get("region", {"startLine": 1})
            assert region["startLine"] >= 1
            assert region.get("startColumn", 1) >= 1
    for invocation in run["invocations"]:
        assert isinstance(invocation["executionSuccessful"], bool)
        for notification in invocation["toolExecutionNotifications"]:
            assert isinstance(notification["message"]["text"], str)
    assert len(run["results"]) == sum(len(check.problems) for check in found.checks)


@FEW
@given(REPORTS)
def test_what_gave_no_answer_is_told_and_makes_the_execution_unsuccessful(found: GateReport) -> None:
    (invocation,) = run_of(found)["invocations"]
    told = {text["message"]["text"].split(":")[0] for text in invocation["toolExecutionNotifications"]}
    assert {check.name for check in found.checks if check.status in {"unknown", "skipped"}} <= told
    assert invocation["executionSuccessful"] is (found.verdict != "unknown")


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("src/a.py", "src/a.py"),
        ("my file#1?.py", "my%20file%231%3F.py"),
        ("c:é.py", "c%3A%C3%A9.py"),
        ("/outside/the project.py", "file:///outside/the%20project.py"),
    ],
)
def test_a_path_is_an_encoded_reference(path: str, uri: str) -> None:
    problem = Problem(tool="ruff", rule="F401", message="m", path=path, line=0, column=0, help="h")
    (result,) = run_of(report(Check(name="lint", status="fail", problems=(problem,))))["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical == {"artifactLocation": {"uri": uri}, "region": {"startLine": 1, "startColumn": 1}}
    assert unquote(urlsplit(uri).path) == path
    assert result["ruleId"] == "lint/ruff/F401"
    assert result["message"] == {"text": "m\nh"}


def test_the_version_is_that_of_lockgate() -> None:
    assert run_of(report(Check(name="lint", status="pass")))["tool"]["driver"]["version"] == __version__
