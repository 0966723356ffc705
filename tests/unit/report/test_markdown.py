from __future__ import annotations

import re

from hypothesis import given

from lockgate.model.gate import Check, Coverage, GateReport, Missing
from lockgate.model.problem import Problem
from lockgate.report import markdown
from tests.unit.builders import FEW, REPORTS, report

FENCE = re.compile(r" {0,3}(`{3,})")
# Code as GitHub's parser finds it: a run of backticks, and the next run of the same length.
CODE = re.compile(r"(?<![`\\])(`+)(?!`)(.*?)(?<!`)\1(?!`)")


def outside_code(text: str) -> list[str]:
    """The lines that are not in a fenced block, with inline code taken out."""
    lines, fence = [], ""
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if fence:
            fence = "" if line.strip() == fence else fence
        elif mark:
            fence = mark[1]
        else:
            lines.append(CODE.sub("", line))
    assert not fence  # every block was closed
    return lines


@FEW
@given(REPORTS)
def test_nothing_that_a_tool_says_breaks_out(found: GateReport) -> None:
    lines = outside_code(markdown.render(found))
    for line in lines:
        assert "<" not in line  # no HTML
        assert not re.search(r"(?<!\\)(?:\\\\)*[*~\[`$]", line.replace("**", ""))  # no markup, no link, no code
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == len(found.checks) + 2
    assert all(len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 5 for row in rows)
    headings = [line for line in lines if line.startswith("#")]
    assert headings[0].startswith("## lockgate gate: ")
    assert all(heading.startswith("### ") for heading in headings[1:])
    assert len(headings) <= len(found.checks) + 1


def test_the_summary_of_a_failed_gate() -> None:
    problem = Problem(tool="ruff", rule="F401", message="`os` is unused", path="a`b.py", line=3, excerpt="```\nx")
    text = markdown.render(
        report(
            Check(name="lint", status="fail", problems=(problem,), seconds=0.5),
            Check(name="test-3.8", status="pass", seconds=2, notes=("- a | note",)),
            Check(name="types", status="not-run"),
            coverage=Coverage(94.996, 95, (Missing("src/a.py", ((3, 3), (10, 12)), ((5, -1),)),)),
        )
    )
    assert (
        text
        == """\
## lockgate gate: sample

**FAIL in 1.50 s: failed: lint; partial (not run: types)**

| check | status | time | details |
| --- | --- | ---: | --- |
| lint | ❌ fail | 0.50 s | 1 problem |
| test-3.8 | ✅ pass | 2.00 s |  |
| types | ▫️ not run |  |  |

### lint

- ``a`b.py:3`` \\`os\\` is unused (`F401`)

  ````text
  ```
  x
  ````


### test-3.8

- \\- a \\| note

Coverage 94.99 % (threshold 95 %)

- `src/a.py`: 3, 10-12, 5-&gt;exit
"""
    )


def test_code_may_begin_and_end_with_backticks() -> None:
    problem = Problem(tool="t", message="m", path="`a``b`")
    assert "- ``` `a``b` ``` m\n" in markdown.render(report(Check(name="lint", status="fail", problems=(problem,))))
