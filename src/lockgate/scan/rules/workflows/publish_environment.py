"""publish-environment: a job publishes without an environment.

Without an environment, a trusted publisher cannot ask for a reviewer, and any workflow file of that name on any
branch can release.

Bad:

    publish:
      permissions: { id-token: write }
      steps: [{ uses: pypa/gh-action-pypi-publish@… }]

Good:

    publish:
      environment: pypi-publishing
      permissions: { id-token: write }
      steps: [{ uses: pypa/gh-action-pypi-publish@… }]
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.model.workflow import Document
from lockgate.scan.rules.rule import Rule


def _look(document: Document) -> Iterator[int]:
    for job in document.jobs:
        if job.publishes is not None and not job.data.get("environment") and "runs" not in document.data:
            yield job.line


RULE = Rule(
    id="publish-environment",
    scanner="workflows",
    severity="high",
    message="a job publishes without an environment: nobody can be asked before",
    help="add `environment: pypi-publishing` with required reviewers, and name it in the trusted publisher",
    look=_look,
)
