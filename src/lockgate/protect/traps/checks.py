"""Which checks the committed workflows report on pull requests, and which of them may not (pure)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lockgate.model import check_names
from lockgate.model.workflow import Document, Job
from lockgate.protect.traps.facts import Facts

_PULL_REQUEST = ("pull_request", "pull_request_target")
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
    for document in facts.here.workflows:
        for job in document.jobs:
            names = _names(facts, job)
            if context in names or (not names and check_names.pattern(job.name, job.data).fullmatch(context)):
                found.append(Reporter(document, job, sure=bool(names)))
    return found


def on_pull_requests(facts: Facts, context: str) -> list[Reporter]:
    """Those whose workflow starts on pull requests to the branch, filters of paths aside."""
    return [
        one
        for one in reporters(facts, context)
        if any(selects(options, facts.branch) for options in _options(one.document))
    ]


def filters(document: Document) -> list[str]:
    """What keeps a workflow from starting on some pull requests, or on pushes to them."""
    found: list[str] = []
    for options in _options(document):
        if not isinstance(options, Mapping):
            return []
        found += [key for key in ("paths", "paths-ignore") if key in options]
        types = _listed(options.get("types"))
        found += [f"types without {one}" for one in _NEEDED_TYPES if types and one not in types]
    return found


def _options(document: Document) -> Iterator[object]:
    yield from (document.triggers[event] for event in _PULL_REQUEST if event in document.triggers)


def _names(facts: Facts, job: Job) -> tuple[str, ...]:
    """The names under which a job reports, those of a workflow of this repository that it calls included."""
    path = str(job.data.get("uses", ""))
    called = next((one for one in facts.here.workflows if path == f"./{one.path}"), None)
    if called is None or "strategy" in job.data:
        return check_names.names(job.name, job.data)
    inside = [check_names.names(one.name, one.data) for one in called.jobs]
    first = check_names.names(job.name, {"name": job.data.get("name")})
    return tuple(f"{first[0]} / {name}" for names in inside for name in names) if first and all(inside) else ()


def selects(options: object, branch: str) -> bool:
    """Whether an event's filter of branches lets `branch` through."""
    if not isinstance(options, Mapping):
        return True
    if any(_fits(branch, one) for one in _listed(options.get("branches-ignore"))):
        return False
    selected = "branches" not in options
    for pattern in _listed(options.get("branches")):
        if _fits(branch, pattern.removeprefix("!")):
            selected = not pattern.startswith("!")
    return selected


def _fits(branch: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(branch, pattern.replace("\\", ""))


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, list) else []
