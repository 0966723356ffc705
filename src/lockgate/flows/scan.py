"""The scan from folder to exit code: run, compare, judge, report in every format that is asked for or expected."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lockgate.flows import told
from lockgate.model.config import Waiver
from lockgate.model.decode import TABLE
from lockgate.model.errors import UnknownError, UsageError
from lockgate.model.gate import Check
from lockgate.model.project import Project
from lockgate.model.scan import Scanner, ScanReport, Scope, verdict_of
from lockgate.model.tomlline import line_of
from lockgate.model.verdict import EXIT_CODES
from lockgate.ports import actions, clock, git, history
from lockgate.ports.console import Console
from lockgate.ports.display import Board, Lines, open_display
from lockgate.ports.family import Adoption
from lockgate.ports.files import write_atomic
from lockgate.ports.process import Cancel
from lockgate.ports.pyproject import read_project
from lockgate.ports.signals import Signals
from lockgate.report import scan as reports
from lockgate.report.scan import living, text
from lockgate.scan.base import marked, merge_base
from lockgate.scan.context import Wishes as Sources
from lockgate.scan.policy import judge
from lockgate.scan.run import Outcome, Request, run_scan, wanted
from lockgate.scan.waive import waived

INTERRUPTED = 130
_HISTORY = "security/history.jsonl"


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says; `sarif` is `NAME=FILE`, as written."""

    folder: Path
    config_file: Path | None = None
    names: tuple[str, ...] = ()
    sarif: tuple[str, ...] = ()
    osv: str | None = None
    base: str | None = None
    fresh: bool = False
    offline: bool = False
    format_: str = "text"
    report_dir: Path | None = None


def scan(wishes: Wishes, console: Console, environment: Mapping[str, str] = os.environ) -> int:
    """Run the scan and print; returns the exit code.

    Raises:
        LockgateError: See its subclasses.
    """
    cancel = Cancel()
    report, project, past = look(wishes, console, cancel, environment)
    code = _tell(report, project, wishes, console, past, environment)
    return INTERRUPTED if cancel.requested() else code


def look(
    wishes: Wishes, console: Console, cancel: Cancel, environment: Mapping[str, str] = os.environ
) -> tuple[ScanReport, Project, str | None]:
    """Run the scan; returns its report, the package, and the history on the reports branch (None: cannot be read).

    Raises:
        LockgateError: See its subclasses.
    """
    begun = clock.monotonic()
    project = read_project(wishes.folder, wishes.config_file)
    actions.refuse_disagreement(project, environment)
    names = wanted(wishes.names)
    sources = Sources(
        sarif=_sarif(wishes.sarif), needs=actions.results(environment), osv=wishes.osv, offline=wishes.offline
    )
    request = Request(project=project, names=names, wishes=sources, fresh=wishes.fresh)
    with open_display(console) as display, Signals(cancel.set), Adoption():
        display.planned(dict.fromkeys(names, 0.0))
        note = _Progress(display, names)
        outcomes = run_scan(request, cancel, note)
        base = wishes.base or merge_base(
            project.root, environment.get("GITHUB_BASE_REF") or project.config.protection.branch
        )
        if base is not None and any(outcome.findings for outcome in outcomes.values()) and not cancel.requested():
            outcomes = marked(request, outcomes, base, cancel, note)
    past = _past(project)
    return _report(project, names, outcomes, base, past or "", clock.monotonic() - begun), project, past


def waive(folder: Path, name: str, reason: str, days: int, console: Console) -> int:
    """Write a waiver into pyproject.toml; returns the exit code.

    Raises:
        UsageError: It would not be in order, or the file cannot be written.
    """
    path = read_project(folder).root / "pyproject.toml"
    try:
        before = path.read_bytes().decode()
        after, expires = waived(before, name, reason, days, _today())
        write_atomic(path.resolve(), after.encode())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    read_project(folder)
    console.say(f"lockgate: {name} is waived until {expires}; commit pyproject.toml, and mend it before that day")
    return 0


def _sarif(given: tuple[str, ...]) -> dict[str, Path]:
    found = {}
    for text_ in given:
        name, mark, path = text_.partition("=")
        if name != "codeql" or not mark or not path:
            raise UsageError(f"--sarif {text_}: only codeql=FILE is known", "lockgate scan --sarif codeql=python.sarif")
        found[name] = Path(path).absolute()
    return found


class _Progress:
    """Shows a running scan on the gate's display."""

    def __init__(self, display: Lines | Board, names: tuple[str, ...]) -> None:
        self._display = display
        self._names = names
        self._begun: dict[str, float] = {}

    def __call__(self, name: str, what: str) -> None:
        """`what` is "" at a scanner's begin, its status at its end, or something to be said."""
        if name not in self._names:
            self._display.noted(self._names[0], what)
        elif not what:
            self._begun[name] = clock.monotonic()
            self._display.started(name)
        else:
            seconds = round(clock.monotonic() - self._begun[name], 3)
            self._display.finished(Check(name=name, status=what, seconds=seconds), "")  # type: ignore[arg-type]


def _today() -> dt.date:
    return dt.datetime.fromtimestamp(clock.now(), dt.UTC).date()


