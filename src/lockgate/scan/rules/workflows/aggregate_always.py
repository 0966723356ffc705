"""aggregate-always: the job that stands for all the others is skipped when one of them fails.

A job is skipped when a job that it needs fails, and GitHub counts a skipped required check as passed. A job that
judges its needs must run always, and must count `skipped` and `cancelled` as failures.

Bad:

    all-green:
      needs: [test, lint]
      steps: [{ run: exit 0 }]

Good:

    all-green:
      if: always()
      needs: [test, lint]
      steps: [{ run: "${{ !contains(join(needs.*.result), 'failure') && … }}" }]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockgate.model.workflow import Document, Job
from lockgate.scan.rules.rule import Rule

_RESULTS = re.compile(r"needs\.(\*|[\w-]+)\.result|toJSON\(\s*needs\s*\)", re.IGNORECASE)
_NOTHING = re.compile(r"\s*((echo|printf)\b[^\n;&|]*|true|:|exit 0)\s*")
_ALWAYS = re.compile(r"always\(\)|!\s*cancelled\(\)|failure\(\)")


def judges(job: Job) -> bool:
    """Whether the job is there to stand for those that it needs: it reads their results, or does nothing at all."""
    if not job.needs:
        return False
    return _reads_results(job) or _does_nothing(job)


def _reads_results(job: Job) -> bool:
    # Results in its own condition only decide whether it runs.
    return any(_RESULTS.search(str(_plain(step.data))) for step in job.steps)


def _plain(value: object) -> object:
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _does_nothing(job: Job) -> bool:
    return bool(job.steps) and all(
        _NOTHING.fullmatch(line) for step in job.steps for line in _lines(step.run, step.uses)
    )


def _lines(script: str, uses: str) -> list[str]:
    return [uses] if uses else [line for line in script.splitlines() if line.strip()]


def _look(document: Document) -> Iterator[int]:
    for job in document.jobs:
        if not judges(job):
            continue
        always = _ALWAYS.search(job.condition) is not None
        if not always or (_does_nothing(job) and not _reads_results(job) and not _RESULTS.search(job.condition)):
            yield job.line


RULE = Rule(
    id="aggregate-always",
    scanner="workflows",
    severity="high",
    message="the job that stands for others does not fail when they do: it is skipped, or asks nothing",
    help="add `if: always()`, and fail unless every `needs.*.result` is success",
    look=_look,
)
