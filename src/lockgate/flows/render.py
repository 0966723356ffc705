"""`lockgate render`: what the table renders, what is committed, and the way from one to the other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

import msgspec

from lockgate.gate.declared import version_from_git
from lockgate.gate.plan import Selection, plan
from lockgate.model.actions import NESTED
from lockgate.model.config import Folder
from lockgate.model.errors import UsageError
from lockgate.model.problem import Problem
from lockgate.model.project import Project
from lockgate.model.shown import printable
from lockgate.model.tomlline import line_of
from lockgate.model.verdict import Verdict
from lockgate.ports import git
from lockgate.ports.console import Console
from lockgate.ports.files import write_atomic
from lockgate.report.github import annotation
from lockgate.workflows import files, pins
from lockgate.workflows.drift import State, drift
from lockgate.workflows.extend import Misfit, table_pins
from lockgate.workflows.facts import Facts, facts
from lockgate.workflows.files import File

SCHEMA = "lockgate/render/1"
_MOST = 1_000_000  # bytes: a hundred times what any of these files has


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to compare.

    Attributes:
        root: The repository's folder.
        texts: Committed text by the file's name; None for what is not there.
    """

    root: Path
    facts: Facts
    files: tuple[File, ...]
    texts: Mapping[str, str | None]

    def managed(self) -> list[File]:
        """The files that lockgate writes."""
        return [file for file in self.files if files.managed(self.facts, file.name)]


class FileReport(msgspec.Struct, frozen=True):
    """One file: its state, what is wrong with it, and a unified diff to what the table renders."""

    path: str
    state: State | Literal["by-hand"]
    problems: tuple[Problem, ...] = ()
    difference: str = ""


