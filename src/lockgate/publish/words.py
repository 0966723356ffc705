"""The report of a `publish` command as text."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.model.release import PublishReport
from lockgate.model.shown import printable

_STYLES = {"confirm": "unknown"}


def render(report: PublishReport, paint: Callable[[str, str], str], *, quiet: bool) -> str:
    """Prerequisites, files, what is wrong, and the one next command; `quiet` leaves out what is in order."""
    lines: list[str] = []
    ledger = report.ledger
    if ledger is not None:
        for one in ledger.prerequisites if report.command in {"plan", "status"} else ():
            if quiet and one.status == "pass":
                continue
            mark = paint(f"{one.status:8}", _STYLES.get(one.status, one.status))
            lines.append(f"{mark} {one.name:11} {printable(one.detail)}")
            if one.remedy and one.status != "pass":
                lines.append(f"{'':20} → {printable(one.remedy)}")
        if not quiet:
            lines += [f"{one.state:9} {one.sha256[:12]} {one.size / 1000:8.1f} kB  {one.name}" for one in ledger.files]
            lines += [f"note: {printable(note)}" for note in ledger.notes]
    if report.reason:
        lines.append(paint(printable(report.reason), report.verdict))
    head = f"{ledger.project} {ledger.version}: {ledger.state}" if ledger else "nothing is planned yet"
    if ledger is not None and ledger.reason:
        head += f": {printable(ledger.reason)}"
    lines.append(f"{paint(report.verdict.upper(), report.verdict)}  {head}")
    if report.next:
        lines.append(f"next: {report.next}")
    return "".join(f"{line}\n" for line in lines)
