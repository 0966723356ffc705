"""What is rendered for three packages, whole: any change of rendering shows in review.

`LOCKGATE_GOLDEN=update pytest tests/unit/workflows/test_golden.py` writes what is rendered now.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lockgate.workflows.files import PATHS
from tests.unit.workflows.shapes import GOLDEN, Shape

FOLDER = Path(__file__).with_name("golden")


@pytest.mark.parametrize("shape", GOLDEN, ids=lambda shape: shape.name)
def test_the_files_are_the_committed_ones(tmp_path: Path, shape: Shape) -> None:
    found = shape.render(tmp_path)
    for file in found.files:
        golden = FOLDER / shape.name / Path(file.path).name
        if os.environ.get("LOCKGATE_GOLDEN") == "update":
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(file.text, encoding="utf-8")
        assert golden.read_text(encoding="utf-8").splitlines() == file.text.splitlines()
    assert {path.name for path in (FOLDER / shape.name).iterdir()} == {Path(path).name for path in PATHS.values()}
