from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockgate.model.gate import Check
from lockgate.ports.console import Console
from lockgate.ports.display import Lines, open_display
from tests.unit.terminal import Terminal

# Does what it is told, line by line, and says when it is done.
PUPPET = """
import json, sys
import msgspec
from lockgate.model.gate import Check
from lockgate.ports.console import Console
from lockgate.ports.display import open_display
options = json.loads(sys.argv[1])
with open_display(Console(**options)) as display:
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        if name == "finished":
            arguments[0] = msgspec.convert(arguments[0], Check)
        getattr(display, name)(*arguments)
print("the report")
"""


@contextmanager
def board(cwd: Path, *, options: dict[str, bool] | None = None, **environment: str) -> Iterator[Terminal]:
    plain = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "CI"}}
    environment = {**plain, "TERM": "xterm-256color", **environment}
    with Terminal([sys.executable, "-c", PUPPET, json.dumps(options or {})], environment, cwd) as terminal:
        yield terminal


def tell(terminal: Terminal, *call: object) -> None:
    terminal.type(json.dumps(call))


def end(terminal: Terminal) -> int:
    assert terminal.process.stdin is not None
    terminal.process.stdin.close()
    return terminal.to_the_end()


def test_the_board_has_one_line_per_check_with_its_state_and_leaves_the_screen_to_the_report(tmp_path: Path) -> None:
    with board(tmp_path) as terminal:
        tell(terminal, "planned", {"lint": 0.2, "test-3.12": 3.0, "coverage": 0.0})
        tell(terminal, "started", "lint")
        tell(terminal, "started", "test-3.12")
        terminal.until(lambda: terminal.shows("lint", " s ", "about 0.20 s"))
        terminal.until(lambda: terminal.shows("·", "coverage"))  # waits
        assert len(terminal.lines) == 3

        tell(terminal, "noted", "test-3.12", "installing")
        terminal.until(lambda: terminal.shows("test-3.12", "installing"))
        tell(terminal, "noted", "test-3.12", "")
        tell(terminal, "progressed", "test-3.12", 7, 61)
        terminal.until(lambda: terminal.shows("test-3.12", "7/61 tests", "about 3.00 s"))

        tell(terminal, "finished", {"name": "lint", "status": "fail", "seconds": 0.25, "reason": "so it is"}, "output")
        terminal.until(lambda: terminal.shows("fail", "lint", "0.25 s", "so it is"))
        tell(terminal, "finished", {"name": "coverage", "status": "pass", "cached": True}, "")
        terminal.until(lambda: terminal.shows("pass", "coverage", "cached"))
        assert len(terminal.lines) == 3

        assert end(terminal) == 0
        assert terminal.lines == ["the report"]
        assert b"output" not in terminal.raw
        assert b"\x1b[1;31mfail" in terminal.raw


@pytest.mark.parametrize(("options", "environment"), [({}, {"NO_COLOR": "1"}), ({"no_color": True}, {})])
def test_without_colours_the_board_still_moves(
    tmp_path: Path, options: dict[str, bool], environment: dict[str, str]
) -> None:
    with board(tmp_path, options=options, **environment) as terminal:
        tell(terminal, "planned", {"lint": 0.0, "types": 0.0})
        tell(terminal, "started", "lint")
        tell(terminal, "finished", {"name": "lint", "status": "fail"}, "")
        terminal.until(lambda: terminal.shows("fail", "lint"))
        assert end(terminal) == 0
        assert terminal.lines == ["the report"]
        assert re.findall(rb"\x1b\[[0-9;]*m", terminal.raw) == []


def test_when_everything_is_known_beforehand_the_screen_is_not_taken(tmp_path: Path) -> None:
    with board(tmp_path) as terminal:
        tell(terminal, "planned", {"lint": 0.2})
        tell(terminal, "finished", {"name": "lint", "status": "pass", "cached": True}, "")
        assert end(terminal) == 0
        assert terminal.raw == b"the report\r\n"


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ({"verbose": True}, {}, ["…       lint", "pass    lint           0.10 s", "        │ one", "        │ two"]),
        ({}, {"TERM": "dumb"}, ["pass    lint           0.10 s"]),
        ({"quiet": True}, {}, []),
    ],
)
def test_where_nothing_can_or_should_move_there_are_lines(
    tmp_path: Path, options: dict[str, bool], environment: dict[str, str], expected: list[str]
) -> None:
    with board(tmp_path, options=options, **environment) as terminal:
        tell(terminal, "planned", {"lint": 0.2})
        tell(terminal, "started", "lint")
        tell(terminal, "progressed", "lint", 1, 2)
        tell(terminal, "finished", {"name": "lint", "status": "pass", "seconds": 0.1}, "\none\ntwo\n\n")
        assert end(terminal) == 0
        assert terminal.lines == [*expected, "the report"]


def test_in_a_log_every_end_and_every_new_note_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with open_display(Console(no_color=True)) as display:
        assert isinstance(display, Lines)
        display.planned({"test-3.8": 0.0})
        display.started("test-3.8")
        for note in ("installing", "installing", "", "fetching", "installing"):
            display.noted("test-3.8", note)
        display.finished(Check(name="test-3.8", status="unknown", seconds=61, reason="why"), "its output")
        display.finished(Check(name="lint", status="pass", cached=True), "")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "…       test-3.8: installing",
        "…       test-3.8: fetching",
        "…       test-3.8: installing",
        "unknown test-3.8     1 min 01 s  why",
        "pass    lint           cached",
    ]


def test_blocks_of_checks_that_end_together_do_not_mix(capfd: pytest.CaptureFixture[str]) -> None:
    display = Lines(Console(no_color=True, verbose=True))

    def finish(name: str) -> None:
        for _ in range(20):
            display.finished(Check(name=name, status="pass"), "\n".join([f"says {name}"] * 50))

    threads = [threading.Thread(target=finish, args=(f"check-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 4 * 20 * 51
    for at in range(0, len(lines), 51):
        name = lines[at].split()[1]
        assert lines[at + 1 : at + 51] == [f"        │ says {name}"] * 50


def test_where_there_is_no_terminal_there_is_no_board() -> None:
    code = "from lockgate.ports.console import Console; from lockgate.ports.display import open_display; "
    code += "print(type(open_display(Console())).__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"Lines\n"
