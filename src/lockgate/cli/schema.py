"""`lockgate schema`."""

from __future__ import annotations

import click

NAMES = ("config", "gate", "scan", "push", "publish", "release", "protect", "protect-plan", "render", "why", "doctor")


@click.command("schema", short_help="Print a JSON Schema.")
@click.argument("name", type=click.Choice(NAMES))
def command(name: str) -> int:
    """Print the JSON Schema (2020-12) of the configuration table or of a JSON document.

    \b
    Examples:
      lockgate schema config     keys of [tool.lockgate]
      lockgate schema gate       the document of `lockgate gate --format json`
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows.schema import schema  # --help needs none of it
    from lockgate.ports.console import Console

    Console().document(schema(name))
    return 0
