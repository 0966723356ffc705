"""The scan's result as data: the JSON document of `lockgate scan`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import msgspec

from lockgate.model.config import ScannerName
from lockgate.model.finding import Finding
from lockgate.model.verdict import Status, Verdict, overall

SCHEMA = "lockgate/scan/1"
SCANNERS: tuple[str, ...] = get_args(ScannerName)
POLICY = "policy"


class Scanner(msgspec.Struct, frozen=True, kw_only=True):
    """What one scanner answered.

    Attributes:
        tools: Version by name of the tools that looked.
        seconds: Wall time (of the original run, when cached).
        reason: Why the status is what it is, when findings alone do not say.
        remedy: The next thing to do when it is unknown.
        cached: Nothing that it looks at has changed since an earlier run, whose answer this is.
        age: Seconds since the answer was given or, for what a service was asked, since the service answered.
        notes: What a reader should know although it does not decide the status.
    """

    name: str
    status: Status
    tools: dict[str, str] = {}
    seconds: float = 0.0
    reason: str | None = None
    remedy: str | None = None
    cached: bool = False
    age: float | None = None
    notes: tuple[str, ...] = ()


class Scope(msgspec.Struct, frozen=True):
    """What the verdict does not speak of."""

    partial: bool = False
    not_run: tuple[str, ...] = ()
    tree_only: bool = False


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/scan/1`.

    Attributes:
        seconds: Wall time of the whole scan.
        commit: Full hash of HEAD, or None without git.
        base: Full hash of the merge base that findings were compared with, or None.
        findings: All of them, the waived ones too; new and bad ones first.
    """

    schema: str = SCHEMA
    verdict: Verdict
    enforced: bool = True
    scope: Scope = Scope()
    seconds: float = 0.0
    commit: str | None = None
    base: str | None = None
    project: str = ""
    scanners: tuple[Scanner, ...] = ()
    findings: tuple[Finding, ...] = ()

    def standing(self) -> tuple[Finding, ...]:
        """The findings that no waiver covers."""
        return tuple(finding for finding in self.findings if finding.waived is None)


def verdict_of(scanners: Iterable[Scanner], findings: Iterable[Finding]) -> Verdict:
    """The scan's verdict: any finding that stands fails."""
    stands = any(finding.waived is None for finding in findings)
    return "fail" if stands else overall(scanner.status for scanner in scanners)