class RenderReport(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/render/1`: pass when every file is as rendered, or keeps its promises by hand."""

    schema: str = SCHEMA
    verdict: Verdict
    enforced: bool = True
    scope: dict[str, bool] = {}
    files: tuple[FileReport, ...]


def survey(project: Project, *, update_pins: bool = False) -> Survey:
    """Render in memory, with the pins that are committed, and read what is there.

    Raises:
        UsageError: There is no table, or something in it does not fit; with file and line.
    """
    if project.tool("lockgate") is None:
        raise UsageError("pyproject.toml: there is no [tool.lockgate] table to render from", "run `lockgate init`")
    root = _repository(project)
    folder = project.root.relative_to(root).as_posix()
    steps = [(step.name, step.kind) for step in plan(project, Selection()).steps]
    lock = project.lock
    committed = lock is not None and lock.is_relative_to(root) and not git.is_ignored(root, lock)
    found = facts(
        project,
        steps,
        folder=_nameable("" if folder == "." else folder),
        lock=lock.relative_to(root).as_posix() if lock is not None and committed else "",
        versioned_by_git=version_from_git(project),
    )
    texts = {name: _read(root, path) for name, path in files.PATHS.items()}
    try:
        rendered = files.render(found, _pins(found, {} if update_pins else texts))
    except Misfit as error:
        text = (project.root / "pyproject.toml").read_text(encoding="utf-8-sig")
        line = line_of(text, ("tool", "lockgate", *error.keys))
        raise UsageError(f"pyproject.toml:{line}: {error.message}", error.hint) from None
    return Survey(root=root, facts=found, files=rendered, texts=texts)


def _repository(project: Project) -> Path:
    """The folder that holds `.github/`: as the table says, else the top of git's working tree, else the package's."""
    asked = project.config.workflows.root
    root = (project.root / asked).resolve() if asked is not None else git.top(project.root) or project.root
    if not project.root.is_relative_to(root):
        raise UsageError(
            f"[tool.lockgate.workflows] root = {asked!r} is {root}, which does not hold this package",
            'name the package\'s folder (".") or one above it',
        )
    return root


def _nameable(folder: str) -> str:
    """The package's folder, when GitHub's patterns, a command and an expression can all name it."""
    if folder and re.search(get_args(Folder)[1].pattern, folder) is None:
        raise UsageError(
            f"the workflows cannot name the package's folder {folder!r}",
            "rename it: without wildcards, quotes, #, ! and ${{, and without spaces at its ends",
        )
    return folder


def _pins(found: Facts, texts: Mapping[str, str | None]) -> dict[str, dict[str, pins.Pin]]:
    """Pins for each file: its own committed ones, else those of the other files, else the shipped, else the table's."""
    more = (found.additions.quality_gate, found.additions.security_scan, found.additions.publish)
    base = {**table_pins(more), **pins.SHIPPED}
    committed = {name: pins.committed(text or "") for name, text in texts.items()}
    shared = {repository: pin for one in committed.values() for repository, pin in one.items()}
    return {name: {**base, **shared, **committed.get(name, {})} for name in files.PATHS}


def _read(root: Path, shown: str) -> str | None:
    path = root / shown
    link = next((one for one in (path, *path.parents[:2]) if one != root and one.is_symlink()), None)
    if link is not None:
        raise UsageError(f"{link}: a link, and GitHub follows none", "put the file itself there")
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path}: this is no file", "move it away, then run `lockgate render`")
        if path.exists() and path.stat().st_size > _MOST:
            raise UsageError(
                f"{path}: {path.stat().st_size:,} bytes, which is more than any such file has",
                "move it away, then run `lockgate render`",
            )
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def judge(found: Survey, *, enforced: bool = True) -> RenderReport:
    """Compare every file; those written by hand are held to their promises."""
    table = found.facts.digest()
    reports = [_judge(file, found, table) for file in found.files]
    if not (found.root / NESTED / "uv.lock").is_file():
        missing = Problem(
            tool="lockgate",
            rule="nested-lock",
            message="there is no lock of lockgate itself: the workflows could not start",
            path=f"{NESTED}/uv.lock",
            help="lockgate init",
        )
        reports.append(FileReport(f"{NESTED}/uv.lock", "missing", (missing,)))
    passed = not any(problem.severity == "error" for one in reports for problem in one.problems)
    return RenderReport(verdict="pass" if passed else "fail", enforced=enforced, files=tuple(reports))


def _judge(file: File, found: Survey, table: str) -> FileReport:
    text = found.texts[file.name]
    if not files.managed(found.facts, file.name):
        return FileReport(file.path, "by-hand", tuple(_promises(file, text)))
    state = drift(file, text, table)
    problems = [*_pin_problems(file.path, text or "")]
    if state.state == "previous-format":
        problems += _promises(file, text)
        problems.append(_problem(file.path, "format", "rendered in the format before this one", severity="note"))
    elif state.state != "same":
        what = {"changed": "differs from what the table renders", "missing": "is not there"}
        problems.append(_problem(file.path, "drift", what.get(state.state, "was not written by lockgate")))
    return FileReport(file.path, state.state, tuple(problems), state.difference)


def _utf8(text: str) -> str:
    """What is not UTF-8 in a file as escapes: a JSON document cannot carry it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _problem(
    path: str, rule: str, message: str, line: int | None = None, *, severity: Literal["error", "note"] = "error"
) -> Problem:
    remedy = {"drift": "lockgate render", "format": "lockgate render", "pin": "lockgate render --update-pins"}
    return Problem(
        tool="lockgate",
        rule=rule,
        severity=severity,
        message=_utf8(message),
        path=path,
        line=line,
        help=remedy.get(rule),
    )


def _pin_problems(path: str, text: str) -> Iterable[Problem]:
    for one in pins.used(text):
        wrong = pins.problem(one)
        if wrong is not None:
            yield _problem(path, "pin", wrong, one.line)


def _promises(file: File, text: str | None) -> Iterable[Problem]:
    """What a file that lockgate does not write must still keep."""
    from lockgate.ports.yamlfile import line_at, read_yaml  # needed only here
    from lockgate.workflows.promises import broken

    if text is None:
        yield _problem(file.path, "promise", "is not there, though the table says that it is written by hand")
        return
    if file.document is None:
        return
    if (wrong := re.search("[\ud800-\udfff]", text)) is not None:
        yield _problem(file.path, "promise", "not UTF-8", text.count("\n", 0, wrong.start()) + 1)
        return
    try:
        actual = read_yaml(text, file.path)
    except UsageError as error:
        said = re.fullmatch(rf"{re.escape(file.path)}(?::(\d+))?: (.*)", error.message, re.DOTALL)
        line, message = (said[1], said[2]) if said else (None, error.message)
        yield _problem(file.path, "promise", message, int(line) if line else None)
        return
    if "jobs" not in file.document:
        if not isinstance(actual, Mapping) or not actual.get("updates"):
            yield _problem(file.path, "promise", "updates nothing")
        return
    for one in broken(actual, file.document, text):
        yield _problem(file.path, "promise", one.message, one.line or line_at(actual, one.place))


def write(found: Survey, *, overwrite: bool) -> list[tuple[str, str]]:
    """Write the managed files; returns path and what became of it.

    Raises:
        UsageError: A file that lockgate did not write stands in the way (then nothing is written), or writing fails.
    """
    table = found.facts.digest()
    states = {file.name: drift(file, found.texts[file.name], table).state for file in found.managed()}
    foreign = [file.path for file in found.managed() if states[file.name] == "foreign"]
    if foreign and not overwrite:
        raise UsageError(
            f"{', '.join(foreign)}: not written by lockgate, and not overwritten",
            "move it away, keep it by hand with `managed = false` in its table, or give --overwrite",
        )
    done = []
    for file in found.managed():
        if states[file.name] != "same":
            try:
                write_atomic(found.root / file.path, file.text.encode("utf-8"))
            except OSError as error:
                raise UsageError(f"{file.path}: {error.strerror or error}") from error
        done.append((file.path, "unchanged" if states[file.name] == "same" else "written"))
    return done


def show(report: RenderReport, console: Console, format_: str) -> None:
    """Print the report; in GitHub Actions the problems become annotations."""
    if format_ == "json":
        console.document(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
        return
    for file in report.files:
        console.result(printable(file.difference))
    for problem in (problem for file in report.files for problem in file.problems):
        remedy = f"  → {problem.help}" if problem.help else ""
        console.say(
            f"lockgate: {problem.where()}: {printable(problem.message)}{remedy}",
            "fail" if problem.severity == "error" else "",
        )
    if os.environ.get("GITHUB_ACTIONS") == "true":
        console.document("".join(annotation("render", one) + "\n" for file in report.files for one in file.problems))
    count = sum(file.state in {"same", "previous-format", "by-hand"} for file in report.files)
    console.say(
        f"lockgate: {report.verdict}: {count} of {len(report.files)} files are as they should be", report.verdict
    )
