"""`lockgate push`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lockgate.cli import options


@click.command("push", short_help="Land commits on a remote branch, race-free.")
@click.option("--branch", "-b", metavar="NAME", help="The remote branch.  [default: the upstream]")
@click.option("--remote", "-r", metavar="NAME", help="The remote, or its address.  [default: the upstream's]")
@click.option("--commit", "-m", "message", metavar="MESSAGE", help="Commit the files of --from with this message.")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Put the files of DIR over the branch; what the branch has besides stays.",
)
@click.option("--wait", metavar="DURATION", help="Give up after this time of lost races.  [default: 10m]")
@click.option("--dry-run", "-n", is_flag=True, help="Show what would land and how conflicts would resolve.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Of standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Only conflicts and the verdict.")
@options.directory
@options.no_color
def command(directory: Path, **wishes: Any) -> int:  # noqa: ANN401  (see Wishes)
    """Land the current branch's own commits on its remote branch, as if rebased; or a folder's files as one commit.

    The history stays linear, nothing is lost, and nothing lands twice, whoever else pushes and whenever this is
    killed. Conflicts in nothing but time stamps resolve themselves; any other is shown, and nothing changes.

    \b
    Examples:
      lockgate push                     the current branch onto its upstream
      lockgate push --dry-run           what would land, and how
      lockgate push --branch reports --commit "Nightly report" --from out
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows.push import Wishes, push  # --help needs none of it

    return push(Wishes(folder=directory, **wishes))
