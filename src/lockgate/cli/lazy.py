"""Groups of commands that import only the one that is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click


class Lazy(click.Group):
    """A group that knows its commands' names.

    Args:
        package: Where a command's module of the same name is.
        table: Command → what it does.
        attributes: Those of any group.
    """

    def __init__(self, *, package: str, table: Mapping[str, str], **attributes: object) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]
        self._package = package
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Their names, in the table's order."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now."""
        if cmd_name not in self._table:
            return None
        command: click.Command = importlib.import_module(f"{self._package}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """From the table: no module is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._table.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the nearest one."""
        # While the shell completes, nobody wants to be told of a mistake.
        if args and not ctx.resilient_parsing and not args[0].startswith("-") and args[0] not in self._table:
            from lockgate.model.decode import suggest

            raise click.UsageError(f"no command {args[0]!r}: {suggest(args[0], self._table)}")
        return super().resolve_command(ctx, args)
