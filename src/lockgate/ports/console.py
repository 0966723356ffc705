"""The terminal: what it can show, and in which colours."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

_STYLES = {"pass": "32", "fail": "1;31", "unknown": "1;33", "skipped": "33", "dim": "2", "bold": "1"}


def wants_colour(stream: TextIO, environment: Mapping[str, str] = os.environ, *, forbidden: bool = False) -> bool:
    """Whether to colour: never with `--no-color` or NO_COLOR, always with FORCE_COLOR, else on a terminal."""
    if forbidden or environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


class Console:
    """Results to standard output, everything else to standard error."""

    def __init__(self, *, no_color: bool = False, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.no_color = no_color

    def paint(self, text: str, style: str, *, stream: TextIO | None = None) -> str:
        """`text` in a style, as far as the stream (standard output by default) shows colours."""
        code = _STYLES.get(style)
        if code is None or not wants_colour(stream or sys.stdout, forbidden=self.no_color):
            return text
        return f"\x1b[{code}m{text}\x1b[0m"

    def result(self, text: str) -> None:
        """Write to standard output; what its encoding cannot show is written as escapes."""
        _write(sys.stdout, text)

    def document(self, text: str) -> None:
        """Write what programs read to standard output: UTF-8 whatever the terminal shows."""
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", errors="backslashreplace"))
        sys.stdout.buffer.flush()

    def say(self, text: str, style: str = "") -> None:
        """One line to standard error; when nobody reads it any more, or the disk is full, that is no reason to stop."""
        try:
            _write(sys.stderr, self.paint(text, style, stream=sys.stderr) + "\n")
        except OSError:
            forget(sys.stderr.fileno())

    @property
    def is_live(self) -> bool:
        """Whether lines on standard error can be drawn over."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def forget(descriptor: int) -> None:
    """Let what goes to an output without a reader go nowhere: Python would complain of it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, errors="backslashreplace").decode(encoding))
    stream.flush()
