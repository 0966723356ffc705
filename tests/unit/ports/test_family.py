from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.ports import family
from lockgate.ports.family import _children_of, _descendants
from tests.unit.ports.living import is_alive, number_in, wait_until

needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="the tree of processes is read from /proc")


def test_every_command_has_a_marker_of_its_own_under_one_lockgate() -> None:
    first, second = family.new_marker(), family.new_marker()
    assert first != second
    assert first.split("-")[0] == second.split("-")[0]


@needs_proc
def test_children_and_their_children_are_found(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    with family.Adoption(), subprocess.Popen(["sh", "-c", script], start_new_session=True) as child:
        assert wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
        assert child.pid in _children_of(os.getpid())
        assert _descendants(child.pid) == [number_in(tmp_path / "pid")]
        assert {child.pid, number_in(tmp_path / "pid")} <= set(_descendants(os.getpid()))
        assert family.end(child, "no marker", lambda: 30.0) == 0
    assert wait_until(lambda: not is_alive(number_in(tmp_path / "pid")))


def test_a_name_with_parentheses_and_spaces_hides_nobody(tmp_path: Path) -> None:
    program = tmp_path / ") 1 (x"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "600"]) as child:
        assert wait_until(lambda: child.pid in _children_of(os.getpid()))
        child.kill()


def test_the_survivors_of_a_command_that_has_ended_are_counted_and_ended(tmp_path: Path) -> None:
    marker = family.new_marker()
    script = f"setsid sleep 600 & echo $! > {tmp_path}/pid"
    environment = {"PATH": os.environ["PATH"], family.VARIABLE: marker}
    with family.Adoption():
        with subprocess.Popen(["sh", "-c", script], env=environment, start_new_session=True) as child:
            child.wait()
            assert is_alive(number_in(tmp_path / "pid"))
            assert family.end(child, marker, lambda: 30.0) == 1
        assert not is_alive(number_in(tmp_path / "pid"))


def test_a_command_without_survivors_is_left_as_it_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], start_new_session=True) as child:
        child.wait()
        assert family.end(child, family.new_marker(), lambda: 30.0) == 0
    assert child.returncode == 3
