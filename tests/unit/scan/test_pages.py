"""Every finding of lockgate's own links to a page that is there and says the same as the rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import lockgate.scan
from lockgate.scan.rules.rule import Rule
from tests.unit.scan.pages import FOLDER, RULES, page

SOURCE = Path(lockgate.scan.__file__).parent


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_page_is_made_from_the_rule(rule: Rule[Any]) -> None:
    assert (FOLDER / f"{rule.id}.md").read_text(encoding="utf-8") == page(rule), "python -m tests.unit.scan.pages"
    assert rule.why
    assert "Bad:" not in rule.why


def test_every_other_rule_has_its_section() -> None:
    sources = {"lock.md": r'"((?:lock|index)-[a-z-]+)"', "waiver.md": r'"(waiver-[a-z]+)"'}
    for name, pattern in sources.items():
        text = (FOLDER / name).read_text(encoding="utf-8")
        files = [*SOURCE.glob("scanners/supply_chain.py"), SOURCE / "served.py", SOURCE / "policy.py"]
        named = {one for file in files for one in re.findall(pattern, file.read_text(encoding="utf-8"))}
        assert named
        assert {one for one in named if f"## {one}\n" not in text} == set()
