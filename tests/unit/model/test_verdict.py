from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.verdict import EXIT_CODES, Status, Verdict, overall

STATUSES = st.lists(st.sampled_from(get_args(Status)), max_size=6)


@given(STATUSES)
def test_fail_outranks_unknown_and_unknown_outranks_pass(statuses: list[Status]) -> None:
    verdict = overall(statuses)
    if "fail" in statuses:
        assert verdict == "fail"
    elif "unknown" in statuses:
        assert verdict == "unknown"
    else:
        assert verdict in {"pass", "unknown"}


@given(STATUSES)
def test_only_what_was_seen_to_pass_is_a_pass(statuses: list[Status]) -> None:
    ran = [status for status in statuses if status != "not-run"]
    assert (overall(statuses) == "pass") == (bool(ran) and all(status == "pass" for status in ran))


@given(STATUSES)
def test_a_skipped_check_never_yields_a_pass(statuses: list[Status]) -> None:
    assert overall([*statuses, "skipped"]) != "pass"


@given(STATUSES)
def test_what_the_user_did_not_ask_for_has_no_say(statuses: list[Status]) -> None:
    assert overall([*statuses, "not-run"]) == overall(statuses)


@given(STATUSES, st.randoms())
def test_the_order_of_the_checks_has_no_say(statuses: list[Status], random: object) -> None:
    shuffled = list(statuses)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert overall(shuffled) == overall(statuses)


def test_a_run_in_which_nothing_ran_is_no_pass() -> None:
    assert overall([]) == "unknown"
    assert overall(["not-run", "not-run"]) == "unknown"


def test_every_verdict_has_its_exit_code() -> None:
    assert {verdict: EXIT_CODES[verdict] for verdict in get_args(Verdict)} == {"pass": 0, "fail": 1, "unknown": 3}
