"""`lockgate publish resume`."""

from __future__ import annotations

from typing import Any

import click

from lockgate.cli.publish import release, wait


@click.command("resume", short_help="Continue after any failure.")
@release
@wait
def command(**given: Any) -> int:  # noqa: ANN401  (the fields of Wishes)
    """Continue the release after any failure, with the identical bytes: only what is missing is done.

    From nothing it is the whole release: plan, build, upload, verify, and last of all the tag and the GitHub release,
    which are taken back when they fail half way. What cannot be completed is marked burned: exit 1, with what to do.

    \b
    Examples:
      lockgate publish resume 1.2.0
      lockgate publish resume 1.2.0 --dry-run             up to the first irreversible byte
      lockgate publish resume 1.2.0 --index loopback --confirm publisher    a rehearsal on this machine
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import publish_resume  # --help needs none of it
    from lockgate.flows.publishing import console_of, wishes_of

    return publish_resume.resume(wishes_of(given), console_of(given))
