"""`lockgate protect plan|apply|check`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lockgate.cli import options

if TYPE_CHECKING:
    from lockgate.ports.console import Console

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group("protect", short_help="Repository rules as code.")
def command() -> None:
    """Keep the repository's rules as the table says: branch protection, release environment, security settings.

    The token comes from GH_TOKEN, GITHUB_TOKEN, `gh auth token`, or is made for a GitHub App: LOCKGATE_APP_ID and
    LOCKGATE_APP_KEY. What it may not see is unknown (exit 3), and the missing permission is named.

    \b
    Examples:
      lockgate protect plan --out plan.json    what differs, and why it matters; writes nothing on GitHub
      lockgate protect apply plan.json         exactly that, unless the repository has changed since
      lockgate protect check                   the gate for drift: exit 0, 1 or 3
    """  # noqa: D301  (click keeps the lines behind its mark)


def _common(function: _Command) -> _Command:
    format_ = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text",
                           help="Of standard output.")  # fmt: skip
    quiet = click.option("--quiet", "-q", is_flag=True, help="Only what differs, and the verdict.")
    verbose = click.option("--verbose", "-v", is_flag=True, help="Also what is as it should be.")
    return options.directory(options.no_color(format_(quiet(verbose(function)))))


def _console(*, no_color: bool, quiet: bool, verbose: bool) -> Console:
    from lockgate.ports.console import Console  # --help needs none of it

    return Console(no_color=no_color, quiet=quiet, verbose=verbose)


@command.command("plan", short_help="Show what apply would change; write nothing.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Save the plan.")
@click.option("--replay", type=click.IntRange(1, 1000), is_flag=False, flag_value=50, metavar="N",
              help="Also say which of the last N merges (50) the rules would have blocked.")  # fmt: skip
@_common
def plan(
    directory: Path,
    *,
    out: Path | None,
    replay: int | None,
    format_: str,
    no_color: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Compare the table with what GitHub has, both ways, and say why each line matters. Only reads.

    Traps are rules that are right one by one, and together lock somebody out or protect nothing: they are told, too.

    Exit codes: 0 nothing to do, 1 there are changes (or rules that would lock everybody out), 3 not all could be seen.

    \b
    Examples:
      lockgate protect plan
      lockgate protect plan --out plan.json    for `lockgate protect apply plan.json`
      lockgate protect plan --replay 50        what the rules would have blocked
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import protect

    wishes = protect.Wishes(folder=directory, format_=format_, out=out, replay=replay or 0)
    return protect.plan(wishes, _console(no_color=no_color, quiet=quiet, verbose=verbose))


@command.command("check", short_help="The gate for drift; write nothing.")
@_common
def check(directory: Path, *, format_: str, no_color: bool, quiet: bool, verbose: bool) -> int:
    """Fail when the repository's rules are not what the table says. Only reads.

    Exit codes: 0 as it should be, 1 drifted, 3 not all could be seen; 0 in the phases observe and off.

    \b
    Examples:
      lockgate protect check
      lockgate protect check --format json
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import protect

    wishes = protect.Wishes(folder=directory, format_=format_)
    return protect.check(wishes, _console(no_color=no_color, quiet=quiet, verbose=verbose))


@command.command("apply", short_help="Make the repository's rules what the table says.")
@click.argument("plan_file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path),
                metavar="[PLAN]")  # fmt: skip
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@_common
def apply(
    directory: Path, *, plan_file: Path | None, yes: bool, format_: str, no_color: bool, quiet: bool, verbose: bool
) -> int:
    """Apply a saved plan, or plan, show and ask; then read everything again to prove it.

    A saved plan is refused (exit 1) when the repository or the table has changed since. No call leaves the branch
    less protected than before; when one fails, what was and what was not applied is told, and a second apply finishes.

    Exit codes: 0 done, 1 refused by lockgate, 3 it cannot be told whether all is done, 4 GitHub refused a call.

    \b
    Examples:
      lockgate protect apply plan.json
      lockgate protect apply --yes
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import protect

    wishes = protect.Wishes(folder=directory, format_=format_, plan_file=plan_file, yes=yes)
    return protect.apply(wishes, _console(no_color=no_color, quiet=quiet, verbose=verbose))
