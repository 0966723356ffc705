"""`lockgate doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options


@click.command("doctor", short_help="Show what is installed and how to mend it.")
@options.common
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Of standard output.")
def command(directory: Path, config_file: Path | None, *, no_color: bool, format_: str) -> int:
    """Show what the gate needs here: what is installed, what is missing, and the command that mends it.

    Exits 3 when something is missing.

    \b
    Examples:
      lockgate doctor
      lockgate doctor -C ../other-package --format json
    """  # noqa: D301  (click keeps the lines behind its mark)
    import msgspec  # --help needs none of it

    from lockgate.flows.doctor import diagnose
    from lockgate.model.verdict import EXIT_CODES
    from lockgate.ports.console import Console
    from lockgate.ports.pyproject import read_project

    console = Console(no_color=no_color)
    diagnosis = diagnose(read_project(directory, config_file))
    if format_ == "json":
        console.document(msgspec.json.format(msgspec.json.encode(diagnosis), indent=2).decode() + "\n")
    else:
        width = max(len(finding.name) for finding in diagnosis.findings)
        styles = {"ok": "pass", "missing": "unknown", "note": "dim"}
        for finding in diagnosis.findings:
            mark = console.paint(f"{finding.status:8}", styles[finding.status])
            remedy = f"  → {finding.remedy}" if finding.remedy else ""
            console.result(f"{mark} {finding.name:{width}}  {finding.found}{remedy}\n")
    return EXIT_CODES[diagnosis.verdict]
