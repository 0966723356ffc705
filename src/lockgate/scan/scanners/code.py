"""`code`: ruff's S rules, bandit, and lockgate's own rules on the package's source, MEDIUM and above."""

from __future__ import annotations

import posixpath

import msgspec

from lockgate.model.finding import RANKS, Confidence, Finding, Severity, at_line, together
from lockgate.scan.answer import Answer, BrokenError, answer
from lockgate.scan.context import Context, decode
from lockgate.scan.rules import code as own

FLOOR: Severity = "medium"
# Bandit's severities by number, for what only ruff reports: ruff knows none. What is not named is MEDIUM.
_LOW = frozenset(
    """
    101 105 106 107 110 112 311 403 404 405 406 407 408 409 504 603 606 607
    """.split()
)
_HIGH = frozenset(
    """
    201 202 304 312 321 324 401 402 411 412 413 415 501 502 505 507 602 605 609 613 701
    """.split()
)
_PASSWORDS = frozenset({"S105", "S106", "S107"})
_SEVERITIES: dict[str, Severity] = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
_CONFIDENCES: dict[str, Confidence] = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low", "UNDEFINED": "low"}
_HELP = "rewrite the line as the rule's page shows"


class _Place(msgspec.Struct):
    row: int


class _Diagnostic(msgspec.Struct):
    filename: str
    message: str
    location: _Place
    code: str | None = None
    url: str | None = None


class _Issue(msgspec.Struct):
    filename: str
    test_id: str
    issue_severity: str
    issue_confidence: str
    issue_text: str
    line_number: int
    more_info: str


class _Error(msgspec.Struct):
    filename: str
    reason: str


class _Bandit(msgspec.Struct):
    errors: list[_Error]
    metrics: dict[str, dict[str, float]]
    results: list[_Issue]


def ruff(context: Context) -> Answer:
    """Ruff's S rules; neither the project's configuration nor a `noqa` has a say."""
    sources = context.modules
    flags = ("--isolated", "--select", "S", "--ignore-noqa", "--no-cache", "--no-fix", "--output-format", "json")
    names = [module.path for module in sources]
    done = context.run("ruff", "check", *flags, "--", *names, codes=frozenset({0, 1}))
    found = decode(done.output, list[_Diagnostic], "ruff")
    wrong = [line for line in done.error.splitlines() if line.startswith(("error:", "warning: Fail", "warning: No "))]
    unreadable = [one for one in found if one.code in {None, "E902", "invalid-syntax"}]
    if wrong or unreadable or bool(found) != (done.code == 1):
        raise BrokenError(f"ruff could not read everything: {(wrong or [_first(unreadable)])[0]}")
    lines = {module.path: module.lines for module in sources}
    findings = []
    for one in found:
        path, number = _relative(context, one.filename), (one.code or "")[1:]
        findings.append(
            Finding(
                scanner="code",
                rule=f"S{number}",
                severity=_severity(number, one.message),
                confidence="medium",
                message="a password in the source" if f"S{number}" in _PASSWORDS else one.message,
                path=path,
                line=one.location.row,
                fingerprint=at_line("code", f"S{number}", path, lines[path], one.location.row),
                help=_HELP,
                url=one.url,
                aliases=(f"B{number}",),
                tools=("ruff",),
            )
        )
    return answer(tuple(findings), len(sources))


def _first(unreadable: list[_Diagnostic]) -> str:
    if not unreadable:
        return "its exit code and its report disagree"
    return f"{unreadable[0].filename}:{unreadable[0].location.row}: {unreadable[0].message}"


def bandit(context: Context) -> Answer:
    """Bandit; neither the project's configuration nor a `nosec` has a say."""
    sources = context.modules
    settings = context.place("bandit") / "settings.ini"
    settings.write_text("[bandit]\n", encoding="utf-8")
    names = [module.path for module in sources]
    flags = ("--format", "json", "--quiet", "--ignore-nosec", "--ini", settings, "--exit-zero")
    done = context.run("bandit", *flags, *(f"./{name}" for name in names), codes=frozenset({0}))
    report = decode(done.output, _Bandit, "bandit")
    if report.errors:
        first = report.errors[0]
        raise BrokenError(f"bandit could not read {_relative(context, first.filename)}: {first.reason}")
    seen = {_relative(context, name) for name in report.metrics if name != "_totals"}
    missing = sorted(set(names) - seen)
    if missing:
        raise BrokenError(f"bandit did not look at {missing[0]} ({len(missing)} of {len(names)} files)")
    lines = {module.path: module.lines for module in sources}
    findings = []
    for issue in report.results:
        path, rule = _relative(context, issue.filename), f"S{issue.test_id[1:]}"
        findings.append(
            Finding(
                scanner="code",
                rule=rule,
                severity=_SEVERITIES.get(issue.issue_severity, "medium"),
                confidence=_CONFIDENCES.get(issue.issue_confidence, "low"),
                # Bandit quotes the password itself.
                message="a password in the source" if rule in _PASSWORDS else issue.issue_text,
                path=path,
                line=issue.line_number,
                fingerprint=at_line("code", rule, path, lines[path], issue.line_number),
                help=_HELP,
                url=issue.more_info,
                aliases=(issue.test_id,),
                tools=("bandit",),
            )
        )
    return answer(tuple(findings), len(sources))


def rules(context: Context) -> Answer:
    """Lockgate's own rules."""
    findings = [
        rule.finding(module.path, module.lines, line)
        for module in context.modules
        for rule in own.RULES
        for line in rule.look(module)
    ]
    return answer(tuple(findings), len(context.modules))


def merge(_context: Context, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What ruff and bandit both say of a line is one finding, and bandit, which looks closer, judges how bad it is."""
    return tuple(one for one in together(findings, judge="bandit") if RANKS[one.severity] <= RANKS[FLOOR])


def _severity(number: str, message: str) -> Severity:
    if number in _LOW or "seems safe" in message:
        return "low"
    return "high" if number in _HIGH else "medium"


def _relative(context: Context, path: str) -> str:
    return posixpath.normpath(path).removeprefix(f"{context.root}/")
