"""build-and-publish: one job builds the package and publishes it.

Building runs the package's code and its build requirements; publishing holds the right to release. In one job,
anything that gets into the build can release what it likes.

Bad:

    steps:
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@…

Good:

    steps:
      - uses: actions/download-artifact@…
      - uses: pypa/gh-action-pypi-publish@…
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.model.workflow import Document
from lockgate.scan.rules.rule import Rule


def _look(document: Document) -> Iterator[int]:
    for job in document.jobs:
        if job.publishes is not None and any(step.builds for step in job.steps):
            yield job.line


RULE = Rule(
    id="build-and-publish",
    scanner="workflows",
    severity="high",
    message="one job builds and publishes: what gets into the build can release",
    help="build in a job of its own, hand the files over as an artifact, and only download and publish in this one",
    look=_look,
)
