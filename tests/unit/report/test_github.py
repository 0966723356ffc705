from __future__ import annotations

import re
from urllib.parse import unquote

from hypothesis import given

from lockgate.model.gate import Check, GateReport
from lockgate.model.problem import Problem
from lockgate.report import github
from tests.unit.builders import FEW, REPORTS, report

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::([^\r\n]*)")


def parse(text: str) -> list[tuple[str, dict[str, str], str]]:
    """As the runner does: one command a line, properties separated by commas, escapes undone."""
    found = []
    for line in text.removesuffix("\n").split("\n"):
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        plain = {key: unquote(value) for key, value in properties.items()}
        found.append((match[1], plain, unquote(match[3])))
    return found


@FEW
@given(REPORTS)
def test_whatever_tools_say_each_annotation_is_one_command_and_says_it(found: GateReport) -> None:
    said = parse(github.render(found))
    problems = [problem for check in found.checks for problem in check.problems]
    annotated = [(level, keys, text) for level, keys, text in said if "file" in keys]
    assert len(annotated) == sum(problem.path is not None for problem in problems)
    for (level, keys, text), problem in zip(annotated, (one for one in problems if one.path is not None), strict=True):
        assert level == {"error": "error", "warning": "warning", "note": "notice"}[problem.severity]
        assert keys["file"] == problem.path
        assert keys.get("line") == (None if problem.line is None else str(problem.line))
        assert text.startswith(problem.message)
    assert said[-1][1] == {"title": "lockgate"}


def test_percent_line_ends_colons_and_commas_are_escaped() -> None:
    problem = Problem(tool="t", message="100 %\r\nnext: a,b", path="a:b,c%.py", line=3, column=1, help="h")
    text = github.render(report(Check(name="lint", status="fail", problems=(problem,))))
    assert text.splitlines() == [
        "::error title=lint%3A t,file=a%3Ab%2Cc%25.py,line=3,col=1::100 %25%0D%0Anext: a,b%0Ah",
        "::error title=lockgate::FAIL in 1.50 s: failed: lint",
    ]


def test_a_check_without_problems_is_annotated_itself() -> None:
    found = report(
        Check(name="test-3.8", status="unknown", reason="no Python"),
        Check(name="lint", status="fail"),
        Check(name="types", status="skipped", reason="not started"),
        Check(name="test-3.9", status="pass", notes=("flaky: x",)),
    )
    assert github.render(found).splitlines()[:-1] == [
        "::error title=test-3.8::no Python",
        "::error title=lint::fail",
        "::warning title=test-3.9::flaky: x",
    ]
