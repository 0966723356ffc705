"""`lockgate gate`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options
from lockgate.report import FORMATS


@click.command("gate", short_help="Run the quality gate.")
@click.argument("checks", nargs=-1, metavar="[CHECK]... [-- PYTEST_ARGS]...", shell_complete=options.complete_checks)
@options.common
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="X.Y",
    help="Only the test cell of this Python (repeatable).",
)
@click.option("--list", "list_", is_flag=True, help="Show the checks and where they run, and run nothing.")
@click.option("--fix", is_flag=True, help="Let ruff fix and format first.")
@click.option("--fresh", is_flag=True, help="Use no cached result.")
@click.option("--keep-going", "-k", is_flag=True, help="Do not stop at the first failure.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    metavar="N",
    help="Commands at a time.  [default: one per core]",
)
@click.option("--offline", is_flag=True, help="Download nothing.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="text", help="Of standard output.")
@click.option(
    "--report",
    "report_dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the report in every format, and the coverage data, to DIR.",
)
@click.option(
    "--cells",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Run no tests: take the cells from the reports of other machines below DIR, and combine their coverage.",
)
@click.option("--quiet", "-q", is_flag=True, help="Only problems and the verdict.")
@click.option("--verbose", "-v", is_flag=True, help="Every check's own output too.")
@click.pass_context
def command(  # noqa: PLR0913  (one parameter per option)
    context: click.Context,
    checks: tuple[str, ...],
    directory: Path,
    config_file: Path | None,
    *,
    no_color: bool,
    pythons: tuple[str, ...],
    list_: bool,
    fix: bool,
    fresh: bool,
    keep_going: bool,
    jobs: int | None,
    offline: bool,
    format_: str,
    report_dir: Path | None,
    cells: Path | None,
    quiet: bool,
    verbose: bool,
) -> int:
    """Run lint, format, types, the tests on every supported Python, and combined coverage.

    Without CHECK all of them run; `lockgate gate --list` shows their names. What follows -- goes to pytest.
    A result whose inputs have not changed is not computed again and shows as cached.

    \b
    Examples:
      lockgate gate                         everything
      lockgate gate lint format --fix       mend what ruff can mend, then check it
      lockgate gate test-3.8                one cell
      lockgate gate --python 3.12           everything, but tests on 3.12 only
      lockgate gate test-3.12 -- -k parser  some tests of one cell
      lockgate gate --keep-going --report out --format json
      lockgate gate coverage --cells out    of cells that ran elsewhere
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows.gate import Wishes, gate  # --help needs none of it
    from lockgate.gate.plan import Selection
    from lockgate.ports.console import Console

    names, pytest_args = split(checks, context)
    wishes = Wishes(
        folder=directory,
        config_file=config_file,
        selection=Selection(names, pythons, pytest_args),
        list_=list_,
        fix=fix,
        fresh=fresh,
        keep_going=keep_going,
        jobs=jobs or 0,
        offline=offline,
        format_=format_,
        report_dir=report_dir,
        cells=cells,
    )
    return gate(wishes, Console(no_color=no_color, quiet=quiet, verbose=verbose))


def split(arguments: tuple[str, ...], context: click.Context) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Check names, and what stood behind `--`: click drops the dashes, so the command line itself is asked."""
    given = context.meta.get("lockgate.arguments", ())
    if "--" not in given:
        return arguments, ()
    behind = tuple(given[given.index("--") + 1 :])
    return arguments[: len(arguments) - len(behind)], behind
