"""A check's context whose tool is a stand-in: it says what the real one says in situations that are hard to come by."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from lockgate.gate.environments import Environment
from lockgate.gate.outcome import Context
from lockgate.gate.plan import Step
from lockgate.ports.interpreters import Interpreter
from lockgate.ports.process import Cancel
from lockgate.ports.pyproject import read_project
from tests.support import write


def context(
    tmp_path: Path, tool: str, out: str = "", err: str = "", code: int = 0, toml: str = "", script: str = ""
) -> Context:
    """A context in whose environment `tool` prints this and ends so; how it was called stands in `calls`."""
    root = tmp_path / "package"
    if not (root / "pyproject.toml").exists():
        write(root, {"pyproject.toml": f"[tool.{tool}]\n{toml}"})
    binary = tmp_path / "environment/bin" / tool
    record = f"printf '%s\\n' \"$*\" >> {shlex.quote(str(tmp_path / 'calls'))}\n"
    say = f"printf %s {shlex.quote(out)}\nprintf %s {shlex.quote(err)} >&2\nexit {code}\n"
    write(tmp_path, {f"environment/bin/{tool}": "#!/bin/sh\n"})
    binary.write_text(f"#!/bin/sh\n{record}{script or say}")
    binary.chmod(0o755)
    return Context(
        project=read_project(root),
        step=Step(tool, "types", "3.12"),
        environment=Environment(
            folder=tmp_path / "environment", interpreter=Interpreter("", "3.12.1", "", ""), identity="", versions={}
        ),
        surroundings={"PATH": os.environ["PATH"]},
        folder=tmp_path,
        memory=tmp_path / "memory",
        cancel=Cancel(),
    )


def calls(tmp_path: Path) -> list[str]:
    """The arguments of each call of the stand-in."""
    return (tmp_path / "calls").read_text().splitlines()
