from __future__ import annotations

import os
from pathlib import Path

import pytest

from lockgate.gate.environments import _explain, _made_by, _requirement_files, _version_lines
from lockgate.ports.interpreters import Interpreter
from lockgate.ports.process import Finished
from lockgate.ports.tree import snapshot
from tests.support import write

# What uv says (shortened), and what the gate makes of it.
SAID = {
    "a stale lock": (
        "Resolved 5 packages\nerror: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.",
        ("fail", "uv.lock does not match pyproject.toml; run `uv lock` and commit it"),
    ),
    "a full disk": (
        "error: Failed to install: x.whl\n  Caused by: failed to write: No space left on device (os error 28)",
        (
            "unknown",
            "the disk is full; free some space: Caused by: failed to write: No space left on device (os error 28)",
        ),
    ),
    "a full quota": (
        "error: Disk quota exceeded (os error 122)",
        ("unknown", "the disk is full; free some space: Disk quota exceeded (os error 122)"),
    ),
    "no network": (
        "error: Failed to fetch: `https://index.invalid/x/`\n  Caused by: dns error",
        ("unknown", "the package index could not be reached: Caused by: dns error"),
    ),
    "a broken build": (
        "  \u00d7 Failed to build `sample==1.0`\n  ├─▶ The build backend returned an error\n",
        ("fail", "sample==1.0 does not build"),
    ),
    "a broken build without a name": (
        "error: Build backend failed to build wheel",
        ("fail", "wheel does not build"),
    ),
    "a contradiction": (
        "  \u00d7 No solution found when resolving dependencies:\n  ╰─▶ Because x>=2 requires Python>=3.9 …",
        ("fail", "its requirements cannot be met on this Python"),
    ),
    "a damaged lock": (
        "error: Failed to parse `uv.lock`\n  Caused by: TOML parse error at line 1, column 4",
        ("fail", "uv.lock cannot be read; run `uv lock` and commit it"),
    ),
    "anything else": ("\nnote: x\nerror: Whatever it is\n", ("unknown", "uv sync failed (exit 2): Whatever it is")),
    "nothing at all": ("", ("unknown", "uv sync failed (exit 2): no message")),
}


@pytest.mark.parametrize("name", SAID)
def test_what_uv_says_decides_whether_the_package_is_at_fault(name: str) -> None:
    said, expected = SAID[name]
    error = _explain(Finished(code=2, output=said), ["sync", "--locked"])
    assert (error.status, error.reason) == expected
    assert error.output == said


def test_a_uv_that_does_not_start_or_end_is_unknown() -> None:
    not_started = _explain(Finished(code=None, output="", error="uv: Permission denied"), ["sync"])
    assert (not_started.status, not_started.reason) == ("unknown", "uv could not be started: uv: Permission denied")
    endless = _explain(Finished(code=-15, output="x", timed_out=True), ["sync"])
    assert (endless.status, endless.reason) == ("unknown", "uv sync did not end within 30 minutes")


def test_requirement_files_are_followed_to_those_that_they_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "dev.txt": "-r base.txt\n  -c sub/limits.txt  # why\n--requirement=more.txt\n# -r no.txt\n-rclose.txt\n",
            "base.txt": "--constraint gone.txt\n",
            "more.txt": "-r dev.txt\n",  # in a circle
            "close.txt": "",
            "sub/limits.txt": "-r beside.txt\n",
            "sub/beside.txt": "",
        },
    )
    found = [path.relative_to(tmp_path).as_posix() for path in _requirement_files(tmp_path / "dev.txt")]
    names = ["dev.txt", "base.txt", "gone.txt", "sub/limits.txt", "sub/beside.txt", "more.txt", "close.txt"]
    assert found == names


def test_versions_are_read_where_build_backends_read_them(tmp_path: Path) -> None:
    files = {
        "src/a/__init__.py": 'import os\n__version__ = "1"\nx = 1\n',
        "src/a/_version.py": '  version: str = "2"\n',
        "src/a/__about__.py": 'VERSION="3"\n',
        "VERSION": "4\n",
        "src/a/other.py": '__version__ = "5"\n',
        "src/a/versions.py": '__version__ = "6"\n',
    }
    root = write(tmp_path, files)
    assert _version_lines(root, snapshot(root)) == [
        b"4\n",
        b'VERSION="3"',
        b'__version__ = "1"',
        b'version: str = "2"',
    ]
    tree = snapshot(root)
    (root / "VERSION").unlink()
    assert b"4\n" not in _version_lines(root, tree)  # gone meanwhile


def test_an_environment_belongs_to_the_interpreter_that_it_was_made_with(tmp_path: Path) -> None:
    real = write(tmp_path, {"opt/python3.12": "x", "env/pyvenv.cfg": "home = /opt\nversion_info = 3.12.1\n"})
    (tmp_path / "env/bin").mkdir()
    (tmp_path / "env/bin/python").symlink_to(real / "opt/python3.12")
    path = os.path.realpath(real / "opt/python3.12")
    assert _made_by(tmp_path / "env", Interpreter(path, "3.12.1", "", ""))
    assert not _made_by(tmp_path / "env", Interpreter(path, "3.12.2", "", ""))  # upgraded in place
    assert not _made_by(tmp_path / "env", Interpreter("/elsewhere/python3.12", "3.12.1", "", ""))
    (tmp_path / "env/pyvenv.cfg").unlink()
    assert not _made_by(tmp_path / "env", Interpreter(path, "3.12.1", "", ""))
