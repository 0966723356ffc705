from __future__ import annotations

import pytest

from lockgate.push.stamps import Scalar, Stamps, Win, instant, mixed_runs, newer


@pytest.mark.parametrize(
    ("text", "kind", "seconds"),
    [
        ("1970-01-02T00:00:00Z", "string with zone", 719164 * 86400),
        ("1970-01-02t00:00:00z", "string with zone", 719164 * 86400),
        ("1970-01-02 01:00 +01:00", "string with zone", 719164 * 86400),
        ("1970-01-02 00:00 UTC", "string with zone", 719164 * 86400),
        ("1970-01-01T19:00:00-0500", "string with zone", 719164 * 86400),
        ("1970-01-02T00:00:00.50", "string without zone", 719164 * 86400),
        ("1970-01-02", "string day", 719164 * 86400),
    ],
)
def test_an_instant(text: str, kind: str, seconds: int) -> None:
    assert instant(Scalar("string", text)) == (kind, (seconds, "5" if ".5" in text else ""))


@pytest.mark.parametrize(
    "text",
    ["", "1970", "1970-13-01", "1970-02-30", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z",
     "01/11/2026", "1 Nov 2026", "1970-01-01T00:00:00+15:00", "1970-01-01T00:00:00+01:60", "19700101T000000Z",
     "1970-01-01T00", "١٩٧٠-01-01", "0000-01-01", "tomorrow"],
)  # fmt: skip
def test_what_is_no_date_that_means_one_thing(text: str) -> None:
    assert instant(Scalar("string", text)) is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [("1700000000", "seconds"), ("1700000000.5", "seconds"), ("1700000000000", "milliseconds"),
     ("1700000000000000", "microseconds"), ("1700000000000000000", "nanoseconds")],
)  # fmt: skip
def test_an_epoch_in_its_unit(text: str, unit: str) -> None:
    found = instant(Scalar("number", text))
    assert found == (unit, (int(text.partition(".")[0]), text.partition(".")[2]))


@pytest.mark.parametrize("text", ["0", "99", "-1700000000", "1.7e9", "17000000000000000000000"])
def test_what_is_no_epoch(text: str) -> None:
    assert instant(Scalar("number", text)) is None
    with pytest.raises(ValueError, match="no date and time"):
        newer(Scalar("number", text), Scalar("number", "1700000000"))


def test_neither_is_newer_when_they_are_the_same_instant() -> None:
    assert newer(Scalar("string", "2026-01-01T01:00:00+01:00"), Scalar("string", "2026-01-01T00:00:00.000Z")) is None


@pytest.mark.parametrize(
    "name", ["generated_at", "lastUpdated", "Last-Modified", "timestamp", "Last updated", "ENDED_AT"]
)
def test_names_of_stamps(name: str) -> None:
    assert Stamps().include(("x", name))


@pytest.mark.parametrize("name", ["created_at", "expires_at", "date", "time", "at", "generator", "x_generated_at_all"])
def test_names_of_data(name: str) -> None:
    assert not Stamps().include((name,))


def test_declared_names_and_paths() -> None:
    stamps = Stamps(["builtOn", "run.when"])
    assert stamps.include(("x", "built_on"))
    assert stamps.include(("run", "when"))
    assert not stamps.include(("x", "when"))
    assert stamps.include(("run", "[3]", "when"))
    assert not stamps.include(())


@pytest.mark.parametrize(
    ("wins", "is_mixed"),
    [
        ([(("a",), "ours", True), (("b",), "ours", True)], False),
        ([(("a",), "ours", True), (("b",), "theirs", True)], True),
        ([(("x", "a"), "ours", False), (("y", "a"), "theirs", False)], False),
        ([(("x", "a"), "ours", False), (("x", "b"), "theirs", False)], True),
        ([(("started_at",), "ours", False), (("result", "ended_at"), "theirs", False)], True),
        ([(("a", "started_at"), "ours", False), (("b", "ended_at"), "theirs", False)], False),
    ],
)
def test_two_runs_are_not_mixed(wins: list[tuple[tuple[str, ...], str, bool]], is_mixed: bool) -> None:
    found = mixed_runs([Win(path, side, contested) for path, side, contested in wins])  # type: ignore[arg-type]
    assert (found is not None) == is_mixed
