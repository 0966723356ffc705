"""`lockgate publish upload`."""

from __future__ import annotations

from typing import Any

import click

from lockgate.cli.publish import release


@click.command("upload", short_help="Send the promoted bytes to the index.")
@release
def command(**given: Any) -> int:  # noqa: ANN401  (the fields of Wishes)
    """Send the promoted files to the index by trusted publishing; no credential is stored anywhere.

    \b
    Examples:
      lockgate publish upload 1.2.0
      lockgate publish upload 1.2.0 --dry-run             up to the first byte; no token is made
      lockgate publish upload 1.2.0 --index loopback      a rehearsal on this machine
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import publish_upload  # --help needs none of it
    from lockgate.flows.publishing import console_of, wishes_of

    return publish_upload.upload(wishes_of(given), console_of(given))
