"""Folders whose package changes from test to test while its environment stays: a gate takes half a second."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.e2e import by_hand
from tests.support import PYPROJECT, Ran, gate, write

SOURCE = """\
def double(number: int) -> int:
    return 2 * number


def half(number: int) -> float:
    return number / 2


def never() -> None:
    raise RuntimeError
"""
NEVER = [[10, 10]]
TEST_DOUBLE = """\
from sample import double


def test_double() -> None:
    assert double(2) == 4
"""
TEST_HALF = """\
from sample import half


def test_half() -> None:
    assert half(2) == 1
"""
# How often its tests ran stands outside the project.
FLAKY = """\
import pathlib

import pytest

COUNT = pathlib.Path({count!r})


@pytest.fixture
def runs():
    runs = int(COUNT.read_text()) if COUNT.exists() else 0
    COUNT.write_text(str(runs + 1))
    return runs
"""
PLUGINS = ("pytest-cov", "pytest-xdist", "pytest-randomly", "pytest-timeout", "pytest-asyncio")


class Place:
    """A folder whose package changes from test to test while its environment stays."""

    def __init__(self, root: Path, packages: tuple[str, ...], python: str) -> None:
        self.root = root
        self.count = root.parent / f"{root.name}.count"
        self._packages = packages
        self._python = python
        self._put: frozenset[str] = frozenset()

    def put(
        self,
        files: Mapping[str, str] | None = None,
        *,
        addopts: str | None = None,
        toml: str = "",
        table: str = "",
        measure: str = 'source = ["sample"]',
        project: str = PYPROJECT,
        own: bool = True,
    ) -> None:
        """Replace the package: two modules of tests that leave one line uncovered, unless `own` says otherwise."""
        self.root.mkdir(exist_ok=True)
        for entry in self.root.iterdir():
            if entry.is_dir() and entry.name != ".lockgate":
                shutil.rmtree(entry)
            elif entry.is_file():
                entry.unlink()
        self.count.unlink(missing_ok=True)
        if addopts is not None:
            toml += f"\n[tool.pytest.ini_options]\naddopts = {json.dumps(addopts)}\n"
        table = table or "[tool.lockgate.coverage]\nthreshold = 50\n"
        lockgate_table = (
            f'[tool.lockgate]\npython = ["{self._python}"]\npackages = {json.dumps(self._packages)}\n{table}'
        )
        content = {"pyproject.toml": f"{project}\n{lockgate_table}\n[tool.coverage.run]\n{measure}\n{toml}"}
        if own:
            content["src/sample/__init__.py"] = SOURCE
            content["tests/test_double.py"] = TEST_DOUBLE
            content["tests/test_half.py"] = TEST_HALF
        write(self.root, {**content, **(files or {})})
        self._put = self._files()

    def flaky(self, body: str, **more: Any) -> None:  # noqa: ANN401
        """Put a package with a test module that counts its runs; `body` uses the fixture `runs`."""
        reruns = more.pop("reruns", 2)
        table = f"[tool.lockgate.test]\nreruns = {reruns}\n[tool.lockgate.coverage]\nthreshold = 50\n"
        files = {"tests/test_flaky.py": FLAKY.format(count=str(self.count)) + body, **more.pop("files", {})}
        self.put(files, table=table, **more)

    def gate(self, *arguments: str) -> Ran:
        """A fresh gate of these checks (default: the tests and coverage) that leaves nothing behind in the folder."""
        ran = gate(self.root, "--fresh", *(arguments or ("test", "coverage")))
        assert self._files() - self._put == set()
        return ran

    def by_hand(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What a person sees who runs pytest in the cell's environment."""
        python = str(self.root / ".lockgate/envs" / self._python / "bin/python")
        return by_hand.run(self.root, python, "-m", "pytest", "-p", "no:cacheprovider", *arguments)

    def _files(self) -> frozenset[str]:
        paths = (Path(folder) / name for folder, _, names in os.walk(self.root) for name in names)
        relative = (path.relative_to(self.root) for path in paths)
        return frozenset(str(path) for path in relative if not {".lockgate", "__pycache__"} & set(path.parts))


Makes = Callable[..., Place]


def cell(ran: Ran, name: str = "test-3.12") -> dict[str, Any]:
    """The check of a cell."""
    return ran.check(name)


def counts(ran: Ran, name: str = "test-3.12") -> dict[str, int]:
    """A cell's counts without the zeros."""
    tests = cell(ran, name)["tests"] or {}
    return {kind: number for kind, number in tests.items() if number}


def uncovered(ran: Ran) -> list[list[int]]:
    """Lines that coverage misses in the only module."""
    (missing,) = ran.document["coverage"]["missing"]
    assert missing["path"].endswith("sample/__init__.py")
    lines: list[list[int]] = missing["lines"]
    return lines
