"""The result cache is sound towards what runs the checks: the interpreter, the settings, lockgate itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lockgate
from lockgate.ports.uv import find_uv
from tests.e2e.cache_place import TABLE, TEST, Place, all_cached, assert_input, interpreter, shown, text_at
from tests.support import Ran, environment, package, write


@pytest.fixture
def own_interpreter(tmp_path: Path) -> Place:
    """A project whose cell runs on a CPython of its own, kept as pyenv does; the tests import one of its modules."""
    version = _asked("import sys; print(sys.version.split()[0])")
    home = tmp_path / "pyenv/versions" / version
    _copy_interpreter(home)
    where = {"PYENV_ROOT": str(tmp_path / "pyenv"), "PATH": f"{home / 'bin'}:{find_uv().parent}:/usr/bin:/bin"}
    place = Place(tmp_path, environment=where)
    imports = "import colorsys\n\n\ndef test_library() -> None:\n    assert not hasattr(colorsys, 'UPGRADED')\n"
    write(package(place.root, TABLE), {"tests/test_library.py": imports})
    return place


def _asked(code: str) -> str:
    done = subprocess.run([interpreter(), "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _copy_interpreter(home: Path) -> None:
    """Another installation of the interpreter: what is not replaced in an upgrade's rehearsal is only linked."""
    library = Path(_asked("import os; print(os.path.dirname(os.__file__))"))
    write(home, {"bin/.keep": ""})
    shutil.copy2(interpreter(), home / "bin/python3.12")
    for entry in library.parent.glob("libpython3*"):
        write(home, {"lib/.keep": ""})
        (home / "lib" / entry.name).symlink_to(entry)
    copy = home / "lib" / library.name
    copy.mkdir(parents=True)
    for entry in library.iterdir():
        if entry.name in {"os.py", "colorsys.py"}:
            shutil.copy2(entry, copy)
        elif entry.name not in {"__pycache__", "site-packages"}:
            (copy / entry.name).symlink_to(entry)


def _upgraded(home: Path) -> None:
    """What a new build writes anew: the library (with a difference that a test sees) and the binary."""
    for name in ("os.py", "colorsys.py"):
        with next(home.glob(f"lib/python3*/{name}")).open("a", encoding="utf-8") as file:
            file.write("UPGRADED = True\n")


def test_an_interpreter_upgraded_in_place_runs_the_tests_again(own_interpreter: Place) -> None:
    place = own_interpreter
    home = next((place.top / "pyenv/versions").iterdir())
    assert_input(place, lambda _: _upgraded(home), fails="test_library")


@pytest.mark.slow
def test_an_interpreter_whose_binary_was_replaced_runs_the_tests_again(own_interpreter: Place) -> None:
    place = own_interpreter
    place.settle()
    binary = next(place.top.glob("pyenv/versions/*/bin/python3.12"))
    replaced = binary.with_name("new")
    shutil.copyfile(binary, replaced)
    replaced.chmod(0o755)
    replaced.rename(binary)
    ran = place.gate()
    assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("pass", False), shown(ran)
    place.settle()


@pytest.mark.slow
def test_a_newer_release_beside_the_old_one_runs_the_tests_again_with_the_newer(own_interpreter: Place) -> None:
    place = own_interpreter
    place.settle()
    newer = place.top / "pyenv/versions/3.12.99"
    _copy_interpreter(newer)
    _upgraded(newer)
    # A newer release cannot be built here: this one only says that it is, to whoever asks outside of environments.
    says = "import sys\nsys.version_info = (3, 12, 99, 'final', 0)\nsys.version = '3.12.99' + sys.version[6:]\n"
    write(newer, {"lib/python3.12/site-packages/sitecustomize.py": says})
    ran = place.gate()
    assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("fail", False), shown(ran)
    assert "test_library" in shown(ran)


def test_another_command_of_a_check_runs_it_again(tmp_path: Path) -> None:
    place = Place(tmp_path, checks=("mine",))
    package(place.root, TABLE.replace("test", "mine") + '[tool.lockgate.check.mine]\nrun = ["true"]\n')
    pyproject = (place.root / "pyproject.toml").read_text()
    changed = pyproject.replace('"true"', '"false"')
    assert_input(place, text_at("project/pyproject.toml", changed), fails="exit 1", check="mine")


def test_another_table_from_outside_runs_the_check_again(tmp_path: Path) -> None:
    place = Place(tmp_path, checks=("mine",))
    package(place.root, "")
    table = 'python = ["3.12"]\nchecks = ["mine"]\n[check.mine]\nrun = '
    arguments = ("--config", str(place.top / "table.toml"))
    write(place.top, {"table.toml": f"{table} ['true']\n"})
    place.settle(*arguments)
    write(place.top, {"table.toml": f"{table} ['false']\n"})
    ran = place.gate(*arguments)
    assert (ran.check("mine")["status"], ran.check("mine")["cached"]) == ("fail", False), shown(ran)


def test_a_variable_that_is_declared_later_runs_the_tests_again(tmp_path: Path) -> None:
    place = Place(tmp_path, environment={"MY_VARIABLE": "one"})
    asks = "import os\n\n\ndef test_variable() -> None:\n    assert 'MY_VARIABLE' not in os.environ\n"
    write(package(place.root, TABLE), {"tests/test_variable.py": asks})
    pyproject = (place.root / "pyproject.toml").read_text()
    assert_input(place, text_at("project/pyproject.toml", f'{pyproject}env = ["MY_*"]\n'), fails="test_variable")


@pytest.mark.parametrize("part", ["gate/probe.py", "gate/checks/test.py"])
def test_another_lockgate_runs_the_tests_again(tmp_path: Path, part: str) -> None:
    place = Place(tmp_path / "place")
    package(place.root, TABLE)
    own = tmp_path / "own"
    shutil.copytree(Path(lockgate.__file__).parent, own / "lockgate", ignore=shutil.ignore_patterns("__pycache__"))
    assert not all_cached(_by(own, place))
    assert all_cached(_by(own, place))
    assert all_cached(place.gate()), "the same lockgate elsewhere has the same results"
    with (own / "lockgate" / part).open("a", encoding="utf-8") as file:
        file.write("# a change\n")
    ran = _by(own, place)
    assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("pass", False), shown(ran)


def _by(own: Path, place: Place) -> Ran:
    """The gate of `place`, run by the copy of lockgate in `own`."""
    start = f"import sys; sys.path.insert(0, {str(own)!r}); from lockgate.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, "gate", "--format", "json", "--keep-going", *place.checks],
        cwd=place.root,
        env=environment(**place.surroundings()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout), done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)
