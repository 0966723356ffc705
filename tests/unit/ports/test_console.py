from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import pytest

from lockgate.ports.console import Console, wants_colour
from tests.unit.terminal import Terminal


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "forbidden", "expected"),
    [
        (Screen(), {}, False, True),
        (Screen(), {"TERM": "xterm"}, False, True),
        (Screen(), {"TERM": "dumb"}, False, False),
        (Screen(), {"NO_COLOR": "1"}, False, False),
        (Screen(), {"NO_COLOR": ""}, False, True),  # no-color.org: when not an empty string
        (Screen(), {}, True, False),
        (io.StringIO(), {}, False, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, False, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours_are_for_terminals_and_for_who_wants_them(
    stream: TextIO, environment: dict[str, str], *, forbidden: bool, expected: bool
) -> None:
    assert wants_colour(stream, environment, forbidden=forbidden) is expected


def test_a_style_that_is_none_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Console().paint("x", "pass") == "\x1b[32mx\x1b[0m"
    assert Console().paint("x", "not a style") == "x"
    assert Console(no_color=True).paint("x", "pass") == "x"


SPEAK = """
from lockgate.ports.console import Console
console = Console()
console.result("→ é ✅\\n")
console.document("→ é ✅\\n")
console.say("→ é ✅ \\udc80", "fail")
"""


def speak(encoding: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "NO_COLOR": "1"}
    return subprocess.run([sys.executable, "-c", SPEAK], env=environment, capture_output=True, check=True)


def test_what_an_encoding_cannot_show_is_written_as_escapes_and_documents_are_utf8_anyway() -> None:
    said = speak("ascii")
    assert said.stdout == b"\\u2192 \\xe9 \\u2705\n" + "→ é ✅\n".encode()
    assert said.stderr == b"\\u2192 \\xe9 \\u2705 \\udc80\n"


def test_what_an_encoding_can_show_is_shown() -> None:
    assert speak("utf-8").stdout == "→ é ✅\n→ é ✅\n".encode()
    assert speak("latin-1").stdout.splitlines()[0] == b"\\u2192 \xe9 \\u2705"


def test_progress_that_nobody_reads_does_not_stop_the_work() -> None:
    code = "from lockgate.ports.console import Console\nfor n in range(9): Console().say('x' * 9999)\nprint('worked')"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=writer, check=False)
    os.close(writer)
    assert (done.returncode, done.stdout) == (0, b"worked\n")


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [("", {}, True), ("", {"TERM": "dumb"}, False), ("quiet=True", {}, False), ("", {"NO_COLOR": "1"}, True)],
)
def test_lines_are_drawn_over_only_on_a_terminal_that_can(
    options: str, environment: dict[str, str], *, expected: bool, tmp_path: Path
) -> None:
    code = f"from lockgate.ports.console import Console; print('live', Console({options}).is_live)"
    plain = {**os.environ, "TERM": "xterm", **environment}
    with Terminal([sys.executable, "-c", code], plain, cwd=tmp_path) as terminal:
        assert terminal.to_the_end() == 0
        assert terminal.lines == [f"live {expected}"]
    elsewhere = subprocess.run([sys.executable, "-c", code], env=plain, capture_output=True, check=True)
    assert elsewhere.stdout == b"live False\n"
