"""`codeql`: the report that GitHub's analysis left for this scan; it runs nowhere else."""

from __future__ import annotations

from typing import Any

import msgspec

from lockgate.model.finding import RANKS, Finding, Severity, at_line, fingerprint, together
from lockgate.scan.answer import Absent, Answer, BrokenError, answer
from lockgate.scan.context import Context

FLOOR: Severity = "medium"
_LEVELS: dict[str, Severity] = {"error": "high", "warning": "medium", "note": "low", "none": "low"}
_REMEDY = "look at the job that analyzes with CodeQL, and run it again"


def absent(context: Context) -> Absent | None:
    """Said when no report was given and none is required."""
    config = context.project.config.scan
    if "codeql" in context.wishes.sarif or "codeql" in context.wishes.needs or "codeql" in config.required:
        return None
    if config.codeql == "required":
        return None
    off = config.codeql == "off"
    return Absent(reason="off in the table" if off else "runs on GitHub, which gives --sarif codeql=FILE")


def sarif(context: Context) -> Answer:
    """Read the report: MEDIUM and above by its security severity; dismissals in the web page do not count."""
    result = context.wishes.needs.get("codeql", "success")
    if result != "success":
        raise BrokenError(f"the job codeql ended with {result!r}", _REMEDY)
    path = context.wishes.sarif.get("codeql")
    if path is None:
        raise BrokenError("no report was given", "--sarif codeql=FILE names it")
    try:
        findings, looked_at = _read(context, msgspec.json.decode(path.read_bytes()))
    except (OSError, msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no complete SARIF report"
        raise BrokenError(f"{path} cannot be used: {why}", _REMEDY) from error
    return answer(tuple(one for one in findings if RANKS[one.severity] <= RANKS[FLOOR]), looked_at)


def _read(context: Context, document: Any) -> tuple[list[Finding], int]:  # noqa: ANN401  (JSON)
    """Findings, and how many rules and files the analysis names."""
    findings: list[Finding] = []
    looked_at = 0
    for run in document["runs"]:
        tool = run["tool"]
        parts = (tool["driver"], *tool.get("extensions", []))
        rules = {rule["id"]: rule for part in parts for rule in part.get("rules") or []}
        if any(one.get("executionSuccessful") is False for one in run.get("invocations", [])):
            raise BrokenError("CodeQL says itself that it did not succeed", _REMEDY)
        looked_at += len(rules) + len(run.get("artifacts", []))
        findings += [_finding(context, one, rules) for one in run["results"]]
    return findings, looked_at


def _finding(context: Context, result: dict[str, Any], rules: dict[str, Any]) -> Finding:
    name = str(result.get("ruleId") or result.get("rule", {}).get("id") or "unknown")
    rule = rules.get(name, {})
    properties = rule.get("properties", {})
    score = properties.get("security-severity")
    level = result.get("level") or rule.get("defaultConfiguration", {}).get("level") or "warning"
    severity = _by_score(float(score)) if score is not None else _LEVELS.get(level, "medium")
    place = (result.get("locations") or [{}])[0].get("physicalLocation", {})
    path = place.get("artifactLocation", {}).get("uri")
    line = place.get("region", {}).get("startLine")
    return Finding(
        scanner="codeql",
        rule=name,
        severity=severity,
        confidence="high" if properties.get("precision") in {"very-high", "high"} else "medium",
        message=str(result.get("message", {}).get("text", name)).partition("\n")[0],
        path=path,
        line=line,
        fingerprint=_print(context, name, path, line),
        help=str((rule.get("help") or {}).get("text", "")).partition("\n")[0] or "see the rule's page",
        why=(rule.get("fullDescription") or {}).get("text"),
        url=rule.get("helpUri") or f"https://codeql.github.com/codeql-query-help/python/{name.replace('/', '-')}/",
        tools=("codeql",),
    )


def _by_score(score: float) -> Severity:
    """CVSS's own words for a score."""
    for least, severity in ((9.0, "critical"), (7.0, "high"), (4.0, "medium")):
        if score >= least:
            return severity  # type: ignore[return-value]
    return "low"


def _print(context: Context, rule: str, path: str | None, line: int | None) -> str:
    try:
        lines = (context.root / str(path)).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return fingerprint("codeql", rule, str(path), str(line))
    return at_line("codeql", rule, str(path), lines, line or 0)


def merge(_context: Context, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Each finding once."""
    return together(findings)
