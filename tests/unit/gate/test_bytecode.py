from __future__ import annotations

import os
from pathlib import Path

import pytest

from lockgate.gate import bytecode
from lockgate.ports.interpreters import Interpreter
from tests.support import write


@pytest.fixture
def interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Interpreter:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Interpreter("/usr/bin/python3.12", "3.12.1", "build", "stamp")


def site(root: Path, record: str, *compiled: str) -> Path:
    """A site-packages with one wheel of this RECORD."""
    write(root, {"thing-1.0.dist-info/RECORD": record, **{name: f"{root.name}: {name}" for name in compiled}})
    return root


RECORD = "thing/__init__.py,sha256=aaa,3\nthing/inner/deep.py,sha256=bbb,3\nsingle.py,sha256=ccc,3\n"
COMPILED = (
    "thing/__pycache__/__init__.cpython-312.pyc",
    "thing/inner/__pycache__/deep.cpython-312.pyc",
    "__pycache__/single.cpython-312.pyc",
)


def test_what_one_environment_compiled_is_lent_to_the_next(tmp_path: Path, interpreter: Interpreter) -> None:
    first, second = site(tmp_path / "a", RECORD, *COMPILED), site(tmp_path / "b", RECORD)
    bytecode.keep(first, interpreter)
    bytecode.lend(second, interpreter)
    for name in COMPILED:
        assert (second / name).read_text() == f"a: {name}"


def test_a_wheel_with_another_source_gets_nothing(tmp_path: Path, interpreter: Interpreter) -> None:
    bytecode.keep(site(tmp_path / "a", RECORD, *COMPILED), interpreter)
    other = site(tmp_path / "b", RECORD.replace("bbb", "xxx"))
    bytecode.lend(other, interpreter)
    assert not list(other.rglob("*.pyc"))


def test_another_interpreter_gets_nothing(tmp_path: Path, interpreter: Interpreter) -> None:
    bytecode.keep(site(tmp_path / "a", RECORD, *COMPILED), interpreter)
    other = site(tmp_path / "b", RECORD)
    bytecode.lend(other, Interpreter("/usr/bin/python3.12", "3.12.2", "build", "stamp"))
    assert not list(other.rglob("*.pyc"))


def test_what_is_there_is_left_alone(tmp_path: Path, interpreter: Interpreter) -> None:
    bytecode.keep(site(tmp_path / "a", RECORD, *COMPILED), interpreter)
    second = site(tmp_path / "b", RECORD, COMPILED[0])
    bytecode.lend(second, interpreter)
    assert (second / COMPILED[0]).read_text() == f"b: {COMPILED[0]}"


@pytest.mark.parametrize("name", ["../outside.py", "thing/../../outside.py", "/etc/outside.py", '"quoted,name.py"'])
def test_nothing_outside_the_environment_is_touched(tmp_path: Path, interpreter: Interpreter, name: str) -> None:
    first = site(tmp_path / "a", f"{name},sha256=aaa,3\n", "__pycache__/outside.cpython-312.pyc")
    bytecode.keep(first, interpreter)
    assert not list((tmp_path / "cache").rglob("*.pyc"))


def test_a_broken_record_is_passed_over(tmp_path: Path, interpreter: Interpreter) -> None:
    first = site(tmp_path / "a", RECORD, *COMPILED)
    write(first, {"bad-1.0.dist-info/RECORD": b"\xff\xfe.py,sha256="})
    bytecode.keep(first, interpreter)
    assert len(list((tmp_path / "cache").rglob("*.pyc"))) == 3


def test_a_cache_that_cannot_be_written_costs_only_speed(
    tmp_path: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"file": "in the way"})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    bytecode.keep(site(tmp_path / "a", RECORD, *COMPILED), interpreter)
    second = site(tmp_path / "b", RECORD)
    bytecode.lend(second, interpreter)
    assert not list(second.rglob("*.pyc"))


def test_the_oldest_wheels_are_forgotten(
    tmp_path: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytecode, "_MOST", 2)
    for number in range(4):
        root = site(tmp_path / f"a{number}", RECORD.replace("aaa", f"a{number}"), *COMPILED)
        bytecode.keep(root, interpreter)
        for wheel in (tmp_path / "cache/lockgate/bytecode/3.12.1").iterdir():
            os.utime(wheel, (number, number)) if wheel.stat().st_mtime > 1000 else None
    assert len(list((tmp_path / "cache/lockgate/bytecode/3.12.1").iterdir())) == 2
