"""Facts for the traps: a repository in which none is set, and what differs from it."""

from __future__ import annotations

import textwrap
from typing import Any

import msgspec

from lockgate.model.config import Config
from lockgate.model.protection import Trap, Unseen
from lockgate.model.workflow import Document
from lockgate.ports.yamlfile import read_workflow
from lockgate.protect.traps import find
from lockgate.protect.traps.facts import Facts, Here, Secret

NOW = 1_800_000_000.0  # 2027-01-15
FRESH = "2027-01-01T00:00:00Z"
HIDDEN = Unseen("Something: read", "HTTP status 403: Resource not accessible")
CONTEXTS = ("test (3.11)", "test (3.12)", "gate")
GATE = """\
name: gate
on:
  pull_request:
  merge_group:
  push: { branches: [main] }
permissions: {}
jobs:
  test:
    strategy: { matrix: { python: ["3.11", "3.12"] } }
    steps: [{ run: pytest }]
  gate:
    needs: [test]
    if: ${{ always() }}
    steps: [{ run: ./judge }]
"""
PUBLISH = """\
name: publish
on: workflow_dispatch
permissions: {}
jobs:
  gate:
    steps: [{ run: pytest }]
  publish:
    permissions: { id-token: write }
    environment: { name: pypi-publishing }
    steps: [{ uses: pypa/gh-action-pypi-publish@release/v1 }]
"""
PUBLISHER = {"kind": "GitHub", "repository": "octo/sample", "workflow": "publish.yml", "environment": "pypi-publishing"}


def facts(
    *,
    files: dict[str, str] | None = None,
    table: dict[str, Any] | None = None,
    here: dict[str, Any] | None = None,
    **changes: Any,  # noqa: ANN401
) -> Facts:
    """The facts of the repository.

    `files` are its workflows by name, `table` is what the table says, `here` and the other `changes` are fields.
    """
    texts = {"gate.yml": GATE, "publish.yml": PUBLISH, **(files or {})}
    local: dict[str, Any] = {
        "config": msgspec.convert(table or {}, Config),
        "repository": "octo/sample",
        "project": "sample",
        "contexts": CONTEXTS,
        "codeql": True,
        "workflows": tuple(workflow(text, name) for name, text in texts.items() if text),
        **(here or {}),
    }
    found: dict[str, Any] = {
        "here": Here(**local),
        "writers": ("ann", "bob"),
        "default_setup": "not-configured",
        "rules": (),
        "environments": {"pypi-publishing": True},
        "secrets": (),
        "publisher": PUBLISHER,
        "now": NOW,
        **changes,
    }
    return Facts(**found)


def workflow(text: str, name: str = "other.yml") -> Document:
    """A file of `.github/workflows`."""
    return read_workflow(textwrap.dedent(text), f".github/workflows/{name}")


def secret(name: str, environment: str = "", updated: str = FRESH) -> Secret:
    """A secret of the repository."""
    return Secret(name, environment, updated)


def traps(**changes: Any) -> dict[str, Trap]:  # noqa: ANN401
    """The traps that are set, by name; see `facts`."""
    return {trap.name: trap for trap in find(facts(**changes))}
