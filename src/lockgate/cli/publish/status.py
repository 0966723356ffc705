"""`lockgate publish status`."""

from __future__ import annotations

from typing import Any

import click

from lockgate.cli.publish import release


@click.command("status", short_help="Tell where a release stands.")
@release
def command(**given: Any) -> int:  # noqa: ANN401  (the fields of Wishes)
    """Tell where the release of VERSION stands, and the one next command.

    \b
    Examples:
      lockgate publish status 1.2.0
      lockgate publish status 1.2.0 --format json
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import publish_status  # --help needs none of it
    from lockgate.flows.publishing import console_of, wishes_of

    return publish_status.status(wishes_of(given), console_of(given))
