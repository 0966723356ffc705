"""Two endings that once hung: an ended orphan in the command's group, and a signal within a signal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.ports import family
from tests.unit.ports.living import is_alive, number_in, wait_until


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets lockgate adopt orphans")
def test_an_orphan_that_has_ended_is_collected_and_not_waited_for(tmp_path: Path) -> None:
    def grace() -> float:
        raise AssertionError("nobody is left to wait for")

    marker = family.new_marker()
    with family.Adoption():
        child = subprocess.Popen(
            ["sh", "-c", "sleep 0.05 & echo $! > pid"],
            cwd=tmp_path,
            env={**os.environ, family.VARIABLE: marker},
            start_new_session=True,
        )
        child.wait()
        assert wait_until(lambda: not is_alive(number_in(tmp_path / "pid")))
        assert family.end(child, marker, grace) == 0


def test_a_signal_that_interrupts_another_ones_handler_does_not_block() -> None:
    hail = """
import signal
from lockgate.ports.process import Cancel
cancel = Cancel()
signal.signal(signal.SIGALRM, lambda *_: cancel.set())
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
for _ in range(200_000):
    cancel.set()
signal.setitimer(signal.ITIMER_REAL, 0)
assert cancel.requested() and cancel.impatient()
"""
    assert subprocess.run([sys.executable, "-c", hail], timeout=120, check=False).returncode == 0
