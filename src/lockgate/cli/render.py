"""`lockgate render`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options


@click.command("render", short_help="Write the workflows from the table.")
@options.directory
@options.no_color
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file is not what the table renders.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--update-pins", is_flag=True, help="Take the commits that this lockgate ships, not those committed.")
@click.option("--overwrite", is_flag=True, help="Replace files that lockgate did not write.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Of standard output.")
def command(
    directory: Path,
    *,
    no_color: bool,
    check: bool,
    diff: bool,
    update_pins: bool,
    overwrite: bool,
    format_: str,
) -> int:
    """Write .github/ from [tool.lockgate]: three workflows, dependabot.yml and CODEOWNERS.

    Commits that actions are pinned to are read back from the files, so an update by Dependabot stays.

    \b
    Examples:
      lockgate render                 write what has changed
      lockgate render --diff          show it first
      lockgate render --check         what CI asks: is everything as the table says?
      lockgate render --update-pins   move to the commits that this lockgate ships
    """  # noqa: D301  (click keeps the lines behind its mark)
    from lockgate.flows import render  # --help needs none of it
    from lockgate.model.verdict import EXIT_CODES
    from lockgate.ports.console import Console
    from lockgate.ports.pyproject import read_project

    console = Console(no_color=no_color)
    project = read_project(directory)
    found = render.survey(project, update_pins=update_pins)
    if not (check or diff):
        for path, what in render.write(found, overwrite=overwrite):
            console.result(f"{what:9} {path}\n")
        return 0
    report = render.judge(found, enforced=project.config.phase.quality == "enforce")
    render.show(report, console, format_)
    return EXIT_CODES[report.verdict] if check and report.enforced else 0
