"""What pytest says when a person runs it: the truth that the gate is compared with."""

from __future__ import annotations

import re

KINDS = ("passed", "failed", "errors", "skipped", "xfailed", "xpassed", "deselected")


def summary(output: str) -> dict[str, int]:
    """The counts in the last line of pytest's own output, 0 for what it does not mention."""
    last = next(line for line in reversed(output.splitlines()) if re.search(r" in \d+\.\d+s", line))
    said = {("errors" if word == "error" else word): int(n) for n, word in re.findall(r"(\d+) ([a-z]+)", last)}
    return {kind: said.get(kind, 0) for kind in KINDS}
