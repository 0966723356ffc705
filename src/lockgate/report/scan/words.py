"""Phrases that several formats of the scan share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lockgate.model.duration import human
from lockgate.model.finding import RANKS, Finding
from lockgate.model.scan import Scanner, ScanReport


def counted(findings: Sequence[Finding]) -> str:
    """`1 critical, 2 medium`."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(f"{counts[severity]} {severity}" for severity in RANKS if counts[severity])


def details(scanner: Scanner, findings: Sequence[Finding]) -> str:
    """What one line can say of a scanner besides its name and status."""
    standing = [one for one in findings if one.waived is None]
    waived = len(findings) - len(standing)
    parts = [counted(standing)] if standing else []
    parts += [f"{waived} waived"] if waived else []
    parts += [scanner.reason] if scanner.reason else []
    parts += [" ".join(f"{name} {version}" for name, version in scanner.tools.items())] if scanner.tools else []
    if scanner.cached:
        parts.append(f"cached, {human(scanner.age or 0.0)} old")
    elif scanner.age is not None:
        parts.append(f"data {human(scanner.age)} old")
    return " · ".join(parts)


def title(finding: Finding) -> str:
    """Severity, rule, and whether it is new."""
    new = " NEW" if finding.new else ""
    return f"{finding.severity}{new} [{finding.rule}]"


def lines(finding: Finding) -> list[str]:
    """What follows the message: why, how to mend it, and how to waive it."""
    also = f"also {', '.join(finding.aliases)}" if finding.aliases else ""
    seen = f"first seen {finding.first_seen}" if finding.first_seen else ""
    fixed = f"fixed in {finding.fixed_in}" if finding.fixed_in else ""
    facts = " · ".join(part for part in (fixed, also, seen, finding.fingerprint, finding.url or "") if part)
    return [part for part in (facts, f"→ {finding.help}" if finding.help else "") if part]


def verdict(report: ScanReport) -> str:
    """The last line: the verdict, why, and what it does not speak of."""
    standing = report.standing()
    unknown = [one.name for one in report.scanners if one.status == "unknown" or (one.reason and one.status == "fail")]
    ran = [one for one in report.scanners if one.status != "not-run"]
    new = sum(bool(one.new) for one in standing)
    parts = [f"{len(standing)} finding{'s' if len(standing) != 1 else ''} ({counted(standing)})"] if standing else []
    parts += [f"{new} of them new"] if new and report.base else []
    parts += [f"unknown: {', '.join(unknown)}"] if unknown else []
    parts = parts or [f"{len(ran)} scanner{'s' if len(ran) != 1 else ''}"]
    waived = len(report.findings) - len(standing)
    parts += [f"{waived} waived"] if waived else []
    text = f"{report.verdict.upper()} in {human(report.seconds)}: {'; '.join(parts)}"
    cached = sum(one.cached for one in ran)
    if cached:
        text += f" ({cached} of {len(ran)} unchanged, from the cache; --fresh runs them again)"
    if report.scope.not_run:
        text += f"; {'partial, ' if report.scope.partial else ''}not run: {', '.join(report.scope.not_run)}"
    if report.scope.tree_only:
        text += "; the tree only, for there is no git history here"
    return text if report.enforced else f"{text}; not enforced (phase)"
