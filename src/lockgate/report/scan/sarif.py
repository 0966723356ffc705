"""SARIF 2.1.0: one run with the findings of all scanners, for code scanning and editors."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from lockgate import __version__
from lockgate.model.finding import Finding
from lockgate.model.scan import ScanReport
from lockgate.report.scan import words

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# What code scanning shows as critical, high, medium and low.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_PRECISIONS = {"high": "high", "medium": "medium", "low": "low"}


def render(report: ScanReport) -> str:
    """The report as one SARIF run; a scanner without an answer is a notification and an unsuccessful execution."""
    rules: dict[str, dict[str, Any]] = {}
    for finding in report.findings:
        rules.setdefault(_id(finding), _rule(finding))
    order = {name: number for number, name in enumerate(rules)}
    notifications = [
        {"level": "error", "message": {"text": f"{one.name}: {one.status}: {one.reason or ''}"}}
        for one in report.scanners
        if one.status in {"unknown", "skipped"} or (one.reason and one.status == "fail")
    ]
    run = {
        "tool": {"driver": {"name": "lockgate", "version": __version__, "rules": list(rules.values())}},
        "invocations": [{"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}],
        "results": [_result(finding, order, has_base=report.base is not None) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
        "properties": {"verdict": report.verdict, "notRun": list(report.scope.not_run)},
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _id(finding: Finding) -> str:
    return f"{finding.scanner}/{finding.rule}"


def _rule(finding: Finding) -> dict[str, Any]:
    help_ = "\n".join(part for part in (finding.why, finding.help) if part) or finding.message
    rule: dict[str, Any] = {
        "id": _id(finding),
        "shortDescription": {"text": finding.message if finding.tools == ("lockgate",) else finding.rule},
        "fullDescription": {"text": finding.why or finding.message},
        "help": {"text": help_},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "security-severity": _SCORES[finding.severity],
            "precision": _PRECISIONS[finding.confidence],
            "tags": ["security", finding.scanner],
        },
    }
    if finding.url and finding.url.startswith("https://"):
        rule["helpUri"] = finding.url
    return rule


def _result(finding: Finding, order: dict[str, int], *, has_base: bool) -> dict[str, Any]:
    text = "\n".join((finding.message, *words.lines(finding)))
    # Code scanning drops results without a place.
    in_tree = finding.path is not None and finding.commit is None
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path or "", errors="surrogateescape")}}
    if not in_tree:
        physical = {"artifactLocation": {"uri": "pyproject.toml"}}
        text = f"{finding.where()}: {text}" if finding.where() else text
    line = finding.line if in_tree and finding.line else 1
    physical["region"] = {"startLine": max(1, line)}
    result: dict[str, Any] = {
        "ruleId": _id(finding),
        "ruleIndex": order[_id(finding)],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"lockgateFingerprint/v1": finding.fingerprint},
    }
    if has_base and finding.new is not None:
        result["baselineState"] = "new" if finding.new else "unchanged"
    if finding.waived is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.waived}]
    return result
