"""The gate from folder to exit code: read, run, report in every format that is asked for or expected."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lockgate import __version__
from lockgate import report as reports
from lockgate.flows import told
from lockgate.gate import cells
from lockgate.gate.plan import Selection, plan
from lockgate.gate.reported import remember
from lockgate.gate.run import Request, Result, run_gate
from lockgate.model.actions import NESTED
from lockgate.model.errors import UnknownError
from lockgate.model.gate import GateReport
from lockgate.model.verdict import EXIT_CODES
from lockgate.ports import actions, nested
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
    cells: Path | None = None


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
    actions.refuse_disagreement(project)
    _tell_version(nested.locked_version(project.root), console)
    request = Request(
        project=project,
        selection=wishes.selection,
        fresh=wishes.fresh,
        keep_going=wishes.keep_going,
        fix=wishes.fix,
        offline=wishes.offline,
        jobs=wishes.jobs,
        data=wishes.report_dir / cells.DATA if wishes.report_dir else None,
        cells=wishes.cells,
        needs=actions.needs(),
        again=_again(wishes),
    )
    with open_display(console) as display:
        result = run_gate(request, display, Cancel())
    return _tell(result, wishes, console)


def _tell_version(locked: str | None, console: Console) -> None:
    """Say when CI, which runs the locked lockgate, may judge otherwise than this one."""
    if locked not in {None, __version__}:
        console.say(
            f"lockgate: this is {__version__}, but {NESTED}/uv.lock has {locked}: "
            f"CI runs `uv run --project {NESTED} --locked lockgate gate`",
            "unknown",
        )


def _again(wishes: Wishes) -> str:
    """The options that a command needs to speak of the same project, wherever this one was started."""
    folder = "" if wishes.folder == Path() else f" -C {shlex.quote(str(wishes.folder))}"
    return folder + (f" --config {shlex.quote(str(wishes.config_file))}" if wishes.config_file else "")


def _tell(result: Result, wishes: Wishes, console: Console) -> int:
    report = result.report
    # Files first: whoever reads standard output may stop reading.
    unwritten = None if wishes.report_dir is None else _write_all(report, wishes.report_dir, wishes.folder, console)
    if wishes.report_dir is not None:
        remember(result.memory, wishes.folder.resolve(), _written(wishes.report_dir))
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
    folder = told.folder_in_repository(project, format_, environment)
    if folder is not None:
        report = reports.below(report, folder)
    return reports.render(report, format_)


def _write_caches(report: GateReport, folder: Path, console: Console) -> None:
    """Leave what the workflow says of its caches for `health`; a gate's verdict does not depend on it."""
    ran = [check.name for check in report.checks if check.status != "not-run" and check.name != "needs"]
    cell = re.fullmatch(r"test-(3\.\d{1,2})", ran[0]) if len(ran) == 1 else None
    told.write_caches(folder, cell[1] if cell else None, console)


def _write_all(report: GateReport, folder: Path, project: Path, console: Console) -> UnknownError | None:
    """Write every format; returns why that was not possible."""
    try:
        for format_ in reports.FORMATS:
            content = _rendered(report, format_, project).encode("utf-8", errors="backslashreplace")
            write_atomic(folder / reports.file_name(format_), content)
        _write_caches(report, folder, console)
    except OSError as error:
        where = error.filename or folder
        return UnknownError(f"the report was not written: {where}: {error.strerror or error}")
    return None


def _written(folder: Path) -> tuple[Path, ...]:
    """What every run with this report folder writes anew."""
    named = (folder / reports.file_name(format_) for format_ in reports.FORMATS)
    return (*named, *(folder / cells.DATA).glob("*"))


def _tell_github(report: GateReport, wishes: Wishes, console: Console, environment: Mapping[str, str]) -> None:
    """In GitHub Actions: annotations and a step summary, without being asked."""
    if not actions.is_here(environment):
        return
    if wishes.format_ == "text":
        console.document(_rendered(report, "github", wishes.folder, environment))
    told.append_summary(reports.render(report, "markdown"), console, environment)
