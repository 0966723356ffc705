"""The commands as click knows them; a push that is written plainly needs none of it."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator

import click

from lockgate import __version__

# Command → what it does; the module of the same name is imported only when it is called.
COMMANDS = {
    "gate": "Run the quality gate: lint, format, types, tests on every Python, coverage.",
    "scan": "Run the security scan: dependencies, code, secrets, supply chain, workflows.",
    "push": "Land commits on a remote branch: rebased, race-free, exactly once.",
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


class _Lazy(click.Group):
    """A group that knows its commands' names and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lockgate.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["lockgate.arguments"] = tuple(args)
        with _past_click():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with _past_click():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # While the shell completes, nobody wants to be told of a mistake.
        if args and not ctx.resilient_parsing and not args[0].startswith("-") and args[0] not in COMMANDS:
            from lockgate.model.decode import suggest

            raise click.UsageError(f"no command {args[0]!r}: {suggest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Lazy,
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
