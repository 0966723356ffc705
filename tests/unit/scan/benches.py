"""A small clean package, and a scan of it whose tools are scripts that the test writes."""

from __future__ import annotations

import atexit
import functools
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lockgate.ports.process import Cancel
from lockgate.ports.pyproject import read_project
from lockgate.scan.answer import BrokenError
from lockgate.scan.context import Context, Wishes
from lockgate.scan.toolbox import Toolbox
from tests.support import commit, package

LOCK = """\
version = 1
revision = 3
requires-python = ">=3.8"

[[package]]
name = "sample"
version = "1.0"
source = { editable = "." }
"""
WORKFLOW = """\
name: tests
on: push
permissions: {}
jobs:
  test:
    runs-on: ubuntu-24.04
    permissions:
      contents: read  # to check out
    steps:
      - run: make test
"""
FILES: Mapping[str, str] = {"uv.lock": LOCK, ".github/workflows/tests.yml": WORKFLOW}


def clean_package(root: Path, table: str = '[tool.lockgate.scan]\ntimeout = "20s"\n') -> Path:
    """The package, committed; its table may differ from what was committed."""
    shutil.copytree(_template(), root, symlinks=True, dirs_exist_ok=True)
    return package(root, table, **{name.replace("/", "__"): text for name, text in FILES.items()})


@functools.cache
def _template() -> Path:
    """Made once in each process: git takes longer than all that is tested."""
    root = Path(tempfile.mkdtemp(prefix="lockgate-template-")) / "sample"
    atexit.register(shutil.rmtree, root.parent, ignore_errors=True)
    package(root, **{name.replace("/", "__"): text for name, text in FILES.items()})
    return commit(root)


class Scripts(Toolbox):
    """A toolbox of scripts in `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Cancel(), lambda _what: None)
        self.folder = folder

    def program(self, name: str) -> Path:
        """The script; a tool that the test did not write is missing."""
        if not (self.folder / name).exists():
            raise BrokenError(f"{name} is missing")
        return self.folder / name

    def put(self, name: str, out: str = "", err: str = "", end: str = "exit 0") -> Path:
        """Write a script that says `out` and `err` and ends with `end`."""
        self.folder.mkdir(exist_ok=True)
        script = self.folder / name
        script.write_text(f"#!/bin/sh\nprintf %s {shlex.quote(out)}\nprintf %s {shlex.quote(err)} >&2\n{end}\n")
        script.chmod(0o755)
        return script


def bench(root: Path, toolbox: Toolbox, wishes: Wishes | None = None) -> Context:
    """A scan of the package in `root`."""
    folder = root.parent / "run"
    folder.mkdir(exist_ok=True)
    return Context(project=read_project(root), folder=folder, toolbox=toolbox, cancel=Cancel(), wishes=wishes)
