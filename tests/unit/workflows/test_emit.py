# ruff: noqa: E501  (a table of what is hard to write)
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lockgate.workflows.emit import Commented, emit, scalar, text_of

# What a reader of YAML 1.1 or 1.2 takes for something else than text, or for the start of something.
TRAPS = (
    *("", " ", "y", "N", "yes", "No", "on", "OFF", "true", "False", "null", "Null", "~", ".nan", ".NaN", ".inf", "-.INF", "+.inf"),
    *("1", "-1", "+1", "0", "007", "0o7", "0x1F", "0b1", "1_000", "1.0", "1.", ".5", "._", "1e3", "1e+3", "-.5e-3", "12:30", "1:2:3.4"),
    *("2026-01-01", "2026-01-01T10:00:00Z", "3.10", "<<", "=", "---", "...", "--- a", "- a", "-", "?", "? a", ":", "a: b", "a:", ":a"),
    *("a #b", "#a", "a#b", "&a", "*a", "!a", "!!str a", "|", ">", "%a", "@a", "`a", "'a'", '"a"', "it's", 'a"b', "a'b\"c", "\\", "a\\n"),
    *("[a]", "{a}", "a,b", "a, b", "[", "]", "{", "}", "${{ a }}", "${{ a && 'b: c' }} # d", " a", "a ", "\ta", "a\t", "a\tb", "a\rb"),
    *("a\nb", "a\nb\n", "\na", "a\n\n", " a\nb", "a\n b\n  c\n", "a\n\nb", "a \nb", "a\n   \nb", "#a\n#b", "---\na", "\n", "a\r\nb"),
    *("\x00", "\x1b[31m", "\x7f", "\x85", "\xa0", "\u2028a", "a\u2029", "\ufeffa", "\ufffe", "a\uffff", "\ufffd", "\U0001f600", "\U0001fffe", "é"),
)  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(TRAPS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text("ab \n\t#:-,'\"\\[]{}&*!|>%@`.0e$", max_size=12),
    st.lists(st.sampled_from(TRAPS), max_size=4).map("\n".join),
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.none())
VALUES = st.recursive(
    st.one_of(TEXT, NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXT.filter(lambda key: key != "jobs"), VALUES, min_size=1, max_size=5)


def read(text: str, version: tuple[int, int] = (1, 2)) -> Any:  # noqa: ANN401
    """The data, as a reader of that version of YAML has it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    return yaml.load(text)


def same(one: object, other: object) -> bool:
    """Whether two documents are the same data of the same types; not-a-number is itself."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other


@given(DOCUMENTS)
def test_what_is_read_back_is_what_was_written(document: dict[str, Any]) -> None:
    text = text_of(emit(document))
    assert same(read(text), document), text


@given(DOCUMENTS)
def test_readers_of_the_older_yaml_see_the_same(document: dict[str, Any]) -> None:
    # A workflow's `on` stays bare for people's sake: GitHub reads YAML 1.2.
    text = text_of(emit({f"{key}_": value for key, value in document.items()}))
    assert same(read(text, (1, 1)), {f"{key}_": value for key, value in document.items()}), text


@pytest.mark.parametrize("version", [(1, 1), (1, 2)])
@pytest.mark.parametrize("trap", TRAPS)
def test_a_text_is_a_text_wherever_it_stands(trap: str, version: tuple[int, int]) -> None:
    document = {"value": trap, "list": [trap, trap], "deep": [{"first": trap, "more": [[trap], {"in": trap}]}]}
    assert read(text_of(emit(document)), version) == document
    named: dict[str, Any] = {f"{trap}!": {trap: 1}} if trap != "on" else {}
    assert read(text_of(emit(named)) or "{}", version) == named


@given(DOCUMENTS, st.lists(st.text("a:# ", max_size=5), max_size=3))
def test_every_line_has_a_place_and_all_is_the_same_each_time(document: dict[str, Any], heading: list[str]) -> None:
    lines = emit(document, heading)
    assert lines == emit(document, heading)
    for line in lines:
        assert "\n" not in line.text
        assert bool(line.place) or not line.text or "" in document
    text = text_of(lines)
    assert text.count("\n") == len(lines)
    assert [line.place for line in lines[: len(heading)]] == ["heading"] * len(heading)
    assert same(read(text), document)


@pytest.mark.parametrize("number", [0, -7, 10**30, 1.0, -0.5, 1e16, 1e-7, -1.5e300, math.inf, -math.inf])
def test_numbers_are_numbers_in_both_versions(number: float) -> None:
    for version in ((1, 1), (1, 2)):
        found = read(text_of(emit({"value": number, "list": [number]})), version)
        assert same(found, {"value": number, "list": [number]})


def test_a_comment_stands_behind_its_value() -> None:
    inner = {
        "one": Commented("a # b", "why"),
        "two": Commented(value=False, comment=""),
        "three": Commented(("a", "b, c"), "both"),
    }
    assert [line.text for line in emit({"all": inner})] == [
        "all:",
        '  one: "a # b"  # why',
        "  two: false",
        '  three: [a, "b, c"]  # both',
    ]


def test_half_a_character_is_written_as_an_escape() -> None:
    """Such text comes from bytes that are no UTF-8; it must neither end the program nor become something else."""
    assert scalar("a\udcff") == '"a\\udcff"'
    text_of(emit({"value": "a\ud800"})).encode("utf-8")


def test_a_document_reads_well() -> None:
    document = {
        "name": "x",
        "on": {"push": {"branches": ["main"]}, "merge_group": None},
        "permissions": {},
        "jobs": {
            "one": {"name": "one", "steps": [{"id": "a", "run": "first\n\nsecond"}, {"run": "x", "with": {}}]},
            "two": {"needs": ["one"], "long": ["a" * 60, "b" * 60]},
        },
    }
    text = f"""\
# Heading

name: x

on:
  push:
    branches: [main]
  merge_group:

permissions: {{}}

jobs:
  one:
    name: one
    steps:
      - id: a
        run: |-
          first

          second
      - run: x
        with: {{}}

  two:
    needs: [one]
    long:
      - {"a" * 60}
      - {"b" * 60}
"""
    lines = emit(document, ["Heading"])
    shown = text_of(lines).replace("# Heading\n", "# Heading\n\n", 1)
    assert shown == text
    assert {line.place for line in lines if "second" in line.text} == {"jobs/one/steps/a/run"}
    assert {line.place for line in lines if "run: x" in line.text} == {"jobs/one/steps/1/run"}
