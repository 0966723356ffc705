"""What pytest says when a person runs it: the truth that the gate is compared with."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.support import environment

KINDS = ("passed", "failed", "errors", "skipped", "xfailed", "xpassed", "deselected")


def run(folder: Path, *command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without the variables that watch and measure lockgate's own tests."""
    own = {name: None for name in os.environ if name.startswith(("COVERAGE_", "LOCKGATE_", "PYTEST_", "VIRTUAL_ENV"))}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**{**own, **changes}),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def summary(output: str) -> dict[str, int]:
    """The counts in the last line of pytest's own output, 0 for what it does not mention."""
    last = next(line for line in reversed(output.splitlines()) if re.search(r" in \d+\.\d+s", line))
    said = {("errors" if word == "error" else word): int(n) for n, word in re.findall(r"(\d+) ([a-z]+)", last)}
    return {kind: said.get(kind, 0) for kind in KINDS}
