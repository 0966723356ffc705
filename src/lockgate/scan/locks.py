"""Every lock that CI installs from: the package's own, and that of the nested project by which it gets lockgate."""

from __future__ import annotations

import copy
from collections.abc import Callable

import msgspec

from lockgate.model.actions import NESTED
from lockgate.model.project import Project
from lockgate.ports import history
from lockgate.ports.pyproject import read_project
from lockgate.scan.answer import Answer, Found, answer
from lockgate.scan.context import Context


def nested(context: Context) -> Project | None:
    """The nested project, judged by the package's own table; None where there is none."""
    top = history.top(context.root)
    for root in dict.fromkeys((context.root, top or context.root)):
        if (root / NESTED / "uv.lock").is_file() and (root / NESTED / "pyproject.toml").is_file():
            found = read_project(root / NESTED)
            uv = {"index": (context.project.tool("uv") or {}).get("index", []), **(found.tool("uv") or {})}
            document = {**found.document, "tool": {**found.document.get("tool", {}), "uv": uv}}
            return msgspec.structs.replace(found, config=context.project.config, document=document)
    return None


def of_each(adapter: Callable[[Context], Answer], *, without: bool = False) -> Callable[[Context], Answer]:
    """The adapter over every lock, as one answer; `without`: over a package that has none, too."""

    def over(context: Context) -> Answer:
        projects = [context.project] if without or context.project.lock is not None else []
        inner = nested(context)
        answers = [adapter(_at(context, project)) for project in [*projects, *([inner] if inner is not None else [])]]
        findings = tuple(one for each in answers if isinstance(each, Found) for one in each.findings)
        looked_at = sum(getattr(each, "looked_at", 0) for each in answers)
        notes = tuple(note for each in answers for note in getattr(each, "notes", ()))
        asked = [each.asked for each in answers if getattr(each, "asked", None) is not None]  # type: ignore[union-attr]
        return answer(findings, looked_at, notes, min(asked) if asked else None)  # type: ignore[type-var]

    return over


def _at(context: Context, project: Project) -> Context:
    """The same scan, looking at another project's lock."""
    other = copy.copy(context)
    other.project = project
    return other
