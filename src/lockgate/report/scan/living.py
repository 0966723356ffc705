"""The living report: what the reports branch keeps of the findings, as files that concurrent updates can merge (pure).

`history.jsonl` only grows, and no two runs ever write the same line. `report.json` has one entry per finding under its
fingerprint. Stamps have names that say so. On a public repository nothing tells where or what a finding is.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from lockgate.model.finding import RANKS, Finding
from lockgate.model.scan import POLICY, ScanReport

SCHEMA = "lockgate/security/1"
_OPEN = frozenset({"seen", "again", "waived", "unwaived"})


def parse(text: str) -> list[dict[str, Any]]:
    """The events of a history; a line that is none must not keep the next report from being made."""
    events = []
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and all(
            isinstance(event.get(key), str) for key in ("event", "fingerprint", "recorded_at")
        ):
            events.append(event)
    return events


def first_seen(events: Iterable[dict[str, Any]]) -> dict[str, str]:
    """When each finding that is open was first seen, since it was last fixed."""
    found: dict[str, str] = {}
    for event in _in_order(events):
        if event["event"] in _OPEN:
            found.setdefault(event["fingerprint"], event["recorded_at"])
        else:
            found.pop(event["fingerprint"], None)
    return found


def updated(report: ScanReport, before: str, *, now: dt.datetime, run: str, details: bool) -> dict[str, str]:
    """Content by path of the living report after this scan.

    Args:
        report: The scan's result.
        before: The history so far.
        now: The moment of this scan, with its zone.
        run: Unique to this run: lines of two runs are never the same.
        details: Tell rule, path and message too: only for a private repository.
    """
    stamp = now.isoformat(timespec="microseconds")
    events = parse(before)
    since, last = first_seen(events), {event["fingerprint"]: event for event in _in_order(events)}
    lines = []
    for finding in report.findings:
        known = last.get(finding.fingerprint, {}).get("event")
        event = "waived" if finding.waived is not None else "unwaived" if known == "waived" else "seen"
        event = "again" if event == "seen" and known == "fixed" else event
        if event != known and not (event == "seen" and known in _OPEN):
            lines.append({**_facts(finding, details=details), "event": event})
    present = {finding.fingerprint for finding in report.findings}
    # Only a scanner that gave a whole answer can tell that something is gone.
    whole = {one.name for one in report.scanners if one.status in {"pass", "fail"} and one.reason is None} | {POLICY}
    for name, begun in since.items():
        scanner = str(last[name].get("scanner"))
        if name not in present and scanner in whole:
            seconds = round((now - dt.datetime.fromisoformat(begun)).total_seconds())
            kept = {key: last[name].get(key) for key in ("scanner", "severity")}
            lines.append({"fingerprint": name, **kept, "event": "fixed", "seconds_to_fix": seconds})
    written = [json.dumps({"recorded_at": stamp, "run": run, **line}, ensure_ascii=False) for line in lines]
    history = before + ("\n" if before and not before.endswith("\n") else "") + "".join(f"{one}\n" for one in written)
    after = parse(history)
    return {
        "security/history.jsonl": history,
        "security/report.json": _document(report, first_seen(after), stamp, details=details),
        "security/report.md": _markdown(report, after, stamp, details=details),
    }


def _in_order(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: event["recorded_at"])


def _facts(finding: Finding, *, details: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "fingerprint": finding.fingerprint,
        "scanner": finding.scanner,
        "severity": finding.severity,
    }
    if details:
        facts |= {"rule": finding.rule, "path": finding.path, "message": finding.message, "help": finding.help}
    return facts


def _document(report: ScanReport, since: dict[str, str], stamp: str, *, details: bool) -> str:
    entries = {
        finding.fingerprint: {
            **{key: value for key, value in _facts(finding, details=details).items() if key != "fingerprint"},
            "recorded_at": since.get(finding.fingerprint, stamp),
            "waived": finding.waived is not None,
        }
        for finding in sorted(report.findings, key=lambda one: one.fingerprint)
    }
    document = {"schema": SCHEMA, "generated_at": stamp, "findings": entries}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _markdown(report: ScanReport, events: Sequence[dict[str, Any]], stamp: str, *, details: bool) -> str:
    from lockgate.report.markdown import cell, code

    counts = Counter(finding.severity for finding in report.standing())
    waived = len(report.findings) - len(report.standing())
    # How long each took stands in the history: a median here would differ between runs that see the same.
    fixed = {(event["fingerprint"], event.get("severity")) for event in events if event["event"] == "fixed"}
    lines = ["# Security", "", f"Last updated: {stamp}", "", "| severity | open |", "| --- | ---: |"]
    lines += [f"| {severity} | {counts[severity]} |" for severity in RANKS]
    lines += ["", f"Waived: {waived}", "", f"Fixed so far: {len(fixed)}"]
    since = first_seen(events)
    if report.findings:
        lines += ["", "| finding | first seen | severity | waived |", "| --- | --- | --- | --- |"]
    for finding in sorted(report.findings, key=lambda one: one.fingerprint):
        said = f" {cell(finding.message)} {code(finding.where())}" if details else ""
        seen = since.get(finding.fingerprint, stamp)[:10]
        lines.append(
            f"| {code(finding.fingerprint)}{said} | {seen} | {finding.severity} | {'yes' if finding.waived else 'no'} |"
        )
    return "\n".join(lines) + "\n"
