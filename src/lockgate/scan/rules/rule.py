"""What a rule is: one file each, whose docstring is its explanation and its page in docs/rules."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

from lockgate.model.finding import Confidence, Finding, Severity, at_line

Looked = TypeVar("Looked")


class Rule(msgspec.Struct, Generic[Looked], frozen=True, kw_only=True):
    """A rule.

    Attributes:
        id: Its name in reports and waivers, and of its page.
        scanner: Whose rule it is.
        message: What is wrong, in one line.
        help: How to mend it.
        look: The 1-based lines where it is broken.
    """

    id: str
    scanner: str
    severity: Severity
    confidence: Confidence = "high"
    message: str
    help: str
    look: Callable[[Looked], Iterable[int]]

    @property
    def page(self) -> str:
        """The explanation with its examples: the docstring of the rule's file."""
        return inspect.cleandoc(sys.modules[self.look.__module__].__doc__ or "")

    @property
    def why(self) -> str:
        """The explanation without the examples, as one paragraph."""
        return " ".join(self.page.partition("\nBad:")[0].partition("\n\n")[2].split())

    def finding(self, path: str, lines: Sequence[str], line: int) -> Finding:
        """What the rule says of a line."""
        return Finding(
            scanner=self.scanner,
            rule=self.id,
            severity=self.severity,
            confidence=self.confidence,
            message=self.message,
            path=path,
            line=line,
            fingerprint=at_line(self.scanner, self.id, path, lines, line),
            help=self.help,
            why=self.why,
            url=f"docs/rules/{self.id}.md",
            tools=("lockgate",),
        )
