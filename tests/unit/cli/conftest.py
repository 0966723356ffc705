"""The command line in this process, and packages whose gate takes a quarter of a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lockgate.cli import run
from tests.support import Ran, write

Cli = Callable[..., Ran]

QUICK = """\
[project]
name = "quick"
version = "1"

[tool.lockgate]
python = ["3.12"]
checks = ["good", "bad"]

[tool.lockgate.check.good]
run = ["echo", "all is well"]

[tool.lockgate.check.bad]
run = ["sh", "-c", "echo one; echo two; exit 3"]
"""


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run lockgate here; what it wrote is taken from the file descriptors, as a shell would."""
    for name in ("FORCE_COLOR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: object) -> Ran:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        said = capfd.readouterr()
        return Ran(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two custom checks, one of which fails; its environment is made once."""
    return write(tmp_path_factory.mktemp("quick"), {"pyproject.toml": QUICK})
