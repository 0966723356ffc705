"""Zero tolerance: a finding stands unless a waiver covers it, and a waiver not in order is a finding (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import msgspec

from lockgate.model.config import Waiver
from lockgate.model.finding import Finding, fingerprint
from lockgate.model.scan import POLICY, SCANNERS

LONGEST = 90  # days
_PAGE = "docs/rules/waiver.md"


def judge(
    findings: Sequence[Finding],
    waivers: Sequence[tuple[Waiver, str, int]],
    answered: Collection[str],
    today: dt.date,
) -> tuple[Finding, ...]:
    """Findings with the waivers that hold for them, and findings about the waivers.

    Args:
        findings: What the scanners found.
        waivers: Each with the file and the line where it stands.
        answered: Names of the scanners that gave a whole answer: only they can tell that a waiver covers nothing.
        today: Waivers hold until the end of their last day, UTC.
    """
    wrong = {number: list(_wrong(waiver, today)) for number, (waiver, _, _) in enumerate(waivers)}
    in_order = [(n, waiver) for n, (waiver, _, _) in enumerate(waivers) if not wrong[n]]
    used: set[int] = set()
    judged = []
    for finding in findings:
        holding = [(n, waiver) for n, waiver in in_order if covers(waiver, finding)]
        used.update(n for n, _ in holding)
        judged.append(msgspec.structs.replace(finding, waived=holding[0][1].reason) if holding else finding)
    for number, (waiver, file, line) in enumerate(waivers):
        flaws = wrong[number]
        if not flaws and number not in used and _can_be_unused(waiver, answered):
            flaws = [("waiver-unused", "covers no finding any more", "take it out")]
        judged += [_finding(rule, waiver, text, file, line, help_) for rule, text, help_ in flaws]
    return tuple(sorted(judged, key=Finding.order))


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether a waiver names the finding: by its fingerprint, or by one of its ids."""
    if waiver.fingerprint is not None and waiver.fingerprint != finding.fingerprint:
        return False
    return waiver.id is None or waiver.id in finding.ids()


def _wrong(waiver: Waiver, today: dt.date) -> list[tuple[str, str, str]]:
    """What is not in order about a waiver: rule, text, and how to mend it."""
    flaws = []
    if not waiver.reason.strip():
        flaws.append(("waiver-reasonless", "gives no reason", "say why the finding may stand"))
    if waiver.id is None and waiver.fingerprint is None:
        flaws.append(("waiver-aimless", "names no finding", "give the finding's `fingerprint`, or its `id`"))
    if waiver.expires < today:
        flaws.append(("waiver-expired", f"expired on {waiver.expires}", "mend the finding, or decide anew"))
    elif (waiver.expires - today).days > LONGEST:
        flaws.append(("waiver-too-long", f"holds until {waiver.expires}: more than {LONGEST} days", "shorten it"))
    return flaws


def _can_be_unused(waiver: Waiver, answered: Collection[str]) -> bool:
    """Whether a scan that found nothing for the waiver would have found it: by its scanner, as far as known."""
    named = [name for name in SCANNERS if (waiver.fingerprint or "").startswith(f"{name}-")]
    if not named and waiver.id is not None and waiver.id.startswith(("CVE-", "GHSA-", "PYSEC-")):
        named = ["dependencies"]
    return set(named or SCANNERS) <= set(answered)


def _finding(rule: str, waiver: Waiver, text: str, file: str, line: int, help_: str) -> Finding:
    name = waiver.id or waiver.fingerprint or "?"
    return Finding(
        scanner=POLICY,
        rule=rule,
        severity="medium",
        message=f"the waiver of {name} {text}",
        path=file,
        line=line,
        fingerprint=fingerprint(POLICY, rule, name, str(waiver.expires)),
        help=help_,
        url=f"{_PAGE}#{rule}",
        tools=("lockgate",),
    )
