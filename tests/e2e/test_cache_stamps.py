"""An edit that keeps size and time stamp is an edit: no tool's own cache may pass an old result for the new content."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, TEST, Place, shown
from tests.support import package, write

MODULE = "src/sample/__init__.py"
TYPED = "def double(number: int) -> int:\n    return 2 * number\n"
# check: (the kind, more of the table, what is edited, what it becomes)
EDITS: Mapping[str, tuple[str, str, str, str]] = {
    TEST: ("test", "", "2 *", "3 *"),
    "lint": ("lint", "", "return 2", "return x"),
    "types": ("types", 'packages = ["mypy"]\ntypes.checker = "mypy"\n', "-> int", "-> str"),
}


@pytest.mark.parametrize("name", [pytest.param("types", marks=pytest.mark.slow), "lint", TEST])  # mypy from the index
@pytest.mark.parametrize("fresh", [(), ("--fresh",)], ids=["cached", "fresh"])
def test_an_edit_that_keeps_size_and_time_is_seen(tmp_path: Path, name: str, fresh: tuple[str, ...]) -> None:
    kind, more, before, after = EDITS[name]
    place = Place(tmp_path, checks=(name,))
    path = package(place.root, TABLE.replace('"test"', f'"{kind}"') + more) / MODULE
    write(place.root, {MODULE: TYPED})
    moment = path.stat().st_mtime_ns - 10**10
    os.utime(path, ns=(moment, moment))
    assert place.gate().code == 0
    path.write_text(TYPED.replace(before, after))
    os.utime(path, ns=(moment, moment))
    ran = place.gate(*fresh)
    assert ran.check(name)["status"] == "fail", shown(ran)
