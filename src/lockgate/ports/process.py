"""Child processes that end: each in a session of its own, with a deadline, a bounded output and no survivors."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from lockgate.ports import clock, family

_TICK = 0.1
_GRACE = 3.0
_HEAD_BYTES = 64 * 1024
_TAIL_BYTES = 256 * 1024
_STDERR_BYTES = 64 * 1024 * 1024


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What to run.

    Attributes:
        environment: The whole environment of the child; nothing is inherited.
        timeout: Seconds, or None.
        split: Keep standard output and standard error apart (output up to 64 MiB is then kept whole).
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    timeout: float | None = None
    split: bool = False


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended.

    Attributes:
        code: Exit code, negative for a signal, None when the program could not be started.
        output: Standard output (with standard error, unless split); a long one without its middle.
        error: Standard error when split, or why the program could not be started.
        dropped: Bytes left out of the middle.
        left_behind: Processes that outlived the command and were ended.
    """

    code: int | None
    output: str
    error: str = ""
    seconds: float = 0.0
    dropped: int = 0
    timed_out: bool = False
    cancelled: bool = False
    left_behind: int = 0


class Cancel:
    """A request to stop, shared by all running commands of a gate."""

    def __init__(self) -> None:
        # No threading.Event: its lock would block for ever when one signal handler interrupts another in set().
        self._asked = False
        self._asked_twice = False

    def set(self) -> None:
        """Ask every command to end (a second time: at once)."""
        if self._asked:
            self._asked_twice = True
        self._asked = True

    def requested(self) -> bool:
        """Whether commands must end."""
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Let time pass; False as soon as commands must end."""
        until = clock.monotonic() + seconds
        while not self._asked and (rest := until - clock.monotonic()) > 0:
            time.sleep(min(rest, _TICK))
        return not self._asked

    def impatient(self) -> bool:
        """Whether the user asked twice."""
        return self._asked_twice


class _Kept:
    """Bytes of a stream: all of a short one, head and tail of a long one."""

    def __init__(self, head: int, tail: int) -> None:
        self._head, self._tail = bytearray(), bytearray()
        self._head_limit, self._tail_limit = head, tail
        self.dropped = 0

    def add(self, chunk: bytes) -> None:
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk
        # Trim rarely: cutting the front of a bytearray at each chunk would cost more than reading it.
        if len(self._tail) > 2 * self._tail_limit:
            self._trim()

    def _trim(self) -> None:
        excess = len(self._tail) - self._tail_limit
        if excess > 0:
            del self._tail[:excess]
            self.dropped += excess

    def text(self) -> str:
        self._trim()
        middle = f"\n[… {self.dropped:,} bytes left out …]\n".encode() if self.dropped else b""
        return (bytes(self._head) + middle + bytes(self._tail)).decode("utf-8", errors="backslashreplace")


def run(command: Command, cancel: Cancel, on_tick: Callable[[], None] = lambda: None) -> Finished:
    """Run `command` to its end, its deadline or a cancel, whichever is first; nothing it started survives.

    `on_tick` is called about ten times a second from the same thread.
    """
    if cancel.requested():
        return Finished(code=None, output="", cancelled=True)
    marker = family.new_marker()
    started = clock.monotonic()
    try:
        child = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env={**command.environment, family.VARIABLE: marker},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if command.split else subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        missing = os.fspath(error.filename or command.argv[0])
        return Finished(code=None, output="", error=f"{missing}: {error.strerror or error}")
    limits = (_STDERR_BYTES, 0) if command.split else (_HEAD_BYTES, _TAIL_BYTES)
    output, error_output = _Kept(*limits), _Kept(_HEAD_BYTES, _TAIL_BYTES)
    timed_out = False
    survivors = 0
    with child, selectors.DefaultSelector() as selector:
        for stream, kept in ((child.stdout, output), (child.stderr, error_output)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, kept)
        try:
            while True:
                _read(selector)
                on_tick()
                timed_out = command.timeout is not None and clock.monotonic() - started > command.timeout
                if child.poll() is not None or timed_out or cancel.requested():
                    break
        finally:
            # The pipes are drained only after the last holder is gone: a daemon may keep them open for ever.
            survivors = family.end(child, marker, lambda: 0.0 if cancel.impatient() else _GRACE)
            with contextlib.suppress(OSError):
                _read(selector, wait=0)
    return Finished(
        code=child.returncode,
        output=output.text(),
        error=error_output.text(),
        seconds=clock.monotonic() - started,
        dropped=output.dropped,
        timed_out=timed_out,
        cancelled=cancel.requested() and not timed_out,
        left_behind=survivors,
    )


def _read(selector: selectors.BaseSelector, wait: float = _TICK) -> None:
    """Read what is there, for one tick at most; streams at their end are taken out of the selector."""
    if not selector.get_map():
        threading.Event().wait(min(wait, 0.01))
        return
    deadline = clock.monotonic() + wait
    while ready := selector.select(max(0.0, deadline - clock.monotonic())):
        for key, _ in ready:
            try:
                chunk = os.read(key.fd, 1 << 16)
            except BlockingIOError:
                continue
            if chunk:
                key.data.add(chunk)
            else:
                selector.unregister(key.fileobj)
        if not selector.get_map() or clock.monotonic() > deadline:
            return


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def signal_name(code: int) -> str:
    """The name of the signal behind a negative exit code, e.g. SIGSEGV."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
