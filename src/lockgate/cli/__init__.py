"""One file per command: parse, call, print, exit code. No logic."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from lockgate import __version__
from lockgate.cli.lazy import Lazy
from lockgate.model.errors import LockgateError

# Command → what it does; the module of the same name is imported only when it is called.
COMMANDS = {
    "gate": "Run the quality gate: lint, format, types, tests on every Python, coverage.",
    "scan": "Run the security scan: dependencies, code, secrets, supply chain, workflows.",
    "push": "Land commits on a remote branch: rebased, race-free, exactly once.",
    "publish": "Release a version: a ledger of proved steps that can be resumed.",
    "init": "Set a package up: the table, the workflows, lockgate's own lock.",
    "render": "Write the workflows, dependabot.yml and CODEOWNERS from the table.",
    "why": "Tell which setting and which reason produced a rendered line.",
    "doctor": "Show what is installed, what is missing, and how to mend it.",
    "clean": "Remove what lockgate keeps in this checkout.",
    "schema": "Print a JSON Schema: of the configuration or of a report.",
    "completion": "Print the shell completion script.",
}

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class _ReaderGoneError(Exception):
    """A closed pipe, in a form that click does not turn into exit 1: that would say that the gate failed."""


@contextlib.contextmanager
def _past_click() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderGoneError from error


class _App(Lazy):
    """The whole command line; a closed pipe ends it as one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["lockgate.arguments"] = tuple(args)
        with _past_click():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with _past_click():
            return super().invoke(ctx)


@click.group(
    cls=_App,
    package="lockgate.cli",
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 pass, 1 the gate says no, 2 usage, 3 unknown, 4 a remote refused, 70 bug, 130 interrupted.",
)
@click.version_option(__version__, "-V", "--version", message="lockgate %(version)s")
def app() -> None:
    """The whole CI/CD pipeline of a Python package as one tool.

    \b
    Examples:
      lockgate gate                     the whole quality gate
      lockgate gate lint test-3.12      two of its checks
      lockgate gate -- -k parser        only some tests (partial)
      lockgate doctor                   what is installed and how to mend it
    """  # noqa: D301  (click keeps the lines behind its mark)


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code, the same meaning for every command."""
    if sys.platform == "win32":
        sys.stderr.write("lockgate: Windows is not supported yet; Linux and macOS are (WSL works)\n")
        return 3
    try:
        result = app.main(arguments, prog_name="lockgate", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        sys.stderr.write("lockgate: interrupted\n")
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except LockgateError as error:
        return _show(error)
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except _ReaderGoneError:
        raise BrokenPipeError from None
    except Exception as error:  # noqa: BLE001  (a bug: told as one, with a log)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return _out_of_room(error)
        return _crashed(error, arguments)
    return result if isinstance(result, int) else 0


def _show(error: LockgateError) -> int:
    from lockgate.ports.console import Console

    console = Console(no_color="--no-color" in sys.argv)
    console.say(f"lockgate: {error.message}", "fail" if error.exit_code != 130 else "")  # noqa: PLR2004
    if error.hint:
        console.say(f"  → {error.hint}")
    return error.exit_code


def _out_of_room(error: OSError) -> int:
    """A full disk where nobody expected one, mostly behind `lockgate … > file`: no bug."""
    from lockgate.model.errors import UnknownError
    from lockgate.ports.console import forget

    forget(1)
    return _show(UnknownError(f"{error.filename or 'the output'}: {error.strerror}", "free some space"))


def _crashed(error: Exception, arguments: list[str]) -> int:
    """A bug: the traceback goes into a file that can be attached to a report."""
    import platform
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(error))
    head = (
        f"lockgate {__version__}, Python {platform.python_version()}, {platform.platform()}\narguments: {arguments}\n"
    )
    try:
        handle, name = tempfile.mkstemp(prefix="lockgate-crash-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(head + text)
        where = f"the log is {Path(name)}"
    except OSError as reason:
        where = f"no log could be written ({reason.strerror})"
    sys.stderr.write(
        f"lockgate: this is a bug in lockgate: {type(error).__name__}: {error}\n  → {where}; please report it\n"
    )
    return 70
