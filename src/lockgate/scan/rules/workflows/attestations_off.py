"""attestations-off: the release is published without attestations.

An attestation says which workflow of which repository made a file. Without it nobody can tell a release from one that
was made with a stolen token.

Bad:

    with: { attestations: false }

Good:

    uses: pypa/gh-action-pypi-publish@…  # attestations are on by default
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.model.workflow import Document
from lockgate.scan.rules.rule import Rule


def _look(document: Document) -> Iterator[int]:
    for step in document.steps():
        off = str(step.inputs.get("attestations", "")).lower() == "false"
        if (step.uses == "pypa/gh-action-pypi-publish" and off) or (step.publishes and "--no-attestations" in step.run):
            yield step.line


RULE = Rule(
    id="attestations-off",
    scanner="workflows",
    severity="medium",
    message="the release is published without attestations",
    help="take `attestations: false` out",
    look=_look,
)
