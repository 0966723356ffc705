"""`lockgate scan`, and `lockgate scan waive`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options
from lockgate.report.scan import FORMATS


@click.command("scan", short_help="Run the security scan.")
@click.argument("names", nargs=-1, metavar="[SCANNER]... | waive ID")
@options.common
@click.option("--sarif", multiple=True, metavar="codeql=FILE", help="CodeQL's report, which counts like any scanner.")
@click.option("--osv", metavar="URL", help="Ask this vulnerability service.  [default: the table's]")
@click.option(
    "--base", metavar="REV", help="What is not there is new.  [default: where HEAD left the protected branch]"
)
@click.option("--fresh", is_flag=True, help="Use no earlier answer.")
@click.option("--offline", is_flag=True, help="Ask no service and no index: what needs them is unknown.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="text", help="Of standard output.")
@click.option(
    "--report",
    "report_dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the report in every format to DIR, and the living report to DIR/branch.",
)
@click.option("--reason", help="With waive: why the finding may stand.")
@click.option("--days", type=int, default=30, metavar="N", help="With waive: for how long, at most 90.  [default: 30]")
@click.option("--quiet", "-q", is_flag=True, help="Only findings, waivers and the verdict.")
@click.option("--verbose", "-v", is_flag=True, help="Say when each scanner begins, too.")
def command(  # noqa: PLR0913  (one parameter per option)
    names: tuple[str, ...],
    directory: Path,
    config_file: Path | None,
    *,
    no_color: bool,
    sarif: tuple[str, ...],
    osv: str | None,
    base: str | None,
    fresh: bool,
    offline: bool,
    format_: str,
    report_dir: Path | None,
    reason: str | None,
    days: int,
    quiet: bool,
    verbose: bool,
) -> int:
    """Look for vulnerable dependencies, flaws in the code, secrets, a tampered lock and unsafe workflows.

    Any finding fails, unless a waiver with a reason and a last day covers it. Without SCANNER all of them run:
    dependencies, code, secrets, supply-chain, workflows, codeql. A scanner that could not look is unknown, never clean.

    \b
    Examples:
      lockgate scan                                     everything
      lockgate scan secrets code                        two scanners
      lockgate scan --sarif codeql=python.sarif --report out
      lockgate scan waive PYSEC-2026-1 --reason "we never parse untrusted XML" --days 30
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import scan  # --help needs none of it
    from lockgate.model.errors import UsageError
    from lockgate.ports.console import Console

    console = Console(no_color=no_color, quiet=quiet, verbose=verbose)
    if names[:1] == ("waive",):
        if len(names) != 2 or reason is None:  # noqa: PLR2004
            raise UsageError(
                "waive needs one ID and a --reason", 'lockgate scan waive ID --reason "why it may stand" --days 30'
            )
        return scan.waive(directory, names[1], reason, days, console)
    wishes = scan.Wishes(
        folder=directory,
        config_file=config_file,
        names=names,
        sarif=sarif,
        osv=osv,
        base=base,
        fresh=fresh,
        offline=offline,
        format_=format_,
        report_dir=report_dir,
    )
    return scan.scan(wishes, console)
