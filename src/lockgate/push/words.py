"""The report for people."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.model.duration import human
from lockgate.model.push import Conflict, PushReport
from lockgate.model.shown import printable

_OUTCOMES = {"unchanged": "as it is", "replayed": "replayed", "already": "landed before", "empty": "nothing left of it"}
_LINES = 20


def render(report: PushReport, paint: Callable[[str, str], str], *, quiet: bool = False) -> str:
    """The report as text; `paint(text, style)` colours."""
    lines = []
    for conflict in report.conflicts:
        lines += _conflict(conflict, paint)
    if not quiet:
        shown = report.commits[-_LINES:]
        if len(report.commits) > len(shown):
            lines.append(f"… {len(report.commits) - len(shown)} earlier commits (--format json has all)")
        for one in shown:
            new = f" as {one.commit[:12]}" if one.commit not in {None, one.source} and one.commit else ""
            lines.append(f"{one.source[:12]} {printable(one.subject)}  ({_OUTCOMES[one.outcome]}{new})")
        lines += [f"resolved  {printable(one.words())}" for one in report.resolutions]
        lines += [f"carried   {name}: another pusher's commits" for name in report.carried]
    lines += [f"collected {printable(what)}" for what in report.collected]
    lines += [f"{paint('note', 'unknown')}      {printable(note)}" for note in report.notes]
    lines.append(paint(_verdict(report), report.verdict))
    return "\n".join(lines) + "\n"


def _conflict(conflict: Conflict, paint: Callable[[str, str], str]) -> list[str]:
    where = ": ".join(part for part in (conflict.path, conflict.field) if part)
    lines = [f"{paint(printable(where), 'bold')}  {printable(conflict.reason)}"]
    if conflict.commit:
        lines[0] += f"  (commit {conflict.commit[:12]})"
    if conflict.ours is not None:
        lines += [f"    ours    {printable(conflict.ours)}", f"    theirs  {printable(conflict.theirs or '')}"]
    return lines


def _verdict(report: PushReport) -> str:
    place = f"{report.remote}/{report.branch}"
    took = human(report.seconds)
    if report.verdict != "pass":
        return f"{report.verdict.upper()} in {took}: {place}: {printable(report.reason or '')}"
    landed = sum(one.outcome in {"unchanged", "replayed"} for one in report.commits)
    what = f"{landed} commit{'s' if landed != 1 else ''}"
    if report.dry_run:
        return f"PASS in {took}: {what} would land on {place} (dry run: nothing was written)"
    if report.before == report.after:
        return f"PASS in {took}: nothing to land on {place}"
    return f"PASS in {took}: {what} on {place}, {(report.after or '')[:12]}"
