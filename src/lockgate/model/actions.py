"""What the workflows say of the table in environment variables, and where an environment contradicts it (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from lockgate.model.project import Project

_UV_CACHE = {True: "/Users/runner/.cache/uv", False: "/home/runner/.cache/uv"}
_THRESHOLD = 95.0
# Name → the key of the table that says it.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "UV_CACHE_DIR": ("uv-cache-dir",),
    "PYTHON_VERSION_MATRIX": ("python",),
    "COVERAGE_THRESHOLD": ("coverage", "threshold"),
    "CODEQL_LANGUAGES": ("scan", "codeql"),
    "PYPI_ENVIRONMENT": ("publish", "environment"),
}


class Disagreement(msgspec.Struct, frozen=True):
    """An environment variable that says something else than the table.

    Attributes:
        stated: What the table says, as it would be rendered.
        key: The table's key, below `[tool.lockgate]`.
    """

    name: str
    given: str
    stated: str
    key: tuple[str, ...]


def stated(project: Project) -> dict[str, str]:
    """Value by name of the variables at the top of the workflows, as they are rendered."""
    config = project.config
    threshold = config.coverage.threshold
    return {
        "UV_CACHE_DIR": config.uv_cache_dir or _UV_CACHE[config.runner.startswith("macos")],
        "PYTHON_VERSION_MATRIX": json.dumps(project.pythons),
        "COVERAGE_THRESHOLD": f"{_THRESHOLD if threshold is None else threshold:g}",
        "CODEQL_LANGUAGES": "python",
        "PYPI_ENVIRONMENT": config.publish.environment,
    }


def disagreements(project: Project, environment: Mapping[str, str]) -> tuple[Disagreement, ...]:
    """The variables that are set and contradict the table; those that are not set say nothing."""
    found = []
    for name, value in stated(project).items():
        given = environment.get(name)
        # Homes of self-hosted runners differ: only a path that the table names is asked for.
        if given is None or (name == "UV_CACHE_DIR" and project.config.uv_cache_dir is None):
            continue
        if given != value and not (name == "PYTHON_VERSION_MATRIX" and _list(given) == list(project.pythons)):
            found.append(Disagreement(name, given, value, _KEYS[name]))
    return tuple(found)


def _list(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
