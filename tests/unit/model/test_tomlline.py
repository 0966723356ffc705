from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given

from lockgate.model.tomlline import line_of
from tests.unit.model.toml_writer import Keys, documents


@given(documents())
def test_every_key_element_and_table_is_found_on_the_line_where_it_was_written(
    written: tuple[dict[str, Any], str, dict[Keys, int]],
) -> None:
    data, text, lines = written
    assert tomllib.loads(text) == data  # the writer writes what it means
    assert {path: line_of(text, path) for path in lines} == lines


@given(documents())
def test_what_is_not_written_is_found_at_its_nearest_parent(
    written: tuple[dict[str, Any], str, dict[Keys, int]],
) -> None:
    _, text, lines = written
    assert {path: line_of(text, (*path, "not", "there")) for path in lines} == lines


def test_nothing_written_is_line_one() -> None:
    assert line_of("", ("tool", "lockgate")) == 1
    assert line_of("\n\n[tool.other]\n", ("project",)) == 1


def test_a_table_that_is_only_implied_is_where_it_is_first_implied() -> None:
    assert line_of('[project]\nname = "x"\n[tool.lockgate.test]\n', ("tool", "lockgate")) == 3


@pytest.mark.parametrize("text", ["[", "a", "a = [", "a = {b", 'a = "', "= 1", "[a\nb = [}]", "a = [1 2 }"])
def test_what_is_no_toml_has_a_line_too(text: str) -> None:
    assert line_of(text, ("b", "c")) >= 1
