"""SARIF 2.1.0: problems for code scanning and editors."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec

from lockgate import __version__
from lockgate.model.gate import Check, GateReport
from lockgate.model.problem import Problem

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: GateReport) -> str:
    """The report as one SARIF run; a check without an answer is a notification and an unsuccessful execution."""
    results = [_result(check, problem) for check in report.checks for problem in check.problems]
    rules = sorted({result["ruleId"] for result in results})
    notifications = [
        {"level": "error", "message": {"text": f"{check.name}: {check.status}: {check.reason or ''}"}}
        for check in report.checks
        if check.status in {"unknown", "skipped"} or (check.status == "fail" and not check.problems)
    ]
    run = {
        "tool": {"driver": {"name": "lockgate", "version": __version__, "rules": [{"id": rule} for rule in rules]}},
        "invocations": [
            {"executionSuccessful": report.verdict != "unknown", "toolExecutionNotifications": notifications}
        ],
        "results": results,
        "columnKind": "unicodeCodePoints",
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _result(check: Check, problem: Problem) -> dict[str, Any]:
    text = "\n".join(part for part in (problem.message, problem.help) if part)
    result: dict[str, Any] = {
        "ruleId": f"{check.name}/{problem.tool}/{problem.rule or 'failed'}",
        "level": problem.severity,
        "message": {"text": text},
    }
    if problem.path is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.path)}}
        if problem.line is not None:
            physical["region"] = {"startLine": max(1, problem.line)}
            if problem.column is not None:
                physical["region"]["startColumn"] = max(1, problem.column)
        result["locations"] = [{"physicalLocation": physical}]
    return result


def _uri(path: str) -> str:
    """A path of the project as a relative reference, any other as a file URI."""
    return PurePosixPath(path).as_uri() if path.startswith("/") else quote(path, errors="surrogateescape")
