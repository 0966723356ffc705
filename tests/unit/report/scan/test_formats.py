"""The scan's formats: valid, complete, and safe against what a finding's text may hold."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lockgate.flows.schema import schema
from lockgate.model.finding import Finding
from lockgate.model.scan import SCANNERS, Scanner, ScanReport, Scope, verdict_of
from lockgate.report.scan import FORMATS, below, render, text
from tests.unit.builders import TEXT

FINDING = Finding(
    scanner="code",
    rule="S301",
    severity="high",
    message="pickle loads anything",
    path="src/a.py",
    line=3,
    fingerprint="code-0123456789abcdef",
    help="use json",
    why="it runs what it reads",
    url="https://example.org/s301",
    tools=("ruff",),
    new=True,
)
FINDINGS = st.builds(
    Finding,
    scanner=st.sampled_from(SCANNERS),
    rule=TEXT.filter(bool),
    severity=st.sampled_from(["critical", "high", "medium", "low"]),
    confidence=st.sampled_from(["high", "medium", "low"]),
    message=TEXT,
    path=st.one_of(st.none(), TEXT.filter(bool)),
    line=st.one_of(st.none(), st.integers(0, 10**6)),
    commit=st.one_of(st.none(), st.just("a" * 40)),
    fingerprint=st.from_regex(r"code-[0-9a-f]{16}", fullmatch=True),
    help=st.one_of(st.none(), TEXT),
    why=st.one_of(st.none(), TEXT),
    url=st.one_of(st.none(), st.just("https://example.org/x"), st.just("docs/rules/x.md")),
    waived=st.one_of(st.none(), TEXT),
    new=st.one_of(st.none(), st.booleans()),
)
SCANNERS_ = st.builds(
    Scanner,
    name=st.sampled_from(SCANNERS),
    status=st.sampled_from(["pass", "fail", "unknown", "skipped", "not-run"]),
    reason=st.one_of(st.none(), TEXT),
    remedy=st.one_of(st.none(), TEXT),
    cached=st.booleans(),
    age=st.one_of(st.none(), st.floats(0, 1e6)),
    tools=st.dictionaries(TEXT, TEXT, max_size=2),
    notes=st.lists(TEXT, max_size=2).map(tuple),
)


def report(*findings: Finding, **changes: Any) -> ScanReport:  # noqa: ANN401
    scanners = changes.pop("scanners", (Scanner(name="code", status="fail" if findings else "pass"),))
    found = ScanReport(
        verdict=verdict_of(scanners, findings), scanners=scanners, findings=findings, seconds=1.5, project="sample"
    )
    return msgspec.structs.replace(found, **changes)


REPORTS = st.builds(
    lambda findings, scanners, base: report(*findings, scanners=tuple(scanners), base=base),
    st.lists(FINDINGS, max_size=3),
    st.lists(SCANNERS_, min_size=1, max_size=3),
    st.one_of(st.none(), st.just("b" * 40)),
)
FEW = settings(max_examples=40)


@FEW
@given(REPORTS)
def test_json_follows_its_schema(found: ScanReport) -> None:
    document = json.loads(render(found, "json"))
    Draft202012Validator(json.loads(schema("scan"))).validate(document)
    assert list(document)[:4] == ["schema", "verdict", "enforced", "scope"]
    assert msgspec.json.decode(render(found, "json"), type=ScanReport) == found


@FEW
@given(REPORTS)
def test_sarif_is_what_code_scanning_accepts(found: ScanReport) -> None:
    document = json.loads(render(found, "sarif"))
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(0 <= float(rule["properties"]["security-severity"]) <= 10 for rule in rules)
    assert all(rule["shortDescription"]["text"] is not None and rule["help"]["text"] is not None for rule in rules)
    assert all(rule.get("helpUri", "https://").startswith("https://") for rule in rules)
    assert len(run["results"]) == len(found.findings)
    for result, finding in zip(run["results"], found.findings, strict=True):
        assert result["partialFingerprints"] == {"lockgateFingerprint/v1": finding.fingerprint}
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
        assert ("suppressions" in result) == (finding.waived is not None)
    unknown = any(one.status in {"unknown", "skipped"} for one in found.scanners)
    assert not (unknown and run["invocations"][0]["executionSuccessful"])


@FEW
@given(REPORTS)
def test_annotations_are_one_line_each(found: ScanReport) -> None:
    lines = render(found, "github").rstrip("\n").split("\n")
    assert all(line.startswith(("::error", "::notice")) for line in lines)
    assert len(lines) == len(found.findings) + 1 + sum(
        bool(one.reason) and one.status in {"unknown", "fail"} for one in found.scanners
    )


@FEW
@given(REPORTS)
def test_text_and_markdown_name_every_finding_and_drive_no_terminal(found: ScanReport) -> None:
    for format_ in ("text", "markdown"):
        shown = render(found, format_)
        assert "\x1b" not in shown or format_ == "markdown"
        assert all(one.fingerprint.partition("-")[2] in shown for one in found.findings)
        assert found.verdict.upper() in shown


def test_what_is_waived_is_shown_on_every_run() -> None:
    waived = msgspec.structs.replace(FINDING, waived="we never call it")
    found = report(waived, scanners=(Scanner(name="code", status="pass"),))
    assert found.verdict == "pass"
    assert "we never call it" in text.render(found, quiet=True)
    assert all("we never call it" in render(found, format_) for format_ in FORMATS)


def test_the_text_says_what_is_new_how_to_mend_it_and_what_was_not_looked_at() -> None:
    scanners = (
        Scanner(name="code", status="fail", tools={"ruff": "1.0"}),
        Scanner(name="secrets", status="unknown", reason="the clone is shallow", remedy="git fetch --unshallow"),
        Scanner(name="codeql", status="not-run", reason="runs on GitHub"),
    )
    scope = Scope(not_run=("codeql",), tree_only=True)
    shown = render(report(FINDING, scanners=scanners, scope=scope, base="b" * 40, enforced=False), "text")
    for part in (
        "high NEW [S301] src/a.py:3",
        "→ use json",
        "UNKNOWN secrets: the clone is shallow",
        "→ git fetch --unshallow",
        "1 of them new",
        "not run: codeql",
        "no git history",
        "not enforced",
    ):
        assert part in shown


def test_many_findings_are_cut_in_the_text_only() -> None:
    many = tuple(msgspec.structs.replace(FINDING, fingerprint=f"code-{n:016x}") for n in range(120))
    assert "… and 20 more" in render(report(*many), "text")
    assert len(json.loads(render(report(*many), "json"))["findings"]) == 120


def test_paths_from_further_up() -> None:
    past = msgspec.structs.replace(FINDING, commit="a" * 40)
    found = below(report(FINDING, past), "pkg")
    assert [one.path for one in found.findings] == ["pkg/src/a.py", "src/a.py"]


@pytest.mark.parametrize("status", ["pass", "fail", "unknown"])
def test_a_cached_answer_says_so(status: Any) -> None:  # noqa: ANN401
    scanner = Scanner(name="code", status=status, cached=True, age=90.0)
    assert "cached, 1 min 30 s old" in render(report(scanners=(scanner,)), "text")
