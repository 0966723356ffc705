"""Coverage data from another checkout, moved into this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import coverage
import pytest

from lockgate.gate.probe import _moved

HERE = "/here/sample"


def data(path: Path, fill: Any) -> str:  # noqa: ANN401
    made = coverage.CoverageData(basename=str(path))
    fill(made)
    made.write()
    return str(path)


def moved(tmp_path: Path, path: str, root: str) -> coverage.CoverageData:
    found = coverage.CoverageData(basename=_moved(path, root, HERE, str(tmp_path / "moved")))
    found.read()
    return found


@pytest.mark.parametrize("root", ["/there", "/", "/a [b]*?{c}", "/here", "/here/sample/inner"])
@pytest.mark.parametrize("branches", [True, False])
def test_branches_lines_and_untouched_files_move(tmp_path: Path, root: str, *, branches: bool) -> None:
    def fill(it: coverage.CoverageData) -> None:
        if branches:
            it.add_arcs({str(Path(root, "src/a.py")): [(-1, 1), (1, -1)]})
        else:
            it.add_lines({str(Path(root, "src/a.py")): [1]})
        it.touch_file(str(Path(root, "src/untouched.py")))

    found = moved(tmp_path, data(tmp_path / "data", fill), root)
    assert found.measured_files() == {f"{HERE}/src/a.py", f"{HERE}/src/untouched.py"}
    assert found.lines(f"{HERE}/src/a.py") == [1]
    assert sorted(found.arcs(f"{HERE}/src/a.py") or []) == ([(-1, 1), (1, -1)] if branches else [])
    assert found.has_arcs() is branches
    assert not found.lines(f"{HERE}/src/untouched.py")


def test_what_lies_outside_or_is_relative_stays_where_it_is(tmp_path: Path) -> None:
    names = ["/there-too/a.py", "/usr/lib/b.py", "src/c.py", "/there"]
    path = data(tmp_path / "data", lambda it: it.add_lines({name: [1] for name in names}))
    assert moved(tmp_path, path, "/there").measured_files() == set(names)


def test_a_plugins_files_stay_its_own(tmp_path: Path) -> None:
    def fill(it: coverage.CoverageData) -> None:
        it.add_lines({"/there/a.html": [3]})
        it.add_file_tracers({"/there/a.html": "some.plugin"})

    found = moved(tmp_path, data(tmp_path / "data", fill), "/there")
    assert found.file_tracer(f"{HERE}/a.html") == "some.plugin"


def test_imported_by_a_test_it_is_no_second_witness(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.jsonl"
    environment = {**os.environ, "LOCKGATE_EVIDENCE": str(evidence)}
    line = "import lockgate.gate.probe as probe; assert not hasattr(probe, 'pytest_configure')"
    subprocess.run([sys.executable, "-c", line], env=environment, check=True)
    assert not evidence.exists()
