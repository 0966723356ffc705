"""Test cells that other machines ran: what `--report` leaves for them, and what `--cells` believes of it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from lockgate.gate.outcome import Outcome, unknown
from lockgate.gate.plan import Plan, Selection
from lockgate.model.errors import UsageError
from lockgate.model.gate import SCHEMA, Check, GateReport
from lockgate.model.project import Project
from lockgate.ports import git
from lockgate.ports.files import write_atomic

REPORT = "gate.json"
DATA = "coverage"
_MANIFEST = "manifest.json"


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to one report, by content: whatever is changed or cut short afterwards no longer fits.

    Attributes:
        root: The project's folder where the data was measured.
        whole: No pytest arguments may have left tests out.
        data: Digest by name of the data file, by name of the cell.
        seal: Digest of the report and all this.
    """

    root: str
    whole: bool
    data: dict[str, dict[str, str]]
    seal: str = ""


class _Said(msgspec.Struct, frozen=True):
    """A report that was found, and where."""

    path: Path
    report: GateReport


def refuse_useless(planned: Plan, selection: Selection) -> None:
    """See that there is something for which other machines' cells are taken.

    Raises:
        UsageError: Coverage is not among the checks, or pytest arguments are given.
    """
    if selection.pytest_args:
        raise UsageError("--cells runs no tests, so it takes no pytest arguments", "leave out what follows --")
    if not any(step.kind == "coverage" for step in planned.selected()):
        raise UsageError(
            "--cells takes test cells for the sake of coverage, which is not among the checks",
            "name it: lockgate gate coverage --cells DIR",
        )


def export(
    folder: Path, report: GateReport, outcomes: Mapping[str, Outcome], root: Path, *, whole: bool
) -> tuple[str, ...]:
    """Copy the coverage data of the cells that ran here to `folder`, for `take`; returns why it could not be done."""
    data: dict[str, dict[str, str]] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, outcome in outcomes.items():
            for number, path in enumerate(outcome.data if outcome.check.taken_from is None else ()):
                target = folder / f"{name}-{number}"
                shutil.copyfile(path, target)
                data.setdefault(name, {})[target.name] = _digest(target.read_bytes())
        manifest = _Manifest(root=str(root), whole=whole, data=data)
        sealed = msgspec.structs.replace(manifest, seal=_seal(report, manifest))
        write_atomic(folder / _MANIFEST, msgspec.json.encode(sealed))
    except OSError as error:
        where = error.filename2 or error.filename or folder
        return (f"the coverage data were not exported: {where}: {error.strerror or error}",)
    return ()


def take(folder: Path, project: Project, names: Iterable[str]) -> dict[str, Outcome]:
    """The outcomes of the cells `names` from the reports anywhere below `folder`; unknown where they prove nothing."""
    try:
        said = [_read(path) for path in _reports(folder)]
    except ValueError as error:
        # Nobody knows of which cells this one wanted to speak.
        return {name: unknown(name, str(error)) for name in names}
    return {name: _taken(name, said, folder, project) for name in names}


def _reports(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        if error.filename != str(folder):
            raise ValueError(f"{error.filename} cannot be searched for reports: {error.strerror or error}")

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        if REPORT in files:
            yield Path(place, REPORT)


def _read(path: Path) -> _Said:
    """A report.

    Raises:
        ValueError: It is none, or only a part of one.
    """
    try:
        report = msgspec.json.decode(path.read_bytes(), type=GateReport)
    except (OSError, msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as a gate's report ({error}); run its job again") from error
    if report.schema != SCHEMA:
        raise ValueError(f"{path} is no report of a gate: its schema is {report.schema!r}, not {SCHEMA!r}")
    return _Said(path, report)


def _taken(name: str, said: list[_Said], folder: Path, project: Project) -> Outcome:
    speaking = [
        (one, check) for one in said for check in one.report.checks if check.name == name and check.status != "not-run"
    ]
    if not speaking:
        silent = f"none of the {len(said)} reports below {folder} speaks of {name}"
        hint = f"did its job come to its end? `lockgate gate --fresh {name} --report DIR` makes one"
        return unknown(name, f"{silent if said else f'no report lies below {folder}'}: {hint}")
    if len(speaking) > 1:
        shown = ", ".join(str(one.path) for one, _ in speaking)
        return unknown(name, f"more than one report speaks of {name}: {shown}; leave only the one that counts")
    (one, check), *_ = speaking
    return _judged(one, check, project)


def _judged(one: _Said, check: Check, project: Project) -> Outcome:
    """One cell as its only report tells it, believed as far as it proves itself."""
    check = msgspec.structs.replace(check, taken_from=str(one.path))
    folder = one.path.absolute().parent / DATA
    try:
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        reason = f"its {DATA}/{_MANIFEST} cannot be read ({error}); bring the whole folder of --report here"
        return _doubted(check, reason)
    doubt = _not_this(one.report, manifest, project)
    if doubt is not None:
        return _doubted(check, doubt)
    files = manifest.data.get(check.name, {})
    broken = [name for name, digest in files.items() if not _is(folder, name, digest)]
    data = tuple(folder / name for name in files if name not in broken)
    if check.status == "pass":
        doubt = _unproved(check, manifest, broken, data)
    if doubt is not None:
        return _doubted(check, doubt)
    return Outcome(check=check, data=() if broken else data, root=manifest.root)


def _not_this(report: GateReport, manifest: _Manifest, project: Project) -> str | None:
    """Why a report does not speak of what lies here, or no longer says what it said."""
    if manifest.seal != _seal(report, manifest):
        return "the report was changed after it was written, or its data belongs to another; run the cell again"
    if report.project != project.name:
        return f"the report is of {report.project!r}, not of {project.name!r}"
    head = git.head(project.root)
    if report.commit != head:
        then, now = report.commit or "no commit", head or "no commit"
        return f"the report is of {then}, but {now} is checked out here; run the cell on what is checked out here"
    return None


def _unproved(check: Check, manifest: _Manifest, broken: list[str], data: tuple[Path, ...]) -> str | None:
    """Why a cell that calls itself passed did not show it."""
    cell = check.name.removeprefix("test-")
    if check.cached:
        return "the cell was not run but found in a cache: run it with --fresh"
    if not manifest.whole:
        return "the cell ran with pytest arguments of its own, maybe only a part of the tests: run it without"
    if check.tests is None or check.tests.collected == 0:
        return "the cell collected no tests: a cell that tests nothing proves nothing"
    if check.python is None or not check.python.startswith(f"{cell}."):
        return f"the cell ran on Python {check.python}, not on {cell}"
    if broken:
        return f"its coverage data {', '.join(broken)} is missing or was changed or cut short; run the cell again"
    if not data:
        return "the cell brought no coverage data: is coverage among the checks of its table?"
    return None


def _doubted(check: Check, reason: str) -> Outcome:
    return Outcome(check=Check(name=check.name, status="unknown", reason=reason, taken_from=check.taken_from))


def _is(folder: Path, name: str, digest: str) -> bool:
    """Whether a data file is the one that was exported."""
    try:
        return Path(name).name == name and _digest((folder / name).read_bytes()) == digest
    except (OSError, ValueError):
        return False


def _seal(report: GateReport, manifest: _Manifest) -> str:
    return _digest(msgspec.json.encode((report, msgspec.structs.replace(manifest, seal="")), order="sorted"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
