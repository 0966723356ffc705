# ruff: noqa: T201  (what the slow tests print is the log that is committed)
"""Many pushers at once: all land, nothing is lost, doubled or merged, and the newest stamp wins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.git_http import serving
from tests.e2e.push_tournament import COMMITS, begin, check, names, play, pushers, stamp

pytestmark = pytest.mark.usefixtures("own_git")
LONG = int(os.environ.get("LOCKGATE_LANDED", "10000"))


@pytest.mark.parametrize("count", [2, 8])
def test_a_short_tournament(tmp_path: Path, count: int) -> None:
    hub = begin(tmp_path)
    play(hub, pushers(hub, count, "p", 0))
    check(hub, names("p", count), stamp(count * COMMITS))


def test_a_tournament_over_http(tmp_path: Path) -> None:
    hub = begin(tmp_path)
    hub.git("config", "http.receivepack", "true")
    with serving(tmp_path, is_open=True) as (url, _):
        hub.url = f"{url}/hub.git"
        play(hub, pushers(hub, 4, "p", 0))
    check(hub, names("p", 4), stamp(4 * COMMITS))


@pytest.mark.slow
def test_the_long_tournament(tmp_path: Path) -> None:
    landed = number = 0
    while landed < LONG:
        for count in (2, 8, 32, 64):
            hub = begin(tmp_path / str(number))
            tag = f"r{number}"
            result = play(hub, pushers(hub, count, tag, 0))
            check(hub, names(tag, count), stamp(count * COMMITS))
            landed += result.landed
            number += 1
            print(f"round {number}: {count} pushers, {result.landed} commits in {result.seconds:.1f} s,"
                  f" {result.pushes} pushes; {landed} landed so far, 0 lost, 0 doubled, 0 merges")  # fmt: skip
