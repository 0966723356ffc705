"""What the documentation shows is what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lockgate.model.decode import decode_config
from tests.unit.cli.conftest import Cli
from tests.unit.workflows.shapes import Shape

DOCS = Path(__file__).parents[3] / "docs"
BLOCKS = [
    (path.name, block)
    for path in (DOCS / "workflows.md", DOCS / "configuration.md")
    for block in re.findall(r"^```toml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_every_table_that_is_shown_is_valid(tmp_path: Path, name: str, block: str) -> None:
    table = tomllib.loads(block)["tool"]["lockgate"]
    decode_config(table, file=name, text=block)
    if name == "workflows.md":
        Shape("docs", block.replace("[tool.lockgate]\n", "")).render(tmp_path)


def test_the_answer_that_is_shown_is_given(cli: Cli, tmp_path: Path) -> None:
    shown = re.search(
        r"^\$ lockgate why (\S+)\n(.*?)```", (DOCS / "workflows.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    Shape("plain").render(tmp_path)
    assert cli("why", shown[1], "-C", tmp_path).out == shown[2]
