"""`lockgate init`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options


@click.command("init", short_help="Write the [tool.lockgate] table.")
@options.directory
@options.no_color
@click.option("--dry-run", is_flag=True, help="Show the difference and write nothing.")
def command(directory: Path, *, no_color: bool, dry_run: bool) -> int:
    """Read the package, write its [tool.lockgate] table and extend .gitignore. Running it twice changes nothing.

    \b
    Examples:
      lockgate init --dry-run
      lockgate init && lockgate gate
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import init  # --help needs none of it
    from lockgate.ports.console import Console
    from lockgate.ports.pyproject import read_project

    console = Console(no_color=no_color)
    project = read_project(directory)
    planned = init.changes(project)
    for change in planned:
        console.result(change.diff(project.root))
    if not planned:
        console.say("lockgate: nothing to do: the table and .gitignore are in place")
    elif dry_run:
        console.say("lockgate: nothing was written; run `lockgate init` to do it")
    else:
        init.apply(planned)
        console.say("lockgate: written; next: `lockgate doctor`, then `lockgate gate`")
    return 0
