"""`lockgate publish`: one file per subcommand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lockgate.cli import options
from lockgate.cli.lazy import Lazy

COMMANDS = {
    "plan": "See whether it can be released: every prerequisite, before anything is built.",
    "build": "Build once, twice over, prove the files, and promote their bytes.",
    "upload": "Send the promoted bytes to the index, without any stored credential.",
    "verify": "Look at the release as a user does: from the index.",
    "resume": "Continue after any failure, with the identical bytes.",
    "status": "Tell where a release stands, and the one next command.",
}
_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(
    "publish",
    cls=Lazy,
    package="lockgate.cli.publish",
    table=COMMANDS,
    short_help="Release a version, as a ledger of proved steps.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def command() -> None:
    """Release a version: everything that can fail is proved before the first byte goes out.

    An index has no undo. So the files are built once and promoted; after any failure the same bytes go on, and the
    tag and the GitHub release come last.

    \b
    Examples:
      lockgate publish plan 1.2.0       every prerequisite, all at once
      lockgate publish build 1.2.0      the files, proved, in .lockgate/release/1.2.0/dist
      lockgate publish status 1.2.0     where it stands, and what comes next
    """  # noqa: D301  (click keeps the lines behind its mark)


def release(function: _Command) -> _Command:
    """What every subcommand takes; it arrives as the fields of `flows.publishing.Wishes`."""
    takes = (
        click.argument("version"),
        click.option(
            "--ledger",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Where the release is kept.  [default: .lockgate/release/VERSION]",
        ),
        click.option(
            "--index",
            default=None,
            metavar="URL|pypi|testpypi|loopback",
            help="Where to.  [default: the ledger's, else pypi]",
        ),
        click.option("--confirm", multiple=True, metavar="NAME", help="Stand for what cannot be found out."),
        click.option("--dry-run", "-n", is_flag=True, help="Everything up to the first irreversible byte."),
        click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Of the output."),
        click.option("--quiet", "-q", is_flag=True, help="Only what is not in order, and the verdict."),
        options.common,
    )
    for take in reversed(takes):
        function = take(function)
    return function


wait = click.option("--wait", metavar="DURATION", help="How long the index may lag behind.  [default: 10m]")
