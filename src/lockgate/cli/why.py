"""`lockgate why`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options


@click.command("why", short_help="Explain a rendered line.")
@click.argument("line", metavar="FILE:LINE")
@options.directory
@options.no_color
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Of standard output.")
def command(line: str, directory: Path, *, no_color: bool, format_: str) -> int:
    """Tell which setting and which reason produced a line of a rendered file.

    \b
    Examples:
      lockgate why .github/workflows/quality-gate.yml:41
      lockgate why .github/dependabot.yml:8 --format json
    """  # noqa: D301  (click keeps the lines behind its mark)
    import msgspec  # --help needs none of it

    from lockgate.flows.why import why
    from lockgate.ports.console import Console
    from lockgate.ports.pyproject import read_project

    console = Console(no_color=no_color)
    answer = why(read_project(directory), line, Path.cwd())
    if format_ == "json":
        console.document(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")
        return 0
    console.result(f"{console.paint(f'{answer.path}:{answer.line}', 'bold')}  {answer.text.strip()}\n")
    if answer.setting is None:
        console.result("setting  none: lockgate renders it for everybody\n")
    elif answer.where is None:
        console.result(f"setting  [tool.lockgate] {answer.setting}, by default\n")
    else:
        console.result(f"setting  [tool.lockgate] {answer.setting} = {answer.value}  ({answer.where})\n")
    console.result(f"reason   {answer.reason}\n")
    if answer.drifted:
        console.say("lockgate: the committed line is another one; `lockgate render --diff` shows it", "unknown")
    return 0
