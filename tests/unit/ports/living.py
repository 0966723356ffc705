"""Whether processes live, for the tests that end them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return not Path("/proc").is_dir()
    return status[status.rindex(b")") + 2 :].split()[0] != b"Z"


def wait_until(happened: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether it happened in time; generous, for slow machines."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def number_in(path: Path) -> int:
    """The process number that a child wrote."""
    return int(path.read_text())
