"""All files together: which there are, where they lie, and how each says what it was rendered from (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lockgate.model.config import FileConfig, WorkflowConfig
from lockgate.workflows import plain
from lockgate.workflows.contexts import required
from lockgate.workflows.emit import Line, emit, text_of
from lockgate.workflows.extend import extended
from lockgate.workflows.facts import Facts
from lockgate.workflows.pins import Pin, masked
from lockgate.workflows.publish import publish
from lockgate.workflows.quality import quality_gate, security_scan

# Raise it when rendering changes: the format before is then accepted with a notice, see `drift`.
FORMAT = 1
_WORKFLOWS = {"quality_gate": quality_gate, "security_scan": security_scan, "publish": publish}
PATHS = {
    "quality_gate": ".github/workflows/quality-gate.yml",
    "security_scan": ".github/workflows/security-scan.yml",
    "publish": ".github/workflows/publish.yml",
    "dependabot": ".github/dependabot.yml",
    "codeowners": ".github/CODEOWNERS",
}
_STAMP = re.compile(r"^# lockgate: format ([1-9]\d*), table ([0-9a-f]{12}), body ([0-9a-f]{12})\r?$", re.MULTILINE)


class File(msgspec.Struct, frozen=True):
    """One rendered file.

    Attributes:
        name: Its key in `[tool.lockgate.workflows]`, with `_` for `-`.
        path: Below the repository's root.
        document: Its data; None for CODEOWNERS.
    """

    name: str
    path: str
    lines: tuple[Line, ...]
    document: Mapping[str, Any] | None

    @property
    def text(self) -> str:
        """The whole file."""
        return text_of(self.lines)


class Stamp(msgspec.Struct, frozen=True):
    """What a rendered file says of itself: its format, and digests of the facts and of the text without pins."""

    format: int
    table: str
    body: str


def render(facts: Facts, pins: Mapping[str, Mapping[str, Pin]]) -> tuple[File, ...]:
    """Every file; `pins` are by the file's name, then by the action's repository.

    Raises:
        Misfit: An addition of the table does not fit what is rendered.
    """
    workflows = {name: make(facts, pins[name]) for name, make in _WORKFLOWS.items()}
    taken = required(workflows)
    return tuple(_file(name, facts, pins[name], workflows.get(name), taken) for name in PATHS)


def _file(
    name: str, facts: Facts, pins: Mapping[str, Pin], document: Mapping[str, Any] | None, taken: Sequence[str]
) -> File:
    if document is not None:
        additions = getattr(facts.additions, name)
        assert isinstance(additions, WorkflowConfig)  # noqa: S101  (the configuration's types)
        document = extended(document, additions, name, pins, taken)
        body = text_of(emit(document))
    elif name == "dependabot":
        document = plain.dependabot(facts)
        body = text_of(emit(document))
    else:
        body = plain.codeowners(facts, ())
    heading = (
        "Rendered by lockgate from [tool.lockgate] in pyproject.toml: change it there, then run `lockgate render`.",
        "`lockgate why FILE:LINE` tells where a line comes from; the pins belong to Dependabot.",
        f"lockgate: format {FORMAT}, table {facts.digest()}, body {_digest(body)}",
    )
    if document is None:
        lines = tuple(
            Line(text, "heading" if text.startswith("#") else "owners" if text else "")
            for text in plain.codeowners(facts, heading).splitlines()
        )
    else:
        lines = emit(document, heading)
    return File(name, PATHS[name], lines, document)


def managed(facts: Facts, name: str) -> bool:
    """Whether lockgate writes this file."""
    found = getattr(facts.additions, name)
    assert isinstance(found, FileConfig)  # noqa: S101  (the configuration's types)
    return found.managed


def stamp(text: str) -> Stamp | None:
    """What the file says of itself, None when lockgate did not write it."""
    found = _STAMP.search(text)
    return Stamp(int(found[1]), found[2], found[3]) if found else None


def is_untouched(text: str, found: Stamp) -> bool:
    """Whether the text still is what was rendered, its pins aside."""
    body = "".join(line for line in text.splitlines(keepends=True)[_heading_lines(text) :])
    return _digest(body) == found.body


def _heading_lines(text: str) -> int:
    lines = text.splitlines()
    return next((number for number, line in enumerate(lines, 1) if _STAMP.match(line)), 0)


def _digest(body: str) -> str:
    return hashlib.blake2b(masked(body).strip().encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
