"""`types`: the type checker that the project has."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from lockgate.gate import declared
from lockgate.gate.outcome import Context, Outcome, ended_early, unknown
from lockgate.model.gate import Check
from lockgate.model.problem import Problem, Severity
from lockgate.model.project import Project
from lockgate.ports.process import Finished

_TIMEOUT = 1200.0
_MYPY_LINE = re.compile(
    # Without a line when the whole file is at fault, e.g. found twice under different names.
    r"^(?P<path>[^:\n]+?)(?::(?P<line>\d+)(?::(?P<column>\d+))?|(?<=\.py)|(?<=\.pyi)): "
    r"(?P<severity>error|note): (?P<message>.*?)(?:  \[(?P<rule>[a-z0-9-]+)\])?$"
)
_MYPY_PROOF = re.compile(
    r"^Success: no issues found in (\d+) source files?$|\(checked (\d+) source files?\)$", re.MULTILINE
)

Read = Callable[[Context, Finished], tuple[tuple[Problem, ...], int]]


def types(context: Context) -> Outcome:
    """Run the project's checker; a pass needs its own word that it looked at files."""
    checker = declared.type_checker(context.project)
    if checker is None:
        return unknown("types", 'no type checker: `uv add --dev mypy` (or ty, pyright), or take "types" out of checks')
    binary = context.environment.tool(checker)
    if binary is None:
        return unknown("types", f"{checker} is not in the project's environment; add it: `uv add --dev {checker}`")
    command, read = _CHECKERS[checker]
    done = context.run(
        command(binary, context),
        split=True,
        timeout=_TIMEOUT,
        extra={"MYPY_CACHE_DIR": str(context.memory / "mypy")},
    )
    early = ended_early("types", done, checker, _TIMEOUT)
    if early is not None:
        return early
    try:
        problems, files = read(context, done)
    except msgspec.DecodeError:
        problems, files = (), 0
    errors = any(problem.severity == "error" for problem in problems)
    said = f"{done.output}\n{done.error}".strip()
    if (errors and done.code != 0) or (problems and done.code == 1):
        # ty refuses warnings too.
        reason = None if errors else f"{checker} ended with exit 1 over warnings"
        return Outcome(check=Check(name="types", status="fail", reason=reason, problems=problems), output=said)
    if done.code == 0 and files > 0 and not errors:
        return Outcome(check=Check(name="types", status="pass", problems=problems), output=said)
    if done.code == 0 and files == 0:
        return unknown("types", f"{checker} looked at no file: name them with [tool.lockgate.types] paths", said)
    lines = [line for line in said.splitlines() if line.strip()]
    return unknown("types", f"{checker} failed (exit {done.code}): {lines[-1] if lines else 'no message'}", said)


def targets(project: Project) -> tuple[str, ...]:
    """What to check when neither the table nor the checker's configuration says: the package's own source."""
    if project.config.types.paths:
        return project.config.types.paths
    if (project.root / "src").is_dir():
        return ("src",)
    name = project.name.replace("-", "_").replace(".", "_")
    for candidate in (name, name.lower(), f"{name}.py", f"{name.lower()}.py"):
        if (project.root / candidate).exists():
            return (candidate,)
    return (".",)


def _mypy_command(binary: Path, context: Context) -> tuple[str | Path, ...]:
    configured = {"files", "packages", "modules", "mypy_path"} & set(context.project.tool("mypy") or {})
    own = configured - {"mypy_path"} or _names_files(context.project)
    where = () if own and not context.project.config.types.paths else ("--", *targets(context.project))
    flags = ("--show-column-numbers", "--show-error-codes", "--no-pretty", "--no-color-output", "--hide-error-context")
    return (binary, *flags, "--error-summary", *where)


