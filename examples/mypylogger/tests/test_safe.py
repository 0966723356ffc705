"""Any value becomes valid JSON, and a readable one."""

from __future__ import annotations

import enum
import json
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Iterator
from unittest.mock import MagicMock

import pytest

from mypylogger._safe import MAX_DEPTH, free_key, json_safe


class Colour(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    ONE = 1


class Word(str, enum.Enum):
    YES = "yes"


class BadRepr:
    def __repr__(self) -> str:
        raise ValueError


class BadDict(dict):  # type: ignore[type-arg]
    def items(self) -> Iterator[None]:  # type: ignore[override]
        raise KeyError


class BadList(list):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[None]:
        raise OSError


CASES = {
    "plain": ([None, True, -3, 1.5, "a"], [None, True, -3, 1.5, "a"]),
    "int-bits": ([2**64 - 1, 2**64], [2**64 - 1, "18446744073709551616"]),
    "not-finite": ([float("nan"), float("inf"), -float("inf")], ["nan", "inf", "-inf"]),
    "lone-surrogate": ("a\udcffb \U0001f600", "a\\udcffb \U0001f600"),
    "bytes": ([b"caf\xc3\xa9", bytearray(b"x")], ["caf\u00e9", "x"]),
    "bytes-not-utf-8": (b"\xff\x00", "\\xff\x00"),
    "enums": ([Colour.RED, Number.ONE, Word.YES], ["Colour.RED", 1, "yes"]),
    "arrays": ((1, (2,), {3}, frozenset({4})), [1, [2], [3], [4]]),
    "dict": ({"a": {"b": None}}, {"a": {"b": None}}),
    "keys-not-text": ({None: 1, b"k": 2, (1, 2): 3}, {"None": 1, "k": 2, "[1, 2]": 3}),
    "keys-that-collide": ({1: "int", "1": "text"}, {"1": "int", "1_": "text"}),
    "datetime": (datetime(2026, 1, 2, tzinfo=timezone.utc), "2026-01-02 00:00:00+00:00"),
    "others": ([PurePosixPath("a/b"), Decimal("1.10"), ValueError("x")], ["a/b", "1.10", "x"]),
    "bad-repr": ([{"x": BadRepr()}], [{"x": "<unprintable BadRepr: ValueError>"}]),
    "bad-key": ({BadRepr(): 1}, {"<unprintable BadRepr: ValueError>": 1}),
    "bad-dict": (BadDict(), "<unprintable BadDict: KeyError>"),
    "bad-list": (BadList(), "<unprintable BadList: OSError>"),
}


@pytest.mark.parametrize(("value", "expected"), CASES.values(), ids=CASES.keys())
def test_every_value_has_one_json_form(value: object, expected: object) -> None:
    assert json.dumps(json_safe(value), allow_nan=False) == json.dumps(expected)


def test_every_value_is_safe_at_every_place() -> None:
    values = [value for value, _ in CASES.values()] + [10**5000, object(), int, MagicMock()]
    for value in values:
        for place in ([value], (value, [value]), {"key": value}, {"a": [{"b": value}]}):
            json.dumps(json_safe(place), allow_nan=False).encode("utf-8")


def test_a_circle_is_cut_where_it_closes() -> None:
    ring: list[object] = [1]
    ring.append({"ring": ring})
    assert json_safe(ring) == [1, {"ring": "<circular reference>"}]


def test_the_same_value_twice_is_no_circle() -> None:
    shared = [1]
    assert json_safe([shared, shared]) == [[1], [1]]


def test_nesting_ends_at_the_limit() -> None:
    deep: object = "bottom"
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert "bottom" in str(json_safe(deep))
    assert "<nested too deeply>" in str(json_safe([deep]))


def test_a_dict_may_grow_meanwhile() -> None:
    class Growing:
        def __str__(self) -> str:
            growing["new"] = 1
            return "x"

    growing: dict[str, object] = {"first": Growing()}
    assert json_safe(growing) == {"first": "x"}


def test_a_generator_is_not_consumed() -> None:
    generator = (number for number in [1, 2])
    assert "generator" in str(json_safe(generator))
    assert list(generator) == [1, 2]


def test_free_key_appends_until_nobody_has_it() -> None:
    assert free_key("a", {"b"}) == "a"
    assert free_key("a", {"a"}) == "a_"
    assert free_key("a", {"a", "a__"}, {"a_"}) == "a___"
