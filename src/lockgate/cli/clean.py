"""`lockgate clean`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options


@click.command("clean", short_help="Remove what lockgate keeps in this checkout.")
@options.directory
@click.option("--results", "results_only", is_flag=True, help="Only the cached results; environments stay.")
def command(directory: Path, *, results_only: bool) -> int:
    """Remove lockgate's environments, caches and results of this package; releases stay, and nothing else is touched.

    \b
    Examples:
      lockgate clean
      lockgate clean --results
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows.clean import clean  # --help needs none of it
    from lockgate.ports.console import Console

    freed = clean(directory.resolve(), results_only=results_only)
    Console().say(f"lockgate: removed {freed / 1e6:.1f} MB")
    return 0
