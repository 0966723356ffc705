"""A real terminal: a pseudo terminal whose screen can be looked at while a program draws on it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

LINES, COLUMNS = 30, 110


class Terminal:
    """A program on a terminal of 30 lines; its standard input is a pipe unless `stdout` alone is the terminal."""

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], cwd: Path, *, stdout: int | None = None
    ) -> None:
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            argv,
            env=environment,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        os.close(self._master)

    def type(self, line: str) -> None:
        """Give the program a line to read."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, without empty lines and trailing blanks."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def shows(self, *texts: str) -> bool:
        """Whether one line of the screen holds all of `texts`."""
        return any(all(text in line for text in texts) for line in self.lines)

    def until(self, happened: Callable[[], bool], seconds: float = 60) -> None:
        """Draw what the program writes until something has happened on the screen."""
        end = time.monotonic() + seconds
        while not happened():
            if not self._draw(end):
                break
        assert happened(), "\n".join(self.lines)

    def to_the_end(self, seconds: float = 60) -> int:
        """Draw all that the program still writes; returns its exit code."""
        end = time.monotonic() + seconds
        while self._draw(end):
            continue
        return self.process.wait(timeout=max(0.1, end - time.monotonic()))

    def _draw(self, end: float) -> bool:
        """Draw a little; False at the end of the program's output or of the time."""
        if not select.select([self._master], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            chunk = os.read(self._master, 1 << 16)
        except OSError:  # how Linux tells that nobody has the terminal open any more
            return False
        self.raw += chunk
        self._stream.feed(chunk)
        return bool(chunk)
