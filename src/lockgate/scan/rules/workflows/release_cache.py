"""release-cache: what is released may come out of a cache.

Caches are shared between workflows, and code of a pull request can write them. A poisoned cache is how Ultralytics
released malware in 2024.

Bad:

    build:
      steps: [{ uses: actions/cache@… }, { run: python -m build }]
    publish:
      needs: build

Good:

    build:
      steps: [{ run: python -m build }]
    publish:
      needs: build
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.model.workflow import Document, Step
from lockgate.scan.rules.rule import Rule

_OFF = frozenset({"", "false", "none", "auto"})
# Input of a set-up action that turns its cache on.
_INPUTS = {
    "actions/setup-python": "cache",
    "actions/setup-node": "cache",
    "astral-sh/setup-uv": "enable-cache",
    "docker/build-push-action": "cache-from",
}


def _look(document: Document) -> Iterator[int]:
    publishing = [job for job in document.jobs if job.publishes is not None]
    path = {job.name for job in publishing}.union(*(document.needed_by(job) for job in publishing))
    for job in document.jobs:
        if job.name in path:
            yield from (step.line for step in job.steps if _caches(step))


def _caches(step: Step) -> bool:
    if step.uses in {"actions/cache", "actions/cache/restore"}:
        return True
    name = _INPUTS.get(step.uses)
    return name is not None and str(step.inputs.get(name, "")).lower() not in _OFF


RULE = Rule(
    id="release-cache",
    scanner="workflows",
    severity="high",
    message="a cache is used on the way to a release: whoever can write it can release",
    help="no cache in a job that builds or publishes; for setup-uv say `enable-cache: false`",
    look=_look,
)
