"""`lockgate publish verify`."""

from __future__ import annotations

from typing import Any

import click

from lockgate.cli.publish import release, wait


@click.command("verify", short_help="Look at the release as a user does.")
@release
@wait
def command(**given: Any) -> int:  # noqa: ANN401  (the fields of Wishes)
    """Find, fetch, compare and install the release from the index, as a user would.

    Every file must hash as the ledger says, name its publisher where a workflow published it, and import in a fresh
    environment of the oldest and the newest Python. An index that lags is waited for; exit 3 when it still does.

    \b
    Examples:
      lockgate publish verify 1.2.0
      lockgate publish verify 1.2.0 --wait 30m
      lockgate publish verify 1.2.0 --format json
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import publish_verify  # --help needs none of it
    from lockgate.flows.publishing import console_of, wishes_of

    return publish_verify.verify(wishes_of(given), console_of(given))
