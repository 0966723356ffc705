"""required-filter: a required check runs only for some paths.

A workflow that a path filter leaves out never reports, and a required check that never reports blocks the pull
request for ever; people then take it off the list of required checks.

Bad:

    on:
      pull_request: { paths: ["src/**"] }
      merge_group:

Good:

    on:
      pull_request:
      merge_group:
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockgate.model.workflow import Document
from lockgate.scan.rules.rule import Rule
from lockgate.scan.rules.workflows.aggregate_always import judges

# Names that lockgate's rendered workflows require, and what people call the job that stands for all.
_REQUIRED = re.compile(
    r"security-scan|quality-gate|quality-checks|test-matrix|coverage-report|required|all-?green|ci-?gate|gate"
)
_EVENTS = ("pull_request", "pull_request_target", "merge_group")


def _look(document: Document) -> Iterator[int]:
    names = {job.name for job in document.jobs} | {str(document.data.get("name", "")).lower().replace(" ", "-")}
    required = "merge_group" in document.triggers or any(map(judges, document.jobs))
    if not required and not any(_REQUIRED.fullmatch(name) for name in names):
        return
    for event in _EVENTS:
        filters = document.triggers.get(event)
        for key in ("paths", "paths-ignore"):
            if isinstance(filters, dict) and key in filters:
                yield int(filters.lc.key(key)[0]) + 1  # type: ignore[attr-defined]


RULE = Rule(
    id="required-filter",
    scanner="workflows",
    severity="medium",
    message="a required check is behind a path filter: it never reports for other pull requests",
    help="take the filter out of `on:`; let the job itself find out that nothing is to be done",
    look=_look,
)
