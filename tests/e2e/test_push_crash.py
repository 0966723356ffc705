# ruff: noqa: T201  (what the slow tests print is the log that is committed)
"""`kill -9` of the process group at every step and at random: no bad clone, and the next run lands exactly once."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, get_args

import pytest

from tests.e2e.clones import Hub
from tests.e2e.push_crash import When, check, killed_after, killed_at, scene

pytestmark = pytest.mark.usefixtures("own_git")
Kind = Literal["commits", "files", "queue"]
RANDOM_KILLS = int(os.environ.get("LOCKGATE_KILLS", "420"))


def kills_at_steps(root: Path, kind: Kind, numbers: Iterable[int]) -> int:
    """Kill at these git commands, before and after each, until the push ends before; returns how many kills."""
    prepared, kills = scene(root / "scene", kind), 0
    for number in numbers:
        reached = False
        for when in get_args(When):
            one = prepared.copied(root / f"{number}-{when}")
            before = one.mine.state()
            reached |= killed_at(one, number, when)
            check(one, before)
            kills += reached
        if not reached:
            break
    return kills


@pytest.mark.parametrize(("kind", "steps"), [("commits", (5, 10)), ("files", (11,)), ("queue", (22,))])
def test_kills_at_some_steps(tmp_path: Path, kind: Kind, steps: tuple[int, ...]) -> None:
    assert kills_at_steps(tmp_path, kind, steps) >= 2 * len(steps) - 1


@pytest.mark.parametrize("presses", [1, 2])
def test_an_interrupt_in_the_last_step_lets_it_finish(tmp_path: Path, presses: int) -> None:
    hub = Hub(tmp_path, {"a.txt": "a\n"})
    mine, other = hub.clone("mine"), hub.clone("other")
    other.commit("theirs", {"b.txt": "b\n", "late.s": "late\n", "z.txt": "z\n"})
    other.git("push", "-q")
    mine.commit("ours", {"c.txt": "c\n"})
    (mine.root / ".git/info/attributes").write_text("*.s filter=late\n")
    mine.git("config", "filter.late.smudge", f"touch {tmp_path}/reached; sleep 1; cat")
    with mine.start() as run:
        wait_for((tmp_path / "reached").exists)
        for _ in range(presses):
            os.killpg(run.pid, signal.SIGINT)
            time.sleep(0.4)  # longer than Python itself waits for a child after Ctrl-C
        _, said = run.communicate()
    assert (run.returncode, b"interrupted" in said) == (130, True)
    # Whoever cannot wait gets the prompt back at once; the step goes on.
    wait_for(lambda: mine.git("rev-parse", "HEAD") == hub.git("rev-parse", "main"))
    assert mine.git("status", "-sb") == "## main...origin/main"
    mine.assert_sound()


def wait_for(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("kind", get_args(Kind))
def test_kills_at_every_step(tmp_path: Path, kind: Kind) -> None:
    kills = kills_at_steps(tmp_path, kind, itertools.count(1))
    print(f"crash matrix: {kind}: {kills} kills at every step, 0 bad clones, every re-run landed exactly once")
    assert kills >= 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", get_args(Kind))
def test_kills_at_random(tmp_path: Path, kind: Kind) -> None:
    prepared, kills, moment = scene(tmp_path / "scene", kind), 0, random.Random(1)  # noqa: S311
    longest = {"commits": 0.6, "files": 0.6, "queue": 2.5}[kind]
    for number in range(10 * RANDOM_KILLS):
        if kills >= RANDOM_KILLS // 3:
            break
        one = prepared.copied(tmp_path / str(number))
        before = one.mine.state()
        kills += killed_after(one, moment.uniform(0.1, longest))
        check(one, before)
    print(f"crash matrix: {kind}: {kills} kills at random, 0 bad clones, every re-run landed exactly once")
    assert kills >= RANDOM_KILLS // 3