def _names_files(project: Project) -> bool:
    """Whether an ini file tells mypy what to check."""
    texts = [project.setup_cfg]
    names = sorted({"mypy.ini", ".mypy.ini"} & project.files)
    texts += [(project.root / name).read_text(encoding="utf-8", errors="replace") for name in names]
    sections = (re.search(r"^\[mypy\]$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL) for text in texts)
    return any(
        section and re.search(r"^(files|packages|modules)\s*=", section[1], re.MULTILINE) for section in sections
    )


def _read_mypy(context: Context, done: Finished) -> tuple[tuple[Problem, ...], int]:
    problems = tuple(
        Problem(
            tool="mypy",
            rule=match["rule"],
            severity="error" if match["severity"] == "error" else "note",
            message=match["message"],
            path=context.relative(match["path"]),
            line=int(match["line"]) if match["line"] else None,
            column=int(match["column"]) if match["column"] else None,
        )
        for match in map(_MYPY_LINE.match, done.output.splitlines())
        # A crash of mypy's is no problem of the project's.
        if match and not match["message"].startswith("INTERNAL ERROR")
    )
    proof = _MYPY_PROOF.search(done.output)
    return problems, int(proof[1] or proof[2]) if proof else 0


class _Position(msgspec.Struct):
    line: int
    column: int


class _Positions(msgspec.Struct):
    begin: _Position


class _Location(msgspec.Struct):
    path: str
    positions: _Positions


class _TyDiagnostic(msgspec.Struct):
    check_name: str
    description: str
    location: _Location
    severity: str = "major"


def _ty_command(binary: Path, context: Context) -> tuple[str | Path, ...]:
    table = context.project.tool("ty") or {}
    own = bool(table.get("src")) or "ty.toml" in context.project.files
    where = () if own and not context.project.config.types.paths else targets(context.project)
    python = ("--python", context.environment.folder)
    return (binary, "check", "--output-format", "gitlab", *python, *where)


def _read_ty(context: Context, done: Finished) -> tuple[tuple[Problem, ...], int]:
    found = msgspec.json.decode(done.output, type=list[_TyDiagnostic])
    problems = tuple(
        Problem(
            tool="ty",
            rule=one.check_name,
            severity=_SEVERITIES.get(one.severity, "error"),
            message=one.description.removeprefix(f"{one.check_name}: "),
            path=context.relative(one.location.path),
            line=one.location.positions.begin.line,
            column=one.location.positions.begin.column,
        )
        for one in found
    )
    # ty tells how many files it saw only when it saw none.
    return problems, 0 if "no python files found" in done.error.lower() else 1


_SEVERITIES: dict[str, Severity] = {"info": "note", "minor": "warning", "warning": "warning", "information": "note"}


class _Start(msgspec.Struct):
    line: int
    character: int


class _Range(msgspec.Struct):
    start: _Start


class _PyrightDiagnostic(msgspec.Struct):
    file: str
    message: str
    severity: str
    rule: str | None = None
    range: _Range | None = None


class _PyrightSummary(msgspec.Struct, rename="camel"):
    files_analyzed: int


class _PyrightReport(msgspec.Struct, rename="camel"):
    general_diagnostics: list[_PyrightDiagnostic]
    summary: _PyrightSummary


def _pyright_command(binary: Path, context: Context) -> tuple[str | Path, ...]:
    table = context.project.tool("pyright") or {}
    own = "include" in table or "pyrightconfig.json" in context.project.files
    where = () if own and not context.project.config.types.paths else targets(context.project)
    return (binary, "--outputjson", "--pythonpath", context.environment.python, *where)


def _read_pyright(context: Context, done: Finished) -> tuple[tuple[Problem, ...], int]:
    report = msgspec.json.decode(done.output, type=_PyrightReport)
    problems = tuple(
        Problem(
            tool="pyright",
            rule=one.rule,
            severity=_SEVERITIES.get(one.severity, "error"),
            message=one.message,
            path=context.relative(one.file),
            line=one.range.start.line + 1 if one.range else None,
            column=one.range.start.character + 1 if one.range else None,
        )
        for one in report.general_diagnostics
    )
    return problems, report.summary.files_analyzed


_CHECKERS: dict[str, tuple[Callable[[Path, Context], tuple[str | Path, ...]], Read]] = {
    "mypy": (_mypy_command, _read_mypy),
    "ty": (_ty_command, _read_ty),
    "pyright": (_pyright_command, _read_pyright),
}
