from __future__ import annotations

import json
import tomllib

import pytest
from ruamel.yaml import YAML

from tests.unit.push.cases import ALL, Case
from tests.unit.push.merging import Merger


def parsed(path: str, text: str) -> object:
    """A text by a parser that is not the merge's own."""
    if path.endswith(".toml"):
        return tomllib.loads(text)
    if path.endswith(".yaml"):
        return YAML(typ="safe", pure=True).load(text)
    return json.loads(text)


def exactly(value: object) -> object:
    """A value whose comparison keeps types apart."""
    if isinstance(value, dict):
        return {key: exactly(one) for key, one in value.items()}
    if isinstance(value, list):
        return [exactly(one) for one in value]
    return type(value), value


def test_there_are_enough_cases_and_each_has_a_name() -> None:
    assert len(ALL) >= 200
    assert len({case.name for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_table(merger: Merger, case: Case) -> None:
    merged = merger.merge(case.path, case.base, case.ours, case.theirs)
    if case.expected is None:
        assert merged.text is None, f"merged into {merged.text!r}"
        assert all(conflict.path == case.path and conflict.reason for conflict in merged.conflicts)
        return
    assert merged.text is not None, merged.conflicts
    if isinstance(case.expected, str):
        assert merged.text == case.expected
    else:
        assert exactly(parsed(case.path, merged.text)) == exactly(case.expected)
    if merged.text not in (case.ours, case.theirs):
        assert merged.resolutions or not case.path.endswith((".json", ".jsonl", ".yaml", ".toml"))


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_both_directions_accept_the_same(merger: Merger, case: Case) -> None:
    back = merger.merge(case.path, case.base, case.theirs, case.ours)
    assert (back.text is None) == (case.expected is None), back
    # Who is "ours" does not matter for the values, but for two spellings of one instant.
    if back.text is not None and not isinstance(case.expected, str) and "spellings" not in case.name:
        assert exactly(parsed(case.path, back.text)) == exactly(case.expected)
