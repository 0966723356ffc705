"""What many tests need: packages on disk, and lockgate run on them as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PYPROJECT = """\
[project]
name = "sample"
version = "1.0"
requires-python = ">=3.8"

[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"
"""
SOURCE = """\
def double(number: int) -> int:
    return 2 * number
"""
TESTS = """\
from sample import double


def test_double() -> None:
    assert double(2) == 4
"""


@dataclass(frozen=True)
class Ran:
    """A finished lockgate."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    def check(self, name: str) -> dict[str, Any]:
        """One check of the JSON document."""
        found: dict[str, Any] = next(check for check in self.document["checks"] if check["name"] == name)
        return found


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files (dedented when text) below `root`."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(textwrap.dedent(content), encoding="utf-8")
    return root


def package(root: Path, table: str = '[tool.lockgate]\npython = ["3.12"]\n', **files: str | bytes) -> Path:
    """A small package that passes lint, format, tests and coverage; `files` (with `__` for `/`) replace or add.

    The default table asks for one cell, so that a gate takes about a second.
    """
    content: dict[str, str | bytes] = {
        "pyproject.toml": PYPROJECT + "\n" + textwrap.dedent(table),
        "src/sample/__init__.py": SOURCE,
        "tests/test_sample.py": TESTS,
    }
    return write(root, {**content, **{name.replace("__", "/"): text for name, text in files.items()}})


def commit(root: Path) -> Path:
    """Make `root` a git repository with everything committed."""
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*git, *command], cwd=root, check=True, capture_output=True)
    return root


def environment(**changes: str | None) -> dict[str, str]:
    """This process's environment with changes; None removes a variable."""
    merged: dict[str, str | None] = {**os.environ, "NO_COLOR": "1", **changes}
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "FORCE_COLOR"):
        if name not in changes:
            merged[name] = None
    return {name: value for name, value in merged.items() if value is not None}


def command(*arguments: str) -> list[str]:
    """The command line of lockgate under test."""
    return [sys.executable, "-m", "lockgate", *arguments]


def lockgate(root: Path, *arguments: str, timeout: float = 120, **changes: str | None) -> Ran:
    """Run lockgate in `root` to its end."""
    done = subprocess.run(
        command(*arguments),
        cwd=root,
        env=environment(**changes),
        capture_output=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def gate(root: Path, *arguments: str, **changes: Any) -> Ran:  # noqa: ANN401
    """`lockgate gate --format json …`."""
    return lockgate(root, "gate", "--format", "json", *arguments, **changes)
