"""A plan, a check and what was applied, for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockgate.model.protection import TO_DO, Change, ProtectReport
from lockgate.model.shown import printable

_MARKS = {"add": "+", "change": "~", "remove": "-", "keep": "=", "unmanaged": "·", "unknown": "?"}
_STYLES = {"unknown": "unknown", "keep": "dim", "unmanaged": "dim"}
_STEPS = {"applied": "pass", "refused": "fail", "unknown": "unknown", "not-tried": "skipped"}


def render(
    report: ProtectReport, paint: Callable[[str, str], str], *, quiet: bool = False, verbose: bool = False
) -> str:
    """The report as text; `paint(text, style)` colours."""
    lines = []
    for change in report.changes:
        if change.kind in TO_DO or change.kind == "unknown" or verbose or (change.kind == "unmanaged" and not quiet):
            lines += [paint(_line(change), _STYLES.get(change.kind, "bold")), paint(f"    {change.why}", "dim")]
    for trap in report.traps:
        style = "fail" if trap.status == "fail" else "unknown"
        lines += [paint(f"! {trap.name}: {printable(trap.message)}", style), f"  → {printable(trap.remedy)}"]
    for step in report.steps:
        detail = f": {printable(step.detail)}" if step.detail else ""
        lines.append(f"{paint(f'{step.status:9}', _STEPS[step.status])} {printable(step.what)}{detail}")
    lines.append(paint(_verdict(report), report.verdict))
    return "\n".join(lines) + "\n"


def _line(change: Change) -> str:
    mark = f"{_MARKS[change.kind]} {printable(change.key)}"
    if change.permission is not None:
        after = f" (wanted: {shown(change.after)})" if change.kind == "unknown" and change.after is not None else ""
        return f"{mark}: cannot be seen; it takes {printable(change.permission)}{after}"
    if change.kind in {"keep", "unmanaged"}:
        return f"{mark}: {shown(change.before)}"
    return f"{mark}: {shown(change.before)} → {shown(change.after)}"


def shown(value: Any) -> str:  # noqa: ANN401  (JSON)
    """A JSON value in plain words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return "; ".join(f"{name} {shown(one)}" for name, one in value.items()) or "nothing"
    if isinstance(value, list):
        return ", ".join(_element(one) for one in value) or "nobody and nothing"
    return printable(str(value))


def _element(value: Any) -> str:  # noqa: ANN401  (JSON)
    if isinstance(value, dict) and "context" in value:
        source = value.get("app_id", value.get("integration_id"))
        return printable(f"{value['context']} by {f'app {source}' if source else 'anybody'}")
    return " ".join(shown(one) for one in value.values()) if isinstance(value, dict) else shown(value)


def _verdict(report: ProtectReport) -> str:
    todo = sum(change.kind in TO_DO for change in report.changes)
    unseen, beside = len(report.scope.unseen), sum(change.kind == "unmanaged" for change in report.changes)
    parts = [f"{todo} to change"] if todo else []
    parts += [f"{unseen} that {report.credential} may not see"] if unseen else []
    parts += [f"{len(report.traps)} traps"] if report.traps else []
    parts += [f"{beside} not in the table"] if beside else []
    what = ", ".join(parts) or "as the table says"
    note = "" if report.enforced else "  (not enforced: see [tool.lockgate.phase])"
    return f"{report.verdict.upper()} {report.repository}, {report.branch} ({report.kind}): {what}{note}"
