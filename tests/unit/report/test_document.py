from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given

from lockgate.flows.schema import schema
from lockgate.model.gate import Check, GateReport, Tests
from lockgate.report import FORMATS, document, file_name, render
from tests.unit.builders import FEW, REPORTS, report

SCHEMA = json.loads(schema("gate"))


@FEW
@given(REPORTS)
def test_every_document_keeps_to_the_shipped_schema(found: GateReport) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(document.render(found)))


@FEW
@given(REPORTS)
def test_the_document_says_what_the_report_says(found: GateReport) -> None:
    said = json.loads(document.render(found))
    assert [(one["name"], one["status"], one["reason"]) for one in said["checks"]] == [
        (check.name, check.status, check.reason) for check in found.checks
    ]
    messages = [problem["message"] for one in said["checks"] for problem in one["problems"]]
    assert messages == [problem.message for check in found.checks for problem in check.problems]


def test_the_document_begins_as_every_document_of_lockgate_does() -> None:
    said = json.loads(document.render(report(Check(name="lint", status="pass"))))
    assert list(said)[:4] == ["schema", "verdict", "enforced", "scope"]
    assert said["schema"] == "lockgate/gate/1"


def test_a_check_has_the_fields_of_the_contract() -> None:
    check = Check(name="test-3.8", status="fail", python="3.8.18", tests=Tests(collected=61, passed=60, failed=1))
    said = json.loads(document.render(report(check)))["checks"][0]
    assert {"name", "status", "cached", "seconds", "python", "reason", "tests", "problems"} <= said.keys()
    assert {"collected": 61, "passed": 60, "failed": 1, "skipped": 0, "flaky": 0}.items() <= said["tests"].items()


@pytest.mark.parametrize(
    ("key", "value"), [("verdict", "passed"), ("enforced", 1), ("checks", {}), ("scope", None), ("seconds", "1")]
)
def test_the_schema_refuses_what_is_no_document(key: str, value: object) -> None:
    said = json.loads(document.render(report(Check(name="lint", status="pass"))))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate({**said, key: value})


@FEW
@given(REPORTS)
def test_every_format_renders_every_report_and_ends_with_a_line_end(found: GateReport) -> None:
    for format_ in FORMATS:
        text = render(found, format_)
        assert text.endswith("\n")
        text.encode()


def test_the_files_of_a_report_have_names_of_their_own() -> None:
    assert len({file_name(format_) for format_ in FORMATS}) == len(FORMATS)
