"""The result cache keeps no pass for what changed while the check ran: the tests may have seen the old or the new."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, TEST, Change, Place, all_cached, run, shown, some, text_at
from tests.support import PYPROJECT, command, commit, environment, package, write

DEADLINE = 120.0
# Looks at its inputs, says so, and goes on when it is told to.
WAITS = """\
import os
import subprocess
import time
from pathlib import Path

import elsewhere
import searched

TOP = Path(__file__).parents[2]


def test_waits() -> None:
    assert (TOP / "project/data.txt").read_text() == "one"
    assert (TOP / "outside.txt").read_text() == "one"
    assert os.listdir(TOP / "listed") == ["one.txt"]
    assert elsewhere.VALUE == "one"
    assert searched.VALUE == "one"
    assert not subprocess.check_output(["git", "tag"])
    (TOP / "started").write_text("x")
    while not (TOP / "go").exists():
        time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A repository whose tests look at inputs of all kinds, then wait."""
    place = Place(top := tmp_path_factory.mktemp("meanwhile"), environment={"PYTHONPATH": str(top / "searched")})
    depends = PYPROJECT.replace("[build-system]", 'dependencies = ["elsewhere"]\n\n[build-system]')
    sources = '[tool.uv.sources]\nelsewhere = { path = "../elsewhere", editable = true }\n'
    write(package(place.root), {"pyproject.toml": f"{depends}\n{sources}\n{TABLE}", "tests/test_waits.py": WAITS})
    write(
        top,
        {
            "elsewhere/pyproject.toml": PYPROJECT.replace("sample", "elsewhere"),
            "elsewhere/src/elsewhere/__init__.py": 'VALUE = "one"\n',
            "searched/searched.py": 'VALUE = "one"\n',
            "project/data.txt": "one",
            "outside.txt": "one",
            "listed/one.txt": "",
            "ready/more/test_more.py": "def test_more() -> None:\n    assert False\n",
            "go": "",
        },
    )
    commit(write(place.root, {".gitignore": ".lockgate\n__pycache__\n"}))
    place.settle()
    return place


def _gate_with(place: Place, *changes: Change) -> None:
    """A gate that passes, during which the changes happen."""
    for name in ("started", "go"):
        (place.top / name).unlink(missing_ok=True)
    running = subprocess.Popen(
        command("gate", "--fresh", *place.checks),
        cwd=place.root,
        env=environment(**place.surroundings()),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    begun = time.monotonic()
    while not (place.top / "started").exists():
        assert running.poll() is None, running.communicate()[0].decode()
        assert time.monotonic() < begun + DEADLINE
        time.sleep(0.02)
    for change in changes:
        change(place)
    (place.top / "go").touch()
    out = running.communicate(timeout=DEADLINE)[0].decode()
    assert running.returncode == 0, out
    assert "meanwhile" in out or "changed while it ran" in out, out


def _move_in(place: Place) -> None:
    (place.top / "ready/more").rename(place.root / "tests/more")


CHANGES: dict[str, Change] = {
    "file in the tree": text_at("project/data.txt"),
    "new file in the tree": text_at("project/tests/test_new.py", "def test_new() -> None:\n    assert False\n"),
    "folder moved into the tree": _move_in,
    "file removed from the tree": lambda place: (place.root / "data.txt").unlink(),
    "file outside that was opened": text_at("outside.txt"),
    "file in a folder outside that was listed": text_at("listed/two.txt"),
    "editable dependency elsewhere": text_at("elsewhere/src/elsewhere/__init__.py", 'VALUE = "another"\n'),
    "module on PYTHONPATH": text_at("searched/searched.py", 'VALUE = "another"\n'),
    "configuration in the folder above": text_at("pytest.ini", "[pytest]\npython_functions = nothing\n"),
    "git tag": lambda place: run(place.root, "git", "tag", "v1.0"),
}


OFTEN = {
    *("file in the tree", "folder moved into the tree", "file outside that was opened"),
    *("editable dependency elsewhere", "git tag"),
}


@pytest.mark.parametrize("name", some(CHANGES, OFTEN))
def test_a_change_during_the_run_is_seen_by_the_next_run(waiting: Place, name: str) -> None:
    waiting.settle()
    with waiting.restored():
        _gate_with(waiting, CHANGES[name])
        ran = waiting.gate()
        assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("fail", False), shown(ran)


def _waiting_for_one(top: Path, name: str) -> Place:
    """A project without git whose test reads only this file of it."""
    place = Place(top)
    waits = WAITS.replace("import elsewhere\nimport searched\n", "").split("    assert os.listdir")[0]
    waits += WAITS[WAITS.index('    (TOP / "started")') :]
    write(package(place.root, TABLE), {"tests/test_waits.py": waits.replace("data.txt", name), name: "one"})
    write(place.top, {"outside.txt": "one", "go": ""})
    return place


def test_a_change_that_was_undone_during_the_run_keeps_no_pass(tmp_path: Path) -> None:
    place = _waiting_for_one(tmp_path, "data.txt")
    _gate_with(place, text_at("project/data.txt"), text_at("project/data.txt", "one"))
    ran = place.gate()
    assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("pass", False), shown(ran)
    assert all_cached(place.gate())


def test_a_folder_that_was_swapped_for_an_older_one_during_the_run_keeps_no_pass(tmp_path: Path) -> None:
    place = _waiting_for_one(tmp_path, "data/data.txt")
    write(place.top, {"ready/data.txt": "another"})

    def swap(place: Place) -> None:
        (place.root / "data").rename(place.top / "before")
        (place.top / "ready").rename(place.root / "data")

    _gate_with(place, swap)
    ran = place.gate()
    assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("fail", False), shown(ran)
