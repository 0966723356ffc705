"""One problem, whichever tool found it: what every report format is made from."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "note"]


class Problem(msgspec.Struct, frozen=True):
    """Something to mend, and where.

    Attributes:
        tool: Who found it, e.g. `ruff`.
        rule: The tool's rule code, e.g. `F401`, or None.
        severity: `error` fails a check; `warning` and `note` are shown.
        message: What is wrong, first line short enough for one line of a terminal.
        path: Relative to the project with `/`, absolute outside it, or None.
        line: 1-based.
        column: 1-based.
        help: How to mend it, or how to run just that again.
        excerpt: The shortest useful piece of the tool's own output.
    """

    tool: str
    message: str
    rule: str | None = None
    severity: Severity = "error"
    path: str | None = None
    line: int | None = None
    column: int | None = None
    help: str | None = None
    excerpt: str | None = None

    def where(self) -> str:
        """`path:line:column` as far as known, empty when there is no path."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
