"""The one answer of every adapter: clean, findings or broken; never a guess from an exit code."""

from __future__ import annotations

import msgspec

from lockgate.model.finding import Finding


class Clean(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The tool proved that it looked, and found nothing.

    Attributes:
        looked_at: Files, packages or commits that it looked at: never 0.
        notes: What a reader should know besides.
        asked: When a service was asked, seconds since the epoch; None when nothing but the tree was read.
    """

    looked_at: int
    notes: tuple[str, ...] = ()
    asked: float | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The tool proved that it looked, and found something. Attributes as in `Clean`."""

    findings: tuple[Finding, ...]
    looked_at: int
    notes: tuple[str, ...] = ()
    asked: float | None = None


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Nothing can be said: the tool is missing, failed, was stopped, or did not see what it should."""

    reason: str
    remedy: str | None = None


class Absent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """There is nothing here that this scanner could look at."""

    reason: str


Answer = Clean | Found | Broken | Absent


class BrokenError(Exception):
    """Raised anywhere inside an adapter; the runner turns it into `Broken`."""

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.answer = Broken(reason=reason, remedy=remedy)


class StoppedError(Exception):
    """The user stopped the scan."""


def answer(
    findings: tuple[Finding, ...], looked_at: int, notes: tuple[str, ...] = (), asked: float | None = None
) -> Answer:
    """Findings, or clean when there are none and something was looked at.

    Raises:
        BrokenError: Nothing was looked at.
    """
    if findings:
        return Found(findings=findings, looked_at=looked_at, notes=notes, asked=asked)
    if looked_at <= 0:
        raise BrokenError("it looked at nothing", "check that the package's files are where this scanner looks")
    return Clean(looked_at=looked_at, notes=notes, asked=asked)
