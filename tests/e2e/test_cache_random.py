"""Whatever is edited and reverted in whatever order: the gate with its cache says what a fresh gate says."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cache_place import Place, executed, shown
from tests.support import package, write

TABLE = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["lint", "test", "coverage"]\nenv = ["MY_VARIABLE"]\n'
WITNESS = """\
import os
from pathlib import Path

import pytest

import sample

HERE = Path(__file__).parent


def test_double() -> None:
    assert sample.double(2) == 4


def test_data() -> None:
    assert (HERE / "data/data.txt").read_text() == "one"


def test_names() -> None:
    assert "wrong.txt" not in os.listdir(HERE / "data")


def test_mode() -> None:
    assert not os.stat(HERE / "data/data.txt").st_mode & 0o100


def test_variable() -> None:
    assert os.environ.get("MY_VARIABLE", "one") == "one"


def test_outside() -> None:
    path = HERE.parents[1] / "outside.txt"
    with pytest.raises(FileNotFoundError):
        path.read_text()
"""
GOOD = "def double(number: int) -> int:\n    return 2 * number\n"
UNCOVERED = "\n\ndef unused(text: str) -> str:\n    text = text.upper()\n    return text.lower()\n"


class World:
    """The inputs of one project, each with the values that it may take; the first one passes."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.variables: dict[str, str | None] = {"MY_VARIABLE": None}
        self._inputs: dict[str, list[Callable[[], object]]] = {
            "source": [self._file("src/sample/__init__.py", text) for text in (GOOD, GOOD.replace("2", "30"))],
            "coverage": [self._gone("src/sample/more.py"), self._file("src/sample/more.py", f"{GOOD}{UNCOVERED}")],
            "lint": [self._gone("tests/lint.py"), self._file("tests/lint.py", "import os\n")],
            "data": [self._file("tests/data/data.txt", text) for text in ("one", "another")],
            "name": [self._gone("tests/data/wrong.txt"), self._file("tests/data/wrong.txt", "")],
            "mode": [lambda: self._data.chmod(0o644), lambda: self._data.chmod(0o755)],
            "variable": [self._variable(None), self._variable("one"), self._variable("another")],
            "outside": [self._gone("../outside.txt"), self._file("../outside.txt", "x")],
            "above": [self._gone("../pytest.ini"), self._file("../pytest.ini", "[pytest]\naddopts = -k nothing\n")],
            "nothing": [lambda: None, self._data.touch],
        }
        self.names = sorted(self._inputs)

    @property
    def _data(self) -> Path:
        return self.place.root / "tests/data/data.txt"

    def _file(self, path: str, text: str) -> Callable[[], object]:
        return lambda: write(self.place.root, {path: text})

    def _gone(self, path: str) -> Callable[[], object]:
        return lambda: (self.place.root / path).unlink(missing_ok=True)

    def _variable(self, value: str | None) -> Callable[[], object]:
        return lambda: self.variables.update(MY_VARIABLE=value)

    def set(self, name: str, number: int) -> None:
        """Give an input the value with this number."""
        values = self._inputs[name]
        values[number % len(values)]()

    def verdicts(self, *arguments: str) -> tuple[dict[str, str], int, str]:
        """Status by check, how many came from the cache, and what to say of it."""
        ran = self.place.gate(*arguments, **self.variables)
        checks = executed(ran)
        return {check["name"]: check["status"] for check in checks}, sum(c["cached"] for c in checks), shown(ran)


def _wander(top: Path, seed: int, steps: int) -> None:
    """Random steps, most of them back to where everything passes."""
    chance = random.Random(seed)  # noqa: S311
    place = Place(top, checks=("lint", "test", "coverage"))
    package(place.root, TABLE)
    write(place.root, {"tests/test_sample.py": WITNESS, "tests/data/data.txt": "one"})
    world = World(place)
    history = []
    cached = failed = 0
    world.verdicts()
    for _ in range(steps):
        name, number = chance.choice(world.names), chance.choice((0, 0, 1, 2))
        history.append((name, number))
        world.set(name, number)
        found, hits, said = world.verdicts()
        fresh, none, _ = world.verdicts("--fresh")
        assert found == fresh, f"seed {seed}, steps {history}: {said}"
        assert none == 0
        cached += hits
        failed += "fail" in found.values()
    for name in world.names:
        world.set(name, 0)
    assert set(world.verdicts()[0].values()) == {"pass"}
    assert cached, f"seed {seed} never met the cache"
    assert failed, f"seed {seed} never met a failure"


def test_a_few_random_edits(tmp_path: Path) -> None:
    _wander(tmp_path, seed=4, steps=5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_many_random_edits(tmp_path: Path, seed: int) -> None:
    _wander(tmp_path, seed, steps=20)
