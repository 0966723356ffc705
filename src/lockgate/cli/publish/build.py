"""`lockgate publish build`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lockgate.cli.publish import release


@click.command("build", short_help="Build once, prove, promote.")
@release
@click.option(
    "--wheels",
    "--wheel",
    "wheels",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    metavar="PATH",
    help="A wheel that was built elsewhere, or a folder of them.",
)
def command(**given: Any) -> int:  # noqa: ANN401  (the fields of Wishes)
    """Build VERSION from exactly its commit, in a locked environment, twice; prove the files and promote them.

    A second run keeps the promoted bytes: what is released is never rebuilt. Wheels for platforms are made elsewhere
    and given with --wheels or --wheel; they are checked like the others.

    \b
    Examples:
      lockgate publish build 1.2.0
      lockgate publish build 1.2.0 --wheels wheelhouse    with platform wheels
      lockgate publish build 1.2.0 --format json
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import publish_build  # --help needs none of it
    from lockgate.flows.publishing import console_of, wishes_of

    return publish_build.build(wishes_of(given), console_of(given))
