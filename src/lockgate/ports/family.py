"""Ends a process with everything it started, also what left its session or was orphaned.

Three nets, each catching what the one before lets through: the process group, an environment variable that
every descendant inherits, and (on Linux) adoption: lockgate is the subreaper of its orphans.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from lockgate.ports import clock

VARIABLE = "LOCKGATE_FAMILY"
RUN = uuid.uuid4().hex
_PR_SET_CHILD_SUBREAPER = 36


def new_marker() -> str:
    """A value for `VARIABLE` that is unique to one command of this lockgate."""
    return f"{RUN}-{uuid.uuid4().hex[:12]}"


class Adoption:
    """While it lasts, lockgate instead of init becomes the parent of orphaned descendants; at its end they are ended.

    This catches what left its session and even dropped its environment. Linux only; elsewhere nothing happens.
    """

    def __enter__(self) -> None:
        """Begin to adopt."""
        self._before = frozenset(_children_of(os.getpid()))
        self._adopting = _set_subreaper(on=True)

    def __exit__(self, *_: object) -> None:
        """End the adopted that are left."""
        if not self._adopting:
            return
        orphans = [pid for pid in _children_of(os.getpid()) if pid not in self._before]
        for pid in [*(one for orphan in orphans for one in _descendants(orphan)), *orphans]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        _reap(orphans, wait=True)
        _set_subreaper(on=False)


def _set_subreaper(*, on: bool) -> bool:
    """Whether the kernel agreed."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes  # 5 ms, needed only where something runs

    try:
        return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def end(child: subprocess.Popen[bytes], marker: str, grace: Callable[[], float]) -> int:
    """End `child` and its family: SIGTERM, then SIGKILL after `grace()` seconds; returns how many outlived it.

    A child that has already ended leaves only its survivors to end.
    """
    was_running = not _over(child)
    group = [child.pid] if was_running else []
    survivors = _marked(marker, child.pid)
    if was_running or survivors or _group_alive(child.pid):
        _signal_all(group, survivors, child.pid, signal.SIGTERM)
        started = clock.monotonic()
        while _any_alive(child, survivors) and clock.monotonic() - started < grace():
            threading.Event().wait(0.02)
        stubborn = _marked(marker, child.pid)
        _signal_all(group, [*survivors, *stubborn], child.pid, signal.SIGKILL)
    child.wait()
    _reap(survivors)
    return 0 if was_running else len(survivors)


def end_run(run: str) -> None:
    """End what a lockgate that was killed has left behind; `run` is its `RUN`."""
    marked = _marked(f"{run}-", leader=0)
    for pid in [*(one for parent in marked for one in _descendants(parent)), *marked]:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _signal_all(group: Iterable[int], others: Iterable[int], leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.killpg(leader, number)
    for pid in (*group, *others):
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _group_alive(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except OSError:
        return False
    return True


def _any_alive(child: subprocess.Popen[bytes], others: list[int]) -> bool:
    _reap(others)
    return not _over(child) or _group_alive(child.pid) or any(_alive(pid) for pid in others)


def _over(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child has ended; adopted members of its group that have ended too are collected."""
    if child.poll() is None:
        return False
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-child.pid, os.WNOHANG)[0]:
            continue
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _reap(pids: Iterable[int], *, wait: bool = False) -> None:
    """Collect adopted children, so that none stays a zombie."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.waitpid(pid, 0 if wait else os.WNOHANG)


def _marked(marker: str, leader: int) -> list[int]:
    """Living processes other than `leader` that carry `marker` in their environment."""
    proc = Path("/proc")
    if not proc.is_dir():
        return _marked_by_ps(marker, leader)
    needle = f"{VARIABLE}={marker}".encode()
    found = []
    for name in os.listdir(proc):  # noqa: PTH208  (names only, at every end of a command)
        if not name.isdigit() or int(name) == leader:
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
                if needle in file.read():
                    found.append(int(name))
        except OSError:
            continue
    return found


def _marked_by_ps(marker: str, leader: int) -> list[int]:  # pragma: no cover  (macOS)
    """The same where there is no /proc (macOS shows the environment of one's own processes)."""
    try:
        listing = subprocess.run(
            ["/bin/ps", "-axEww", "-o", "pid=,command="], capture_output=True, check=False, timeout=10
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = [line.split(None, 1) for line in listing.splitlines() if f"{VARIABLE}={marker}" in line]
    return [int(parts[0]) for parts in lines if parts and parts[0].isdigit() and int(parts[0]) != leader]


def _children_of(parent: int) -> list[int]:
    """Direct children, read from /proc (Linux)."""
    if not Path("/proc").is_dir():
        return []
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                status = Path(f"/proc/{name}/stat").read_bytes()
                # The command's name stands in parentheses and may hold anything: cut behind the last one.
                if int(status[status.rindex(b")") + 2 :].split()[1]) == parent:
                    found.append(int(name))
    return found


def _descendants(parent: int) -> list[int]:
    children = _children_of(parent)
    return [*children, *(pid for child in children for pid in _descendants(child))]
