"""`lockgate init`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options


@click.command("init", short_help="Set a package up.")
@options.directory
@options.no_color
@click.option("--dry-run", is_flag=True, help="Show the difference and write nothing.")
@click.option(
    "--lockgate",
    "source",
    metavar="SOURCE",
    help="Where CI gets lockgate: a version, a folder, or git+URL@<commit>.  [default: where this one is from]",
)
def command(directory: Path, *, no_color: bool, dry_run: bool, source: str | None) -> int:
    """Read the package; write its [tool.lockgate] table, the workflows and lockgate's own lock; extend .gitignore.

    Workflows that lockgate did not write are left alone, and named. Running it twice changes nothing.

    \b
    Examples:
      lockgate init --dry-run
      lockgate init && lockgate gate
      lockgate init --lockgate git+https://github.com/OWNER/lockgate@COMMIT
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import init  # --help needs none of it
    from lockgate.model.actions import NESTED
    from lockgate.ports.console import Console
    from lockgate.ports.pyproject import read_project

    console = Console(no_color=no_color)
    project = read_project(directory)
    planned = init.set_up(project, source)
    nested = planned.root / NESTED / "pyproject.toml"
    if planned.nested is not None and not nested.exists():
        console.result(init.Change(nested, None, planned.nested).diff(planned.root))
    for change in planned.changes:
        console.result(change.diff(planned.root))
    for path in planned.kept:
        console.say(
            f"lockgate: kept {path}: lockgate did not write it; `lockgate render --overwrite` replaces it, and"
            " `managed = false` in its table keeps it",
            "unknown",
        )
    for what in planned.by_hand:
        console.say(f"lockgate: {what}", "unknown")
    if planned.is_empty:
        console.say("lockgate: nothing to do: everything is in place")
    elif dry_run:
        lock = f" (and {NESTED}/uv.lock, by uv)" if planned.nested is not None else ""
        console.say(f"lockgate: nothing was written; run `lockgate init` to do it{lock}")
    else:
        if planned.nested is not None:
            console.say("lockgate: locking lockgate itself")
        init.apply(planned)
        console.say("lockgate: written")
        console.say(init.next_steps(project, planned.root).rstrip())
    return 0
