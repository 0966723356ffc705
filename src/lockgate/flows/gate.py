"""The gate from folder to exit code: read, run, report in every format that is asked for or expected."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lockgate import report as reports
from lockgate.gate.plan import Selection, plan
from lockgate.gate.run import Request, Result, run_gate
from lockgate.model.errors import UnknownError
from lockgate.model.gate import GateReport
from lockgate.model.verdict import EXIT_CODES
from lockgate.ports.console import Console
from lockgate.ports.display import open_display
from lockgate.ports.files import write_atomic
from lockgate.ports.process import Cancel
from lockgate.ports.pyproject import read_project
from lockgate.report import text

INTERRUPTED = 130


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    folder: Path
    config_file: Path | None = None
    selection: Selection = Selection()
    list_: bool = False
    fix: bool = False
    fresh: bool = False
    keep_going: bool = False
    jobs: int = 0
    offline: bool = False
    format_: str = "text"
    report_dir: Path | None = None


def gate(wishes: Wishes, console: Console) -> int:
    """Run the gate and print; returns the exit code.

    Raises:
        LockgateError: See its subclasses.
    """
    project = read_project(wishes.folder, wishes.config_file)
    if wishes.list_:
        steps = plan(project, wishes.selection).selected()
        width = max(len(step.name) for step in steps)
        console.result("".join(f"{step.name:{width}}  Python {step.python}\n" for step in steps))
        return 0
    request = Request(
        project=project,
        selection=wishes.selection,
        fresh=wishes.fresh,
        keep_going=wishes.keep_going,
        fix=wishes.fix,
        offline=wishes.offline,
        jobs=wishes.jobs,
        data=wishes.report_dir / "coverage" if wishes.report_dir else None,
    )
    with open_display(console) as display:
        result = run_gate(request, display, Cancel())
    return _tell(result, wishes, console)


def _tell(result: Result, wishes: Wishes, console: Console) -> int:
    report = result.report
    # Files first: whoever reads standard output may stop reading.
    unwritten = None if wishes.report_dir is None else _write_all(report, wishes.report_dir, wishes.folder)
    if wishes.format_ == "text":
        console.result(text.render(report, console.paint, quiet=console.quiet))
    else:
        console.document(_rendered(report, wishes.format_, wishes.folder))
    for warning in result.warnings:
        console.say(f"lockgate: {warning}", "unknown")
    _tell_github(report, wishes, console, os.environ)
    if unwritten is not None:
        raise unwritten
    if result.interrupted:
        return INTERRUPTED
    return EXIT_CODES[report.verdict] if report.enforced else 0


def _rendered(report: GateReport, format_: str, project: Path, environment: Mapping[str, str] = os.environ) -> str:
    """The report in a format; GitHub knows files by their path in the repository, not in the package."""
    workspace = environment.get("GITHUB_WORKSPACE")
    if format_ in {"github", "sarif"} and workspace and environment.get("GITHUB_ACTIONS") == "true":
        root, top = project.resolve(), Path(workspace).resolve()
        if root != top and root.is_relative_to(top):
            report = reports.below(report, root.relative_to(top).as_posix())
    return reports.render(report, format_)


def _write_all(report: GateReport, folder: Path, project: Path) -> UnknownError | None:
    """Write every format; returns why that was not possible."""
    try:
        for format_ in reports.FORMATS:
            content = _rendered(report, format_, project).encode("utf-8", errors="backslashreplace")
            write_atomic(folder / reports.file_name(format_), content)
    except OSError as error:
        where = error.filename or folder
        return UnknownError(f"the report was not written: {where}: {error.strerror or error}")
    return None


def _tell_github(report: GateReport, wishes: Wishes, console: Console, environment: Mapping[str, str]) -> None:
    """In GitHub Actions: annotations and a step summary, without being asked."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    if wishes.format_ == "text":
        console.document(_rendered(report, "github", wishes.folder, environment))
    summary = environment.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(reports.render(report, "markdown"))
        except OSError as error:
            console.say(f"lockgate: no step summary: {summary}: {error.strerror or error}", "unknown")
