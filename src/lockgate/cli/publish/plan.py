"""`lockgate publish plan`."""

from __future__ import annotations

from typing import Any

import click

from lockgate.cli.publish import release


@click.command("plan", short_help="See whether it can be released.")
@release
@click.option("--no-run", is_flag=True, help="Run neither gate nor scan here: without check runs they are unknown.")
def command(**given: Any) -> int:  # noqa: ANN401  (the fields of Wishes)
    """See whether VERSION can be released: every prerequisite at once, before anything is built.

    Gate and scan run here on a clean tree; in GitHub Actions they are proved by this commit's check runs instead.
    What cannot be found out is `confirm`, until somebody stands for it with --confirm NAME.

    \b
    Examples:
      lockgate publish plan 1.2.0
      lockgate publish plan 1.2.0 --confirm publisher     the trusted publisher is set up
      lockgate publish plan 1.2.0 --no-run                without gate and scan: unknown, never pass
      lockgate publish plan 1.2.0 --format json
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import publish_plan  # --help needs none of it
    from lockgate.flows.publishing import console_of, wishes_of

    return publish_plan.plan(wishes_of(given), console_of(given))
