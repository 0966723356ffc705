"""Which checks the committed workflows report on pull requests, and which of them may not (pure)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lockgate.model.workflow import Document, Job
from lockgate.protect.traps.facts import Facts

PULL_REQUEST = ("pull_request", "pull_request_target")
_NEEDED_TYPES = ("opened", "synchronize")


class Reporter(NamedTuple):
    """A job that reports a check; not `sure` where its name is computed, or it calls a workflow of elsewhere."""

    document: Document
    job: Job
    sure: bool

    @property
    def where(self) -> str:
        """File, line and job."""
        return f"{self.document.path}:{self.job.line} ({self.job.name})"


def reporters(facts: Facts, context: str) -> list[Reporter]:
    """The jobs that report the check `context`, or may, whatever starts them."""
    found = []
    for document in facts.workflows:
        for job in document.jobs:
            names, pattern = reported(facts, job)
            if context in names:
                found.append(Reporter(document, job, sure=True))
            elif not names and pattern.fullmatch(context):
                found.append(Reporter(document, job, sure=False))
    return found


def on_pull_requests(facts: Facts, context: str) -> list[Reporter]:
    """Those of `reporters` whose workflow starts on pull requests to the branch."""
    return [one for one in reporters(facts, context) if starts(one.document, facts.intended.branch)]


def starts(document: Document, branch: str) -> bool:
    """Whether the workflow starts on pull requests to `branch`, filters of paths aside."""
    triggers = document.triggers
    return any(event in triggers and _selects(triggers[event], branch) for event in PULL_REQUEST)


def filters(document: Document) -> list[str]:
    """What keeps a workflow from starting on some pull requests or pushes to them."""
    found = []
    for event in PULL_REQUEST:
        options = document.triggers.get(event)
        if not isinstance(options, Mapping):
            continue
        found += [key for key in ("paths", "paths-ignore") if key in options]
        types = _listed(options.get("types"))
        found += [f"types without {one}" for one in _NEEDED_TYPES if types and one not in types]
    return found


def reported(facts: Facts, job: Job, depth: int = 0) -> tuple[frozenset[str], re.Pattern[str]]:
    """The names under which a job reports, empty when they cannot be told; and a pattern of what they may be."""
    name = str(job.data.get("name") or job.name).strip()
    called = job.data.get("uses")
    if called is not None:
        inside = _called(facts, str(called)) if depth < 4 else None  # noqa: PLR2004  (GitHub's own limit)
        names = [reported(facts, one, depth + 1)[0] for one in inside.jobs] if inside is not None else [frozenset[str]()]
        whole = all(names) and "${{" not in name and "strategy" not in job.data
        return (
            frozenset(f"{name} / {one}" for each in names for one in each) if whole else frozenset(),
            re.compile(f"{_loose(name)}.* / .*", re.DOTALL),
        )
    strategy = job.data.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, Mapping) else None
    if strategy is None:
        return (frozenset() if "${{" in name else frozenset({name})), re.compile(_loose(name), re.DOTALL)
    pattern = re.compile(_loose(name) + ("" if "${{" in name else r"(?: \(.*\))?"), re.DOTALL)
    return _cells(name, matrix), pattern


def _cells(name: str, matrix: object) -> frozenset[str]:
    """The names of a matrix of plain values; none can be told of one that is computed, or has exceptions."""
    if matrix is None:
        return frozenset({name}) if "${{" not in name else frozenset()
    if not isinstance(matrix, Mapping) or matrix.keys() & {"include", "exclude"}:
        return frozenset()
    values = [one if isinstance(one, Sequence) and not isinstance(one, str) else None for one in matrix.values()]
    if any(one is None or any(_is_computed(value) for value in one) for one in values):
        return frozenset()
    cells = [dict(zip(matrix, one, strict=True)) for one in itertools.product(*(value or () for value in values))]
    if "${{" not in name:
        return frozenset(f"{name} ({', '.join(map(_shown, cell.values()))})" for cell in cells)
    found = frozenset(
        re.sub(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}", lambda match, cell=cell: _shown(cell.get(match[1], "")), name)
        for cell in cells
    )
    return frozenset() if any("${{" in one for one in found) else found


def _is_computed(value: object) -> bool:
    return isinstance(value, (Mapping, list)) or "${{" in str(value)


def _shown(value: Any) -> str:  # noqa: ANN401
    return str(value).lower() if isinstance(value, bool) else str(value)


def _called(facts: Facts, reference: str) -> Document | None:
    path = reference.removeprefix("./")
    return next((one for one in facts.workflows if one.path == path), None) if path != reference else None


def _loose(name: str) -> str:
    return ".*".join(map(re.escape, re.split(r"\$\{\{.*?\}\}", name, flags=re.DOTALL)))


def _selects(options: object, branch: str) -> bool:
    """Whether an event's filter of branches lets `branch` through."""
    if not isinstance(options, Mapping):
        return True
    if any(_glob(one).fullmatch(branch) for one in _listed(options.get("branches-ignore"))):
        return False
    selected = "branches" not in options
    for pattern in _listed(options.get("branches")):
        if _glob(pattern.removeprefix("!")).fullmatch(branch):
            selected = not pattern.startswith("!")
    return selected


def _glob(pattern: str) -> re.Pattern[str]:
    """GitHub's patterns: `**` any text, `*` any without `/`; `?` and `+` repeat what stands before them."""
    parts = re.split(r"(\*\*|\*|\\.|\[[^\]]*\]|[?+])", pattern)
    kept = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}
    try:
        return re.compile("".join(kept.get(one) or (one if one[:1] in "\\[" and one else re.escape(one)) for one in parts))
    except re.error:
        return re.compile(re.escape(pattern))


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, list) else []
