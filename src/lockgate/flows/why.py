"""`lockgate why FILE:LINE`: the setting and the reason behind a rendered line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lockgate.flows.render import Survey, survey
from lockgate.model.errors import UsageError
from lockgate.model.project import Project
from lockgate.model.tomlline import line_of
from lockgate.workflows import files
from lockgate.workflows.origins import origin

SCHEMA = "lockgate/why/1"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/why/1`.

    Attributes:
        text: The line as it is rendered.
        setting: Key of the table that decides the line, or None when there is no other choice.
        value: What the table says there, as JSON; None when the default holds.
        where: `file:line` of the setting, None when the default holds.
        drifted: The committed line differs from the rendered one.
    """

    schema: str = SCHEMA
    path: str
    line: int
    text: str
    setting: str | None
    value: str | None
    where: str | None
    reason: str
    drifted: bool


def why(project: Project, asked: str, here: Path) -> Answer:
    """The answer to `FILE:LINE`, a path from the folder `here` or from the repository.

    Raises:
        UsageError: There is no such file or line, or it is not a rendered one.
    """
    match = re.fullmatch(r"(.+?):(\d+)(?::\d+)?", asked)
    if match is None:
        raise UsageError(f"{asked!r} names no line", "write FILE:LINE, e.g. .github/workflows/quality-gate.yml:12")
    found = survey(project)
    file = next((one for one in found.files if _names(match[1], one.path, found, here)), None)
    if file is None:
        known = ", ".join(one.path for one in found.files)
        raise UsageError(f"{match[1]} is not a file that lockgate renders", f"it renders {known}")
    if not files.managed(found.facts, file.name):
        raise UsageError(f"{file.path} is written by hand (managed = false): lockgate does not know its reasons")
    number = int(match[2])
    if not 1 <= number <= len(file.lines):
        raise UsageError(f"{file.path} has {len(file.lines)} lines", "give one of them")
    committed = (found.texts[file.name] or "").split("\n")
    text = file.lines[number - 1].text
    source = origin(file, number, found.facts)
    value, where = _setting(project, source.setting)
    return Answer(
        path=file.path,
        line=number,
        text=text,
        setting=source.setting or None,
        value=value,
        where=where,
        reason=source.reason,
        drifted=len(committed) < number or committed[number - 1] != text,
    )


def _names(asked: str, path: str, found: Survey, here: Path) -> bool:
    return (here / asked).resolve() == (found.root / path).resolve() or asked == path


def _setting(project: Project, setting: str) -> tuple[str | None, str | None]:
    """What the table says under a dotted key, and on which line."""
    value: Any = project.tool("lockgate") or {}
    keys = setting.split(".") if setting else []
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if not keys or value is None:
        return None, None
    text = (project.root / "pyproject.toml").read_text(encoding="utf-8-sig")
    shown = msgspec.json.encode(value, enc_hook=str).decode()
    return shown, f"pyproject.toml:{line_of(text, ('tool', 'lockgate', *keys))}"
