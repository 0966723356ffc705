"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

directory = click.option(
    "-C",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="DIR",
    help="The package's folder.  [default: here]",
)
config = click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take the [tool.lockgate] table from FILE instead of pyproject.toml.",
)
no_color = click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")


def common(command: _Command) -> _Command:
    """-C, --config and --no-color."""
    return directory(config(no_color(command)))


def complete_checks(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of the package's checks for the shell; nothing where there is no readable package."""
    from lockgate.gate.plan import Selection, plan
    from lockgate.model.errors import LockgateError
    from lockgate.ports.pyproject import read_project

    try:
        project = read_project(Path(context.params.get("directory") or "."))
        names = [step.name for step in plan(project, Selection()).steps]
    except LockgateError:
        return []
    return [name for name in names if name.startswith(incomplete)]