def _past(project: Project) -> str | None:
    """The history on the reports branch, None when it cannot be read."""
    branch = project.config.reports.branch
    for name in (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"):
        content = history.content(project.root, f"{name}:{_HISTORY}")
        if content is not None:
            return content.decode("utf-8", errors="replace")
    return None


def _report(
    project: Project,
    names: tuple[str, ...],
    outcomes: Mapping[str, Outcome],
    base: str | None,
    past: str,
    seconds: float,
) -> ScanReport:
    scanners = tuple(outcome.scanner for outcome in outcomes.values())
    not_asked = tuple(Scanner(name=name, status="not-run") for name in wanted(()) if name not in names)
    since = living.first_seen(living.parse(past))
    findings = [
        msgspec.structs.replace(one, first_seen=since.get(one.fingerprint))
        for outcome in outcomes.values()
        for one in outcome.findings
    ]
    answered = {one.name for one in scanners if one.status in {"pass", "fail"} and one.reason is None}
    judged = judge(findings, _waivers(project), answered, _today())
    standing = {one.scanner for one in judged if one.waived is None}
    # A scanner whose findings are all waived passes, if it gave a whole answer.
    scanners = tuple(
        msgspec.structs.replace(one, status="unknown" if one.reason else "pass")
        if one.status == "fail" and one.name not in standing
        else one
        for one in scanners
    )
    shown = sorted((*scanners, *not_asked), key=lambda one: wanted(()).index(one.name))
    return ScanReport(
        verdict=verdict_of(scanners, judged),
        enforced=project.config.phase.security == "enforce",
        scope=Scope(
            partial=bool(not_asked),
            not_run=tuple(one.name for one in shown if one.status == "not-run"),
            tree_only=history.top(project.root) is None,
        ),
        seconds=round(seconds, 3),
        commit=git.head(project.root),
        base=base,
        project=project.name,
        scanners=tuple(shown),
        findings=judged,
    )


def _waivers(project: Project) -> list[tuple[Waiver, str, int]]:
    """Waivers with file and line."""
    file = project.config_file
    path = project.root / file
    content = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return [
        (waiver, file, line_of(content, (*TABLE, "waivers", number)))
        for number, waiver in enumerate(project.config.waivers)
    ]


def _tell(
    report: ScanReport,
    project: Project,
    wishes: Wishes,
    console: Console,
    past: str | None,
    environment: Mapping[str, str],
) -> int:
    unwritten = None
    if wishes.report_dir is not None:
        # Files first: whoever reads standard output may stop reading.
        unwritten = _write_all(report, project, wishes.report_dir, past or "", console, environment)
    if wishes.format_ == "text":
        console.result(text.render(report, console.paint, quiet=console.quiet))
    else:
        console.document(_rendered(report, wishes.format_, wishes.folder, environment))
    _tell_github(report, wishes, console, environment)
    if unwritten is not None:
        raise unwritten
    return EXIT_CODES[report.verdict] if report.enforced else 0


def _rendered(report: ScanReport, format_: str, folder: Path, environment: Mapping[str, str]) -> str:
    """The report in a format; GitHub knows files by their path in the repository, not in the package."""
    inside = told.folder_in_repository(folder, format_, environment)
    if inside is not None:
        report = reports.below(report, inside)
    return reports.render(report, format_)


def _write_all(
    report: ScanReport, project: Project, folder: Path, past: str, console: Console, environment: Mapping[str, str]
) -> UnknownError | None:
    """Write every format and the living report; returns why that was not possible."""
    private = _is_private(environment)
    details = project.config.reports.details and private
    if project.config.reports.details and not private:
        console.say(
            "lockgate: details are left out of the living report: the repository is public, or may be", "unknown"
        )
    now = dt.datetime.fromtimestamp(clock.now(), dt.UTC)
    run = "-".join(environment.get(name, "") for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT")).strip("-") or "local"
    # A run that is repeated by hand may write twice.
    files = living.updated(report, past, now=now, run=f"{run}-{uuid.uuid4().hex[:8]}", details=details)
    formats = reports.FORMATS.items()
    contents = {name: _rendered(report, format_, project.root, environment) for format_, (_, name) in formats}
    contents |= {f"branch/{name}": content for name, content in files.items()}
    try:
        for name, content in contents.items():
            write_atomic(folder / name, content.encode("utf-8", errors="backslashreplace"))
        told.write_caches(folder, None, console)
    except OSError as error:
        where = error.filename or folder
        return UnknownError(f"the report was not written: {where}: {error.strerror or error}")
    return None


def _is_private(environment: Mapping[str, str]) -> bool:
    """Whether GitHub's event says that the repository is private; what cannot be told is not private."""
    path = environment.get("GITHUB_EVENT_PATH")
    try:
        event = msgspec.json.decode(Path(path).read_bytes()) if path else {}
        return event["repository"]["private"] is True
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return False


def _tell_github(report: ScanReport, wishes: Wishes, console: Console, environment: Mapping[str, str]) -> None:
    """In GitHub Actions: annotations and a step summary, without being asked."""
    if not actions.is_here(environment):
        return
    if wishes.format_ == "text":
        console.document(_rendered(report, "github", wishes.folder, environment))
    told.append_summary(reports.render(report, "markdown"), console, environment)
