"""One file per check: run the tool, and decide from what it said, never from its exit code alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockgate.gate.checks import coverage, custom, ruff, test, types
from lockgate.gate.outcome import Context, Outcome

RUNNERS: Mapping[str, Callable[[Context], Outcome]] = {
    "lint": ruff.lint,
    "format": ruff.format_,
    "types": types.types,
    "test": test.test,
    "coverage": coverage.coverage,
    "custom": custom.custom,
}
