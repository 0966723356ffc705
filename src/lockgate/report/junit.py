"""JUnit XML: a suite per check, a case per problem, so that a CI service can list them."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from lockgate.model.gate import Check, GateReport
from lockgate.model.problem import Problem
from lockgate.report import words

# XML 1.0 has no way to write these.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: GateReport) -> str:
    """The report as JUnit XML."""
    suites = "".join(_suite(check) for check in report.checks)
    head = (
        f"<testsuites name={_attribute(f'lockgate gate {report.project}')} time={_attribute(f'{report.seconds:.3f}')}>"
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}\n{suites}</testsuites>\n'


def _suite(check: Check) -> str:
    cases = [_case(check, problem) for problem in check.problems]
    failures = sum(problem.severity == "error" for problem in check.problems) if check.status == "fail" else 0
    errors = int(check.status == "unknown")
    skipped = int(check.status in {"skipped", "not-run"})
    reason = _attribute(check.reason or check.status)
    outcome = {
        "unknown": f"<error message={reason}/>",
        "skipped": f"<skipped message={reason}/>",
        "not-run": f"<skipped message={reason}/>",
        "fail": f"<failure message={reason}/>" if not failures else "",
    }.get(check.status, "")
    if check.status == "fail" and not failures:
        failures = 1
    summary = f"<system-out>{_text(words.details(check))}</system-out>"
    cases.append(_element(check, check.name, check.seconds, outcome + summary))
    attributes = (
        f"name={_attribute(check.name)} tests={_attribute(len(cases))} failures={_attribute(failures)} "
        f"errors={_attribute(errors)} skipped={_attribute(skipped)} time={_attribute(f'{check.seconds:.3f}')}"
    )
    return f"<testsuite {attributes}>\n{''.join(cases)}</testsuite>\n"


def _case(check: Check, problem: Problem) -> str:
    name = " ".join(part for part in (problem.where(), problem.rule, problem.message.partition("\n")[0]) if part)
    body = "\n".join(part for part in (problem.message, problem.excerpt, problem.help) if part)
    if problem.severity != "error" or check.status != "fail":
        return _element(check, name, 0.0, f"<system-out>{_text(body)}</system-out>")
    kind = _attribute(problem.rule or problem.tool)
    first = _attribute(problem.message.partition("\n")[0])
    return _element(check, name, 0.0, f"<failure type={kind} message={first}>{_text(body)}</failure>")


def _element(check: Check, name: str, seconds: float, inner: str) -> str:
    head = (
        f"classname={_attribute(f'lockgate.{check.name}')} name={_attribute(name)} time={_attribute(f'{seconds:.3f}')}"
    )
    return f"<testcase {head}>{inner}</testcase>\n"


def _text(value: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", value))


def _attribute(value: object) -> str:
    return quoteattr(_FORBIDDEN.sub("\ufffd", str(value)))
