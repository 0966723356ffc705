"""Workflows as they are rendered, and read back as data."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from lockgate.workflows.facts import Facts
from lockgate.workflows.files import PATHS, File, render
from lockgate.workflows.pins import SHIPPED

STATED = {
    "UV_CACHE_DIR": "/home/runner/.cache/uv",
    "PYTHON_VERSION_MATRIX": '["3.8", "3.12"]',
    "COVERAGE_THRESHOLD": "95",
    "CODEQL_LANGUAGES": "python",
    "PYPI_ENVIRONMENT": "pypi-publishing",
}
WORKFLOWS = ("quality_gate", "security_scan", "publish")


def facts(**changes: Any) -> Facts:  # noqa: ANN401
    """The facts of a package with two Pythons and all checks."""
    plain: dict[str, Any] = {
        "name": "sample",
        "pythons": ("3.8", "3.12"),
        "checks": ("lint", "format", "types"),
        "lock": "uv.lock",
        "stated": STATED,
        "test_minutes": 25,
        "minute": 137,
    }
    return Facts(**{**plain, **changes})


def rendered(**changes: Any) -> dict[str, File]:  # noqa: ANN401
    """The files by name; `changes` are facts."""
    return {file.name: file for file in render(facts(**changes), dict.fromkeys(PATHS, SHIPPED))}


def read(text: str) -> dict[str, Any]:
    """YAML 1.2 as plain data."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return document


def documents(**changes: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401
    """The workflows as GitHub reads them, by name."""
    files = rendered(**changes)
    return {name: read(files[name].text) for name in WORKFLOWS}
