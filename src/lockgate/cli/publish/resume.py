"""`lockgate publish resume`."""

from __future__ import annotations

from typing import Any

import click

from lockgate.cli.publish import release


@click.command("resume", short_help="Continue after any failure.")
@release
def command(**given: Any) -> int:  # noqa: ANN401  (the fields of Wishes)
    """Continue the release after any failure, with the identical bytes: only what is missing is done.

    \b
    Examples:
      lockgate publish resume 1.2.0
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import publish_resume  # --help needs none of it
    from lockgate.flows.publishing import console_of, wishes_of

    return publish_resume.resume(wishes_of(given), console_of(given))
