from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.duration import human, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("24h", 86400), ("7d", 604800), ("0.5s", 0.5), (" 1.5m ", 90)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "-1s", "0s", "0.0h", "1w", "1s2", "1e3s", ".5s", "٣s"[1:]])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration: .* e\.g\. 90s, 10m, 24h or 7d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.00 s"),
        (0.421, "0.42 s"),
        (12.34, "12.3 s"),
        (185, "3 min 05 s"),
        (59.99, "60.0 s"),
        (119.6, "2 min 00 s"),
        (3599.7, "1 h 00 min"),
        (7800, "2 h 10 min"),
        (47 * 3600, "47 h 00 min"),
        (3 * 86400, "3 d"),
    ],
)
def test_a_duration_reads_like_one(seconds: float, shown: str) -> None:
    assert human(seconds) == shown


@given(st.integers(60, 47 * 3600))
def test_no_part_of_a_shown_duration_overflows(seconds: int) -> None:
    first, unit, second, smaller = human(seconds).split()
    assert (unit, smaller) in {("min", "s"), ("h", "min")}
    assert int(second) < 60
    whole = {"min": 60, "h": 3600}[unit] * int(first) + {"s": 1, "min": 60}[smaller] * int(second)
    assert whole <= seconds < whole + {"s": 1, "min": 60}[smaller]
