"""version-comment: the version beside a pinned commit is another version's.

People and bots read the comment; the runner takes the commit. When they disagree, the reviewed version is not the one
that runs.

Bad:

    - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1  # v4.2.2

Good:

    - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockgate.model.workflow import Document
from lockgate.scan.rules.rule import Rule
from lockgate.scan.rules.workflows.known import COMMITS, VERSIONS

_PIN = re.compile(
    r"uses:\s*[\"']?([\w.-]+/[\w.-]+)[\w./-]*@([0-9a-f]{40})[\"']?\s*#\s*(?:tag=|pin@)?(v?\d+(?:\.\d+)*)\b"
)


def _look(document: Document) -> Iterator[int]:
    seen: dict[tuple[str, str], str] = {}
    for number, text in enumerate(document.lines, start=1):
        pin = _PIN.search(text)
        if pin is None:
            continue
        action, commit, version = pin[1].lower(), pin[2], pin[3].removeprefix("v")
        known, expected = COMMITS.get(commit), VERSIONS.get((action, version))
        wrong = (known is not None and not _same(known[1], version)) or (expected is not None and expected != commit)
        # Two commits cannot both be one full version.
        other = seen.setdefault((action, version), commit)
        if wrong or (known is not None and known[0] != action) or (other != commit and version.count(".") > 1):
            yield number


def _same(known: str, version: str) -> bool:
    """`7` and `7.0` are comments for 7.0.1 too."""
    return known == version or known.startswith(f"{version}.")


RULE = Rule(
    id="version-comment",
    scanner="workflows",
    severity="medium",
    message="the version in the comment is not the version of the pinned commit",
    help="look the commit up in the action's repository, and pin the commit of the version that was meant",
    look=_look,
)
