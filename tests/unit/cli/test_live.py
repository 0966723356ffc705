"""The gate on a real terminal: what stands on its screen while it runs and afterwards."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support import command, package, write
from tests.unit.cli.conftest import QUICK
from tests.unit.terminal import Terminal

TESTS = """\
import pathlib

def test_first():
    pass

def test_second():
    pathlib.Path({up!r}).touch()
    open({go!r}).read()
"""


def screen(root: Path, *arguments: str, **environment: str) -> Terminal:
    hidden = {"NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "CI"}
    plain = {name: value for name, value in os.environ.items() if name not in hidden}
    return Terminal(command("gate", *arguments), {**plain, "TERM": "xterm-256color", **environment}, root)


def test_checks_are_followed_line_by_line_and_leave_the_screen_to_the_report(tmp_path: Path) -> None:
    table = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["after", "test"]\ncheck.after.run = ["true"]\n'
    root = package(tmp_path / "package", table)
    names = {"up": str(tmp_path / "up"), "go": str(tmp_path / "go")}
    write(root, {"tests/test_sample.py": TESTS.format(**names)})
    os.mkfifo(tmp_path / "go")  # a file that was not there before would be an input that changed
    with screen(root, "--jobs", "2") as terminal:
        terminal.until(lambda: terminal.shows("test-3.12", "1/2 tests"))
        terminal.until(lambda: terminal.shows("pass", "after"))
        assert len(terminal.lines) == 2
        (tmp_path / "go").write_text("x")
        assert terminal.to_the_end() == 0
        assert not terminal.shows("1/2 tests")
        assert terminal.lines[0].startswith("pass     after ")
        assert re.match(r"pass +test-3\.12 +[\d.]+ s  2 passed · Python 3\.12\.\d+$", terminal.lines[1])
        assert terminal.lines[2].startswith("PASS in ")
        assert len(terminal.lines) == 3
        assert b"\x1b[32m" in terminal.raw

    with screen(root) as terminal:  # all from the cache: no board, no waiting
        assert terminal.to_the_end() == 0
        assert b"\x1b[?25l" not in terminal.raw  # the cursor was never hidden
        assert terminal.shows("PASS in", "2 of 2 from the cache")


@pytest.mark.parametrize(("arguments", "environment"), [(("--no-color",), {}), ((), {"NO_COLOR": "1"})])
def test_without_colours_there_are_none(quick: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    with screen(quick, "bad", *arguments, **environment) as terminal:
        assert terminal.to_the_end() == 1
        assert terminal.lines[0] == "FAIL bad"
        assert re.findall(rb"\x1b\[[0-9;]*m", terminal.raw) == []


def test_verbosely_there_are_lines_instead_of_a_board(quick: Path) -> None:
    with screen(quick, "bad", "-v", NO_COLOR="1") as terminal:
        assert terminal.to_the_end() == 1
        assert b"\x1b" not in terminal.raw
        assert [line for line in terminal.lines if line.startswith("        │")] == ["        │ one", "        │ two"]


def test_a_failure_is_one_block_in_red(tmp_path: Path) -> None:
    with screen(write(tmp_path, {"pyproject.toml": QUICK}), "bad") as terminal:
        assert terminal.to_the_end() == 1
        assert terminal.lines[:5] == [
            "FAIL bad",
            "  `sh -c 'echo one; echo two; exit 3'` ended with exit 3",
            "    │ one",
            "    │ two",
            "    → run just that again: lockgate gate bad",
        ]
        assert b"\x1b[1;31mFAIL bad\x1b[0m" in terminal.raw
