"""piped-install: a script from the internet is run as it comes.

What the address serves today is not what was reviewed, and whoever holds the server holds the workflow.

Bad:

    - run: curl -sSL https://example.org/install.sh | sh

Good:

    - run: curl -sSLo install.sh https://example.org/install.sh
    - run: echo "$SHA256  install.sh" | sha256sum -c && sh install.sh
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockgate.model.workflow import Document
from lockgate.scan.rules.rule import Rule

_SHELL = r"(sudo\s+(-\S+\s+)*)?(/bin/|/usr/bin/(env\s+)?)?(ba|z|da|k)?sh\b|(sudo\s+)?python3?\b"
_PIPED = re.compile(
    rf"\b(curl|wget)\b[^\n|;&]*\|\s*({_SHELL})|\b(ba|z)?sh\s+<\(\s*(curl|wget)\b|\b(ba|z)?sh\s+-c\s+[\"']?\$\((curl|wget)\b"
)


def _look(document: Document) -> Iterator[int]:
    for step in document.steps():
        if _PIPED.search(re.sub(r"\\\n\s*", " ", step.run)):
            yield step.line_of("run")


RULE = Rule(
    id="piped-install",
    scanner="workflows",
    severity="high",
    message="a script from the internet is run as it comes",
    help="install from a locked list, or check the file's digest before running it",
    look=_look,
)
