"""compromised-action: an action is pinned to a commit that carried an attacker's code.

Pinning protects from moved tags only when the pinned commit is sound. This one is known from an incident.

Bad:

    - uses: tj-actions/changed-files@0e58ed8671d6b60d0890c21b07f8835ace038e67

Good:

    - run: git diff --name-only origin/main
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.model.compromised import COMPROMISED
from lockgate.model.workflow import Document
from lockgate.scan.rules.rule import Rule


def _look(document: Document) -> Iterator[int]:
    for step in document.steps():
        if step.ref.lower() in COMPROMISED:
            yield step.line_of("uses")


RULE = Rule(
    id="compromised-action",
    scanner="workflows",
    severity="critical",
    message="the action is pinned to a commit that is known to have carried an attacker's code",
    help="take the action out, and replace every secret that its runs could see",
    look=_look,
)
