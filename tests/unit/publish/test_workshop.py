"""Real builds of tiny packages with backends of their own: what goes wrong in a workshop is told as what it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lockgate.ports.installer import Errand, NoEnvironmentError
from lockgate.ports.process import Cancel
from lockgate.publish.workshop import Order, Workshop
from tests.support import write

SYSTEM = '[build-system]\nrequires = [{requires}]\nbuild-backend = "own"\nbackend-path = ["."]\n'
BACKEND = """\
from pathlib import Path

def get_requires_for_build_wheel(settings=None):
    return {more}

def build_wheel(folder, settings=None, metadata=None):
    {body}
"""


def shop(
    folder: Path,
    *,
    requires: tuple[str, ...] = (),
    more: str = "[]",
    body: str = "return ''",
    cancel: Cancel | None = None,
) -> tuple[Workshop, Path, list[str]]:
    said: list[str] = []
    source = write(
        folder / "source",
        {
            "pyproject.toml": SYSTEM.format(requires=json.dumps(requires)[1:-1]),
            "own.py": BACKEND.format(more=more, body=body),
        },
    )
    order = Order(requires=requires, python=sys.executable, epoch=0)
    place = folder / "place"
    place.mkdir()
    return Workshop(order, place, Errand(cancel or Cancel(), said.append, said.append)), source, said


def test_what_a_backend_asks_for_while_it_builds_is_locked_too(tmp_path: Path) -> None:
    body = "import flit_core; Path(folder, 'p-1.0-py3-none-any.whl').touch(); return 'p-1.0-py3-none-any.whl'"
    made, source, said = shop(tmp_path, more="['flit-core>=3']", body=body)
    assert made.build(source, tmp_path / "out", "wheel").name == "p-1.0-py3-none-any.whl"
    assert made.lock is not None
    assert "flit-core==" in made.lock
    assert "--hash=sha256:" in made.lock
    assert said.count("locking the build's requirements") == 2


def test_a_backend_that_fails_is_quoted(tmp_path: Path) -> None:
    made, source, _ = shop(tmp_path, body="raise RuntimeError('no compiler here')")
    with pytest.raises(NoEnvironmentError, match="the wheel does not build: RuntimeError: no compiler here") as failed:
        made.build(source, tmp_path / "out", "wheel")
    assert failed.value.status == "fail"
    assert "Traceback" in failed.value.output


def test_requirements_that_nobody_can_meet(tmp_path: Path) -> None:
    made, source, _ = shop(tmp_path, requires=("flit-core<1,>2",))
    with pytest.raises(NoEnvironmentError) as failed:
        made.build(source, tmp_path / "out", "wheel")
    assert failed.value.status == "fail"


def test_a_backend_that_makes_more_than_one_file(tmp_path: Path) -> None:
    body = "[Path(folder, f'p-{n}.0-py3-none-any.whl').touch() for n in (1, 2)]; return 'p-1.0-py3-none-any.whl'"
    made, source, _ = shop(tmp_path, body=body)
    with pytest.raises(
        NoEnvironmentError, match=r"made p-1\.0-py3-none-any\.whl, p-2\.0-py3-none-any\.whl, not one wheel"
    ):
        made.build(source, tmp_path / "out", "wheel")


def test_a_build_that_is_stopped_promises_nothing(tmp_path: Path) -> None:
    cancel = Cancel()
    cancel.set()
    made, source, _ = shop(tmp_path, cancel=cancel)
    with pytest.raises(NoEnvironmentError, match="stopped while locking") as stopped:
        made.build(source, tmp_path / "out", "wheel")
    assert stopped.value.status == "skipped"
    made.lock = ""
    with pytest.raises(NoEnvironmentError, match="stopped while building"):
        made.build(source, tmp_path / "out", "wheel")
