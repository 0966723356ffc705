"""The commands as click knows them; a push that is written plainly needs none of it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click

from lockgate import __version__
from lockgate.cli.lazy import Lazy

# Command → what it does; the module of the same name is imported only when it is called.
COMMANDS = {
    "gate": "Run the quality gate: lint, format, types, tests on every Python, coverage.",
    "scan": "Run the security scan: dependencies, code, secrets, supply chain, workflows.",
    "push": "Land commits on a remote branch: rebased, race-free, exactly once.",
    "publish": "Release a version: a ledger of proved steps that can be resumed.",
    "protect": "Keep the rules of the repository on GitHub as the table says.",
    "init": "Set a package up: the table, the workflows, lockgate's own lock.",
    "render": "Write the workflows, dependabot.yml and CODEOWNERS from the table.",
    "why": "Tell which setting and which reason produced a rendered line.",
    "doctor": "Show what is installed, what is missing, and how to mend it.",
    "clean": "Remove what lockgate keeps in this checkout.",
    "schema": "Print a JSON Schema: of the configuration or of a report.",
    "completion": "Print the shell completion script.",
}


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


def called(arguments: list[str]) -> int:
    """Parse the command line and run its command; returns the exit code."""
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
    except _ReaderGoneError:
        raise BrokenPipeError from None
    return result if isinstance(result, int) else 0
