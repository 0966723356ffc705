"""Shows a running gate: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from lockgate.model.duration import human
from lockgate.model.gate import Check
from lockgate.model.shown import printable
from lockgate.ports import clock
from lockgate.ports.console import Console, wants_colour

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Lines:
    """One line when a check ends (and with `-v` when it begins), for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._noted: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to clear."""

    def planned(self, expected: dict[str, float]) -> None:
        """Nothing: the lines say it."""

    def started(self, name: str) -> None:
        """Said with `-v` only."""
        if self._console.verbose:
            self._say(f"…       {name}")

    def noted(self, name: str, what: str) -> None:
        """Said once for each new note."""
        if what and self._noted.get(name) != what:
            self._noted[name] = what
            self._say(f"…       {name}: {what}")

    def progressed(self, name: str, done: int, total: int) -> None:
        """Nothing: a log needs no counting."""

    def finished(self, check: Check, output: str) -> None:
        """The line of a check; with `-v` its output as one block."""
        took = "cached" if check.cached else human(check.seconds)
        reason = f"  {printable(check.reason)}" if check.reason else ""
        block = printable(output.strip()).splitlines() if self._console.verbose else []
        self._say(f"{check.status:7} {check.name:12} {took:>8}{reason}", check.status, block)

    def _say(self, text: str, style: str = "", block: Sequence[str] = ()) -> None:
        if not self._console.quiet:
            with self._lock:
                self._console.say(text, style)
                if block:
                    self._console.say("\n".join(f"        │ {line}" for line in block), "dim")


class _Row:
    """What the board knows of one check."""

    def __init__(self, expected: float) -> None:
        self.expected = expected
        self.begun: float | None = None
        self.note = ""
        self.done = self.total = 0
        self.check: Check | None = None


class Board:
    """One line per check, redrawn ten times a second; gone when the gate ends, for the report takes its place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, _Row] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """The screen is taken when the first check runs: a run that is all cached needs none."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the screen as it was."""
        if self._live is not None:
            self._live.stop()

    def planned(self, expected: dict[str, float]) -> None:
        """Lay out the rows."""
        self._rows = {name: _Row(seconds) for name, seconds in expected.items()}

    def started(self, name: str) -> None:
        """The row's clock runs."""
        self._rows[name].begun = clock.monotonic()
        if self._live is None:
            self._open()

    def noted(self, name: str, what: str) -> None:
        """Shown in the row; the clock restarts when a note ends and the check itself begins."""
        row = self._rows[name]
        if row.note and not what:
            row.begun = clock.monotonic()
        row.note = what

    def progressed(self, name: str, done: int, total: int) -> None:
        """Shown in the row."""
        self._rows[name].done, self._rows[name].total = done, total

    def finished(self, check: Check, output: str) -> None:  # noqa: ARG002  (the report shows outputs)
        """The row's last state."""
        self._rows[check.name].check = check

    def _open(self) -> None:
        from rich.console import Console as RichConsole  # 50 ms, needed only on a terminal
        from rich.live import Live

        # Rich would leave bold and dim in where colours are not wanted.
        coloured = wants_colour(sys.stderr, forbidden=self._console.no_color)
        console = RichConsole(stderr=True, color_system="auto" if coloured else None)
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=10, transient=True)
        self._live.start()

    def _draw(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        spinner = _SPINNER[int(clock.monotonic() * 10) % len(_SPINNER)]
        styles = {"pass": "green", "fail": "bold red", "unknown": "bold yellow", "skipped": "yellow"}
        for name, row in self._rows.items():
            if row.check is not None:
                took = "cached" if row.check.cached else human(row.check.seconds)
                mark = Text(row.check.status, style=styles.get(row.check.status, ""))
                table.add_row(mark, Text(name), Text(took, justify="right"), Text(printable(row.check.reason or "")))
            elif row.begun is None:
                table.add_row(
                    Text("·", style="dim"),
                    Text(name, style="dim"),
                    Text(""),
                    Text(_expected(row), style="dim"),
                )
            else:
                took = human(clock.monotonic() - row.begun)
                table.add_row(
                    Text(spinner, style="cyan"), Text(name), Text(took, justify="right"), Text(_progress(row))
                )
        return table


def _expected(row: _Row) -> str:
    return f"about {human(row.expected)}" if row.expected else ""


def _progress(row: _Row) -> str:
    if row.note:
        return row.note
    counted = f"{row.done}/{row.total} tests" if row.total else ""
    return " · ".join(part for part in (counted, _expected(row)) if part)


def open_display(console: Console) -> Lines | Board:
    """The display that fits where standard error goes."""
    return Board(console) if console.is_live and not console.verbose else Lines(console)
