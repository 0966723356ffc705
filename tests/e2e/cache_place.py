"""One project with everything around it: settle its gate, change one input, see which check runs again."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from lockgate.ports.interpreters import Finder
from lockgate.ports.uv import find_uv
from tests.support import Ran, gate, write

TABLE = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["test"]\n'
TEST = "test-3.12"
_RUNS_TO_SETTLE = 3
_GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always")


@functools.cache
def interpreter() -> str:
    """The CPython 3.12 that lockgate would take, by its path."""
    with tempfile.TemporaryDirectory() as folder:
        found = Finder(Path(folder) / "memory.json").find("3.12")
    assert found is not None, "these tests need a CPython 3.12"
    return found.path


@functools.cache
def _uv_cache() -> str:
    """The user's uv cache: a fake home must not make every test download pytest again."""
    done = subprocess.run([find_uv(), "cache", "dir"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def run(folder: Path, *command: str) -> None:
    """Run a command that must succeed; `git` gets an author and may use local submodules."""
    words = [*_GIT, *command[1:]] if command[0] == "git" else list(command)
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


@dataclass(frozen=True)
class Place:
    """A folder with a project in it, a home of its own, and room for what lies outside the project.

    `checks` are what its gate runs; `environment` what its gate is started with.
    """

    top: Path
    checks: tuple[str, ...] = (TEST,)
    environment: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The project."""
        return self.top / "project"

    @property
    def home(self) -> Path:
        """The user's home."""
        return self.top / "home"

    @property
    def env(self) -> Path:
        """The cell's environment."""
        return self.root / ".lockgate/envs/3.12"

    def surroundings(self, **changes: str | None) -> dict[str, str | None]:
        """The environment variables, without the real user's own settings."""
        self.home.mkdir(exist_ok=True)
        return {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": None,
            # The pytest that runs this sets it anew for each test.
            "PYTEST_CURRENT_TEST": None,
            "UV_CACHE_DIR": _uv_cache(),
            "PATH": f"{Path(interpreter()).parent}:{find_uv().parent}:{os.environ['PATH']}",
            **self.environment,
            **changes,
        }

    def gate(self, *arguments: str, **changes: str | None) -> Ran:
        """`lockgate gate` with this place's checks, all of them to the end."""
        return gate(self.root, *self.checks, "--keep-going", *arguments, **self.surroundings(**changes))

    def settle(self, *arguments: str, **changes: str | None) -> None:
        """Run the gate until everything shows cached, and see that it stays so."""
        ran = self.gate(*arguments, **changes)
        if not all_cached(ran):
            for _ in range(_RUNS_TO_SETTLE - 1):
                ran = self.gate(*arguments, **changes)
            assert all_cached(ran), shown(ran)

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Put everything but lockgate's state back afterwards: other files with the same content."""
        with tempfile.TemporaryDirectory() as spare:
            copy = Path(spare) / "copy"
            shutil.copytree(self.top, copy, symlinks=True, ignore=shutil.ignore_patterns(".lockgate"))
            try:
                yield
            finally:
                for entry in (*self.top.iterdir(), *self.root.iterdir()):
                    if entry not in {self.root, self.root / ".lockgate"}:
                        _remove(entry)
                shutil.copytree(copy, self.top, symlinks=True, dirs_exist_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def executed(ran: Ran) -> list[dict[str, Any]]:
    """The checks that were asked for."""
    return [check for check in ran.document["checks"] if check["status"] != "not-run"]


def shown(ran: Ran) -> str:
    """What a failed assertion needs to say of a gate."""
    lines = [
        f"{check['name']} {check['status']} cached={check['cached']} {check['reason']} "
        f"{[problem['message'] for problem in check['problems']]}"
        for check in executed(ran)
    ]
    return "\n".join([*lines, ran.err])


def all_cached(ran: Ran) -> bool:
    """Whether nothing was run again."""
    assert executed(ran), ran.err
    return all(check["cached"] and check["status"] == "pass" for check in executed(ran))


def some(names: Iterable[str], always: Collection[str]) -> list[ParameterSet]:
    """Parameters of which only those in `always` run every time; the others go the same ways with the slow tests."""
    names = list(names)
    assert set(always) <= set(names), f"misspelt: {set(always) - set(names)}"
    return [pytest.param(name, marks=() if name in always else pytest.mark.slow) for name in names]


Change = Callable[[Place], Mapping[str, str | None] | None]
"""Changes one input of a place, or says which environment variables are to change."""


def assert_input(place: Place, change: Change, *, fails: str, check: str = TEST) -> None:
    """`change` is an input of `check`: it runs again, and says what the change broke (`fails`)."""
    place.settle()
    with place.restored():
        ran = place.gate(**(change(place) or {}))
        found = ran.check(check)
        assert not found["cached"], f"{check} was not run again: {shown(ran)}"
        assert found["status"] == "fail", shown(ran)
        assert fails in f"{found['reason']} {found['problems']}"


def assert_not_an_input(place: Place, change: Change) -> None:
    """`change` reaches no check: nothing is run again, and a run that looks nothing up passes too."""
    place.settle()
    with place.restored():
        changes = change(place) or {}
        ran = place.gate(**changes)
        assert all_cached(ran), shown(ran)
        assert place.gate("--fresh", **changes).code == 0


def text_at(path: str, text: str = "another") -> Change:
    """Give a file, below the folder that holds the project, another content, or make it."""

    def change(place: Place) -> None:
        write(place.top, {path: text})

    return change


def text_added(path: str, text: str) -> Change:
    """Add to a file."""

    def change(place: Place) -> None:
        with (place.top / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return change
