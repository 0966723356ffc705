"""`lockgate publish verify`."""

from __future__ import annotations

from typing import Any

import click

from lockgate.cli.publish import release


@click.command("verify", short_help="Look at the release as a user does.")
@release
def command(**given: Any) -> int:  # noqa: ANN401  (the fields of Wishes)
    """Find, fetch, compare and install the release from the index, as a user would.

    \b
    Examples:
      lockgate publish verify 1.2.0
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import publish_verify  # --help needs none of it
    from lockgate.flows.publishing import console_of, wishes_of

    return publish_verify.verify(wishes_of(given), console_of(given))
