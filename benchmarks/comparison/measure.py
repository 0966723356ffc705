"""Runs a command and says what it cost: wall and CPU seconds of it and its children, or the peak of its memory."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_EVERY = 0.02
_TIMEOUT = 600


@dataclass(frozen=True)
class Sample:
    """A finished command.

    Attributes:
        wall: Seconds.
        cpu: Seconds of user and system time, of the command and of all descendants that were waited for.
        peak: Peak of the memory of the whole process tree in MiB (sum of PSS), when it was asked for.
    """

    wall: float
    cpu: float
    code: int
    output: str
    peak: float | None = None


def run(argv: Sequence[str | Path], cwd: Path, environment: Mapping[str, str], *, memory: bool = False) -> Sample:
    """Run a command to its end; `memory` samples the tree from /proc, which disturbs the times a little."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in argv],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with _ended_with_us(child):
            peak = _watch(child.pid) if memory else None
            _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Sample(wall, usage.ru_utime + usage.ru_stime, child.returncode, text, peak)


def can_watch() -> bool:
    """Whether this system tells the memory of a process tree."""
    return Path("/proc/self/smaps_rollup").exists()


@contextlib.contextmanager
def _ended_with_us(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """An interrupt of the benchmark, or a command that hangs, ends the command."""

    def stop(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_TIMEOUT)
    try:
        yield
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)  # it may have children in other sessions: let it end them
        child.wait()
        raise
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def _watch(pid: int) -> float:
    """The highest sum of PSS in MiB, sampled until `pid` has ended (it stays unwaited for)."""
    peak = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        peak = max(peak, sum(_pss(member) for member in _tree(pid)))
        time.sleep(_SAMPLE_EVERY)
    return peak / 1024


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  (fifty times a second)
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                status = Path(f"/proc/{name}/stat").read_bytes()
                parent = int(status[status.rindex(b")") + 2 :].split()[1])
                children.setdefault(parent, []).append(int(name))
    members, waiting = [], [root]
    while waiting:
        member = waiting.pop()
        members.append(member)
        waiting += children.get(member, [])
    return members


def _pss(pid: int) -> int:
    """Proportional set size in KiB: pages that processes share are counted once."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1])
    return 0
