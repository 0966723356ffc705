"""The living report: events once, times right, mergeable, and silent about what is open on a public repository."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import msgspec

from lockgate.model.finding import Finding
from lockgate.model.scan import Scanner
from lockgate.report.scan import living
from tests.unit.report.scan.test_formats import FINDING, report

DAY = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
HISTORY, DOCUMENT, PAGE = "security/history.jsonl", "security/report.json", "security/report.md"


def after(before: str, *findings: Finding, days: float = 0, details: bool = False, **changes: Any) -> dict[str, str]:  # noqa: ANN401
    now = DAY + dt.timedelta(days=days)
    return living.updated(
        report(*findings, **changes), before, now=now, run=f"run-{days}-{len(before)}", details=details
    )


def events(files: dict[str, str]) -> list[tuple[str, str]]:
    return [(one["event"], one["fingerprint"]) for one in map(json.loads, files[HISTORY].splitlines())]


def test_a_finding_is_recorded_once_until_it_is_fixed_and_again_when_it_returns() -> None:
    seen = after("", FINDING)
    still = after(seen[HISTORY], FINDING, days=1)
    assert still[HISTORY] == seen[HISTORY]
    fixed = after(still[HISTORY], days=2)
    again = after(fixed[HISTORY], FINDING, days=3)
    assert [event for event, _ in events(again)] == ["seen", "fixed", "again"]
    assert json.loads(fixed[HISTORY].splitlines()[-1])["seconds_to_fix"] == 2 * 86400
    assert "Fixed so far: 1" in fixed[PAGE]
    # What came back counts from its return.
    assert json.loads(again[DOCUMENT])["findings"][FINDING.fingerprint]["recorded_at"].startswith("2026-11-27")


def test_waivers_come_and_go() -> None:
    waived = msgspec.structs.replace(FINDING, waived="why")
    first = after("", FINDING)
    second = after(first[HISTORY], waived, days=1)
    third = after(second[HISTORY], FINDING, days=2)
    assert [event for event, _ in events(third)] == ["seen", "waived", "unwaived"]
    assert json.loads(third[DOCUMENT])["findings"][FINDING.fingerprint]["recorded_at"].startswith("2026-11-24")


def test_a_scanner_without_an_answer_fixes_nothing() -> None:
    before = after("", FINDING)[HISTORY]
    for scanner in (
        Scanner(name="code", status="unknown", reason="crashed"),
        Scanner(name="code", status="not-run"),
        Scanner(name="code", status="fail", reason="bandit crashed"),
        Scanner(name="secrets", status="pass"),
    ):
        assert after(before, days=1, scanners=(scanner,))[HISTORY] == before


def test_a_public_report_tells_counts_fingerprints_and_dates_only() -> None:
    for files, told in ((after("", FINDING), False), (after("", FINDING, details=True), True)):
        text = "".join(files.values())
        assert FINDING.fingerprint in text
        assert ("pickle loads anything" in text) is told
        assert ("src/a.py" in text) is told
        assert ("S301" in files[DOCUMENT]) is told


def test_no_two_runs_write_the_same_line() -> None:
    files = [living.updated(report(FINDING), "", now=DAY, run=run, details=False) for run in ("1", "2")]
    assert not set(files[0][HISTORY].splitlines()) & set(files[1][HISTORY].splitlines())


def test_two_concurrent_histories_together_keep_the_first_sight() -> None:
    other = msgspec.structs.replace(FINDING, fingerprint="code-ffffffffffffffff")
    mine, yours = after("", FINDING, days=1)[HISTORY], after("", FINDING, other)[HISTORY]
    since = living.first_seen(living.parse(yours + mine))
    assert since[FINDING.fingerprint].startswith("2026-11-24")
    assert set(since) == {FINDING.fingerprint, other.fingerprint}
    assert after(yours + mine, FINDING, other, days=2)[HISTORY] == yours + mine


def test_lines_that_are_no_events_are_kept_and_passed_over() -> None:
    before = 'garbage\n{"a": 1}\n[]\n{"event": "seen", "fingerprint": 3, "recorded_at": "x"}'
    files = after(before, FINDING)
    assert files[HISTORY].startswith(before + "\n")
    assert len(files[HISTORY].splitlines()) == 5
