from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.shown import branches, floored, printable, ranges


@given(st.floats(0, 100))
def test_a_shown_percentage_is_never_more_and_hardly_less_than_the_true_one(percent: float) -> None:
    shown = float(floored(percent))
    assert shown <= percent
    assert Fraction(percent) - Fraction(floored(percent)) < Fraction(1, 100)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_whatever_misses_the_threshold_is_shown_to_miss_it(covered: int, total: int) -> None:
    percent = 100.0 * min(covered, total) / total
    if percent < 95:
        assert float(floored(percent)) < 95


@pytest.mark.parametrize(
    ("percent", "shown"),
    [(0, "0.00"), (100, "100.00"), (94.996, "94.99"), (94.99999999999999, "94.99"), (0.29, "0.29"), (95, "95.00")],
)
def test_known_percentages(percent: float, shown: str) -> None:
    assert floored(percent) == shown


def test_lines_and_branches_are_shown_short() -> None:
    assert ranges([(3, 3), (10, 12)]) == "3, 10-12"
    assert branches([(5, 7), (9, -1)]) == "5->7, 9->exit"
    assert ranges([]) == branches([]) == ""


def test_control_characters_of_others_never_reach_the_terminal() -> None:
    assert printable("a\x1b]0;title\x07\tb\nc\x9b1m") == "a\\x1b]0;title\\x07\tb\nc\\x9b1m"
