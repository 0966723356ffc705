"""The whole thing, in a process of its own that only the environment configures."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Read

PROGRAM = """
from mypylogger import get_logger
log = get_logger("app")
log.debug("caf\\u00e9", extra={"user": 3})
log.info("done")
"""


def run(**env: str) -> tuple[str, str]:
    """Run the program, with every Python warning an error; return its stdout and stderr."""
    done = subprocess.run(  # noqa: S603 - the program is ours
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env={**os.environ, "PYTHONIOENCODING": "ascii", **env},
        capture_output=True,
        check=True,
        encoding="ascii",
    )
    return done.stdout, done.stderr


def test_level_and_file(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "app.log"
    assert run(MYPYLOGGER_LEVEL="DEBUG", MYPYLOGGER_FILE=str(path)) == ("", "")
    debug, info = read(path.read_text(encoding="ascii"))
    assert (debug["message"], debug["user"]) == ("caf\u00e9", 3)
    assert info["level"] == "INFO"


def test_bad_values_warn_and_never_crash(read: Read) -> None:
    out, err = run(MYPYLOGGER_LEVEL="loud", MYPYLOGGER_STREAM="stderr", MYPYLOGGER_FILE="/")
    level, file, info = read(err)
    assert out == ""
    assert "MYPYLOGGER_LEVEL='loud' is not one of" in level["message"]
    assert "MYPYLOGGER_FILE cannot be opened" in file["message"]
    assert info["message"] == "done"
