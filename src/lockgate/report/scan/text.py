"""Text for people: findings with their remedies, the new and bad ones first, one line a scanner, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockgate.model.duration import human
from lockgate.model.finding import Finding
from lockgate.model.scan import Scanner, ScanReport
from lockgate.model.shown import printable
from lockgate.report.scan import words

Paint = Callable[[str, str], str]
_MOST = 100
_MARKS = {"pass": "pass", "fail": "FAIL", "unknown": "UNKNOWN", "skipped": "skipped", "not-run": "not run"}


def _plain(text: str, _style: str) -> str:
    return text


def render(report: ScanReport, paint: Paint = _plain, *, quiet: bool = False) -> str:
    """The report as text; `paint(text, style)` colours by style `pass`, `fail`, `unknown`, `dim` or `bold`."""
    lines: list[str] = []
    standing = report.standing()
    for finding in standing[:_MOST]:
        lines += [*_finding(finding, paint), ""]
    if len(standing) > _MOST:
        lines += [f"… and {len(standing) - _MOST} more (--format json has all)", ""]
    for scanner in report.scanners:
        # What could not be looked at is as important as what was found.
        if scanner.reason and scanner.status in {"unknown", "fail"}:
            lines.append(paint(f"UNKNOWN {scanner.name}: {printable(scanner.reason)}", "unknown"))
            lines += [f"  → {printable(scanner.remedy)}"] if scanner.remedy else []
            lines.append("")
    if not quiet:
        width = max(len(scanner.name) for scanner in report.scanners)
        lines += [_line(scanner, width, report, paint) for scanner in report.scanners]
        lines += [f"note     {one.name}: {printable(note)}" for one in report.scanners for note in one.notes]
    # Waived findings are shown on every run, also a quiet one.
    lines += [paint(f"waived   {printable(text)}", "dim") for text in map(_waived, report.findings) if text]
    lines += ["", paint(words.verdict(report), report.verdict)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _finding(finding: Finding, paint: Paint) -> Iterator[str]:
    mark = paint(f"{finding.scanner}: {words.title(finding)}", "fail")
    yield f"{mark} {printable(finding.where())}".rstrip()
    yield f"  {printable(finding.message)}"
    if finding.why:
        yield paint(f"  {printable(finding.why)}", "dim")
    for line in words.lines(finding):
        yield f"  {printable(line)}"


def _waived(finding: Finding) -> str:
    if finding.waived is None:
        return ""
    return f"{finding.scanner}: {words.title(finding)} {finding.where()} {finding.fingerprint}: {finding.waived}"


def _line(scanner: Scanner, width: int, report: ScanReport, paint: Paint) -> str:
    mark = paint(f"{_MARKS[scanner.status]:8}", scanner.status)
    took = "" if scanner.status in {"not-run", "skipped"} or scanner.cached else human(scanner.seconds)
    found = [finding for finding in report.findings if finding.scanner == scanner.name]
    return f"{mark} {scanner.name:{width}} {took:>10}  {printable(words.details(scanner, found))}".rstrip()
