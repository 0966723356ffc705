"""What every report tells GitHub Actions: the step summary, the caches, and paths as the repository knows them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lockgate.ports import actions
from lockgate.ports.console import Console
from lockgate.ports.files import write_atomic


def folder_in_repository(project: Path, format_: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Where the project lies in the repository, for formats that GitHub reads; None where paths are right already."""
    workspace = environment.get("GITHUB_WORKSPACE")
    if format_ not in {"github", "sarif"} or not workspace or not actions.is_here(environment):
        return None
    root, top = project.resolve(), Path(workspace).resolve()
    return root.relative_to(top).as_posix() if root != top and root.is_relative_to(top) else None


def append_summary(text: str, console: Console, environment: Mapping[str, str] = os.environ) -> None:
    """Add to the step summary, if there is one; a verdict does not depend on it."""
    summary = environment.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    try:
        with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        console.say(f"lockgate: no step summary: {summary}: {error.strerror or error}", "unknown")


def write_caches(folder: Path, python: str | None, console: Console) -> None:
    """Leave what the workflow says of its caches for `health`; a verdict does not depend on it.

    Raises:
        OSError: The file cannot be written.
    """
    try:
        lines = actions.caches(python)
    except ValueError as error:
        console.say(f"lockgate: LOCKGATE_CACHES is malformed, so nothing is known of the caches: {error}", "unknown")
        return
    if lines is not None:
        write_atomic(folder / "caches.ndjson", lines)
