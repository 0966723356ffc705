"""`lint` and `format`: ruff, without ever changing a file, and `--fix`, which does."""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from lockgate.gate.outcome import Context, Outcome, ended_early, unknown
from lockgate.model.gate import Check
from lockgate.model.problem import Problem
from lockgate.ports.process import Finished

_TIMEOUT = 300.0
_NOTHING = "No Python files found"
_ONLY_LOOK = ("--no-fix", "--no-fix-only")  # the second outweighs a configured `fix-only`, which reports nothing
_OUR_STATE = ("--extend-exclude", ".lockgate")
_PARSE_ERROR = re.compile(
    r"^error: Failed to (?:parse|read|format) (?P<path>.+?)(?::(?P<line>\d+):(?P<column>\d+))?: (?P<message>.+)$"
)


class _Place(msgspec.Struct):
    row: int
    column: int


class _Fix(msgspec.Struct):
    message: str | None = None
    applicability: str = "safe"


class _Diagnostic(msgspec.Struct):
    filename: str
    message: str
    code: str | None = None
    location: _Place | None = None
    fix: _Fix | None = None
    url: str | None = None


def lint(context: Context) -> Outcome:
    """Ruff's rules as the project configures them."""
    ruff = context.environment.tool("ruff")
    if ruff is None:
        return unknown("lint", "ruff is not in the project's environment; add it: `uv add --dev ruff`")
    paths = context.project.config.lint.paths
    done = context.run(
        # Its cache knows a file by its time stamp alone.
        (ruff, "check", *_ONLY_LOOK, "--no-cache", "--output-format", "json", *_OUR_STATE, "--", *paths),
        split=True,
        timeout=_TIMEOUT,
    )
    early = ended_early("lint", done, "ruff check", _TIMEOUT)
    if early is not None:
        return early
    try:
        diagnostics = msgspec.json.decode(done.output, type=list[_Diagnostic])
    except msgspec.DecodeError:
        return _broken("lint", "ruff check", done)
    if _NOTHING in done.error or done.code not in (0, 1) or bool(diagnostics) != (done.code == 1):
        return _broken("lint", "ruff check", done)
    problems = tuple(_problem(context, diagnostic) for diagnostic in diagnostics)
    return Outcome(
        check=Check(name="lint", status="fail" if problems else "pass", problems=problems), output=done.error
    )


def format_(context: Context) -> Outcome:
    """Ruff's formatter: the difference to what it would write."""
    ruff = context.environment.tool("ruff")
    if ruff is None:
        return unknown("format", "ruff is not in the project's environment; add it: `uv add --dev ruff`")
    command = (ruff, "format", "--diff", "--no-cache")
    paths = ("--", *context.project.config.format.paths)
    done = context.run((*command, *_OUR_STATE, *paths), split=True, timeout=_TIMEOUT)
    if done.code == 2 and "unexpected argument '--extend-exclude'" in done.error:  # noqa: PLR2004  (older ruff)
        done = context.run((*command, *paths), split=True, timeout=_TIMEOUT)
    early = ended_early("format", done, "ruff format", _TIMEOUT)
    if early is not None:
        return early
    problems = (*_unreadable(context, done.error), *_differences(context, done.output))
    if _NOTHING in done.error or (not problems and done.code != 0) or (problems and done.code == 0):
        return _broken("format", "ruff format", done)
    return Outcome(
        check=Check(name="format", status="fail" if problems else "pass", problems=problems), output=done.output
    )


def fix(context: Context, kinds: Collection[str]) -> None:
    """Apply ruff's safe fixes (`lint`) and formatting (`format`); what cannot be mended the checks will say."""
    ruff = context.environment.tool("ruff")
    if ruff is None:
        return
    config = context.project.config
    if "lint" in kinds:
        flags = ("--fix", "--no-fix-only", "--exit-zero", "--quiet", "--no-cache", *_OUR_STATE)
        context.run((ruff, "check", *flags, "--", *config.lint.paths), timeout=_TIMEOUT)
    if "format" in kinds:
        context.run(
            (ruff, "format", "--quiet", "--no-cache", *_OUR_STATE, "--", *config.format.paths), timeout=_TIMEOUT
        )


def _problem(context: Context, diagnostic: _Diagnostic) -> Problem:
    path = context.relative(diagnostic.filename)
    helps = [diagnostic.fix.message] if diagnostic.fix and diagnostic.fix.message else []
    is_safe = diagnostic.fix is not None and diagnostic.fix.applicability == "safe"
    helps += [f"`lockgate gate lint --fix{context.again}` can do it"] if is_safe else []
    return Problem(
        tool="ruff",
        rule=diagnostic.code,
        message=diagnostic.message,
        path=path,
        line=diagnostic.location.row if diagnostic.location else None,
        column=diagnostic.location.column if diagnostic.location else None,
        help="; ".join(helps) or diagnostic.url,
    )


def _unreadable(context: Context, error_output: str) -> list[Problem]:
    """Files that ruff could not format because it could not read them."""
    matches = (_PARSE_ERROR.match(line) for line in error_output.splitlines())
    return [
        Problem(
            tool="ruff",
            rule="unreadable",
            message=match["message"],
            path=context.relative(match["path"]),
            line=int(match["line"]) if match["line"] else None,
            column=int(match["column"]) if match["column"] else None,
        )
        for match in matches
        if match
    ]


def _differences(context: Context, output: str) -> list[Problem]:
    """One problem per file of a unified diff."""
    problems = []
    for part in re.split(r"^(?=--- )", output, flags=re.MULTILINE):
        header = re.match(r"--- (?P<path>.+)\n\+\+\+ .+\n@@ -(?P<line>\d+)", part)
        if header is not None:
            hunk = re.search(r"^@@ -(\d+)[^\n]*\n(?P<body>(?:[ +\-].*\n?)+)", part, re.MULTILINE)
            problems.append(
                Problem(
                    tool="ruff",
                    rule="format",
                    message="is not formatted",
                    path=context.relative(header["path"].split(":cell")[0]),
                    line=_first_changed(hunk) if hunk else int(header["line"]),
                    help=f"`lockgate gate format --fix{context.again}` formats it",
                    excerpt=part.rstrip(),
                )
            )
    return problems


def _first_changed(hunk: re.Match[str]) -> int:
    """The line of the first change in a hunk, counted in the file as it is."""
    line = int(hunk[1])
    for text in hunk["body"].splitlines():
        if text[:1] != " ":
            break
        line += 1
    return max(line, 1)


def _broken(name: str, tool: str, done: Finished) -> Outcome:
    """Ruff gave no answer: its exit code and its output do not fit, or it saw no file."""
    if _NOTHING in done.error:
        return unknown(
            name, f"{tool} found no Python file to look at: check `exclude` and [tool.lockgate.{name}] paths"
        )
    lines = [line for line in done.error.splitlines() if line.strip()]
    return unknown(name, f"{tool} failed (exit {done.code}): {lines[0] if lines else 'no message'}", "\n".join(lines))
