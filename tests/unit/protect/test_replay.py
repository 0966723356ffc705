"""Past merges under the planned rules: what each rule says, and that more proof never blocks more."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.protection import Unseen
from lockgate.model.replay import Replay
from lockgate.protect.owners import Owners
from lockgate.protect.replay import Merged, Ran, Review, Rules, early, judge
from lockgate.protect.replay_words import render

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
MERGED = "2026-11-20T12:00:00Z"
EARLY, BEFORE, AFTER = "2026-11-20T09:00:00Z", "2026-11-20T11:00:00Z", "2026-11-20T13:00:00Z"
HIDDEN = Unseen("Something: read", "HTTP status 403")
RULES = Rules(contexts=("test", "lint"))


def ran(name: str, result: str = "success", began: str = BEFORE, ended: str | None = BEFORE) -> Ran:
    return Ran(name, began, ended, result)


def review(user: str = "bob", state: str = "APPROVED", at: str = BEFORE, commit: str = "head", *,
           writes: bool | None = True) -> Review:  # fmt: skip
    return Review(user, state, at, commit, writes)


def merged(**changes: Any) -> Merged:  # noqa: ANN401
    """A pull request that every rule lets through, with `changes`."""
    plain: dict[str, Any] = {
        "number": 1, "title": "A change", "author": "ann", "merged_by": "bob", "merged_at": MERGED, "head": "head",
        "checks": (ran("test"), ran("lint")), "reviews": (review(),),
    }  # fmt: skip
    return Merged(**{**plain, **changes})


def said(one: Merged, rules: Rules = RULES) -> dict[str, tuple[str, str]]:
    """Status and detail by rule."""
    return {ruling.rule: (ruling.status, ruling.detail) for ruling in judge(one, rules, NOW).rulings}


def test_what_keeps_every_rule_is_let_through() -> None:
    assert judge(merged(), RULES, NOW).status == "passed"


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ((ran("test"),), ("blocked", "lint was not reported")),
        ((ran("test"), ran("lint", "failure")), ("blocked", "lint: failure")),
        ((ran("test"), ran("lint", "timed_out")), ("blocked", "lint: timed_out")),
        ((ran("test"), ran("lint", began=AFTER, ended=AFTER)), ("blocked", "lint was not reported")),
        ((ran("test"), ran("lint", ended=AFTER)), ("blocked", "lint had not ended")),
        ((ran("test"), ran("lint", "None", ended=None)), ("blocked", "lint had not ended")),
        ((ran("test"), ran("lint", began=EARLY), ran("lint", "failure")), ("blocked", "lint: failure")),
        (HIDDEN, ("unknown", "HTTP status 403: it takes Something: read")),
    ],
)  # fmt: skip
def test_checks_count_as_they_were_when_it_was_merged(checks: Any, expected: tuple[str, str]) -> None:  # noqa: ANN401
    assert said(merged(checks=checks)) == {"checks": expected}


@pytest.mark.parametrize(
    "checks",
    [
        (ran("test", "skipped"), ran("lint", "neutral")),
        (ran("test"), ran("lint", "failure", "2026-11-20T09:00:00Z"), ran("lint")),
        (ran("test"), ran("lint"), ran("lint", "failure", began=AFTER, ended=AFTER)),
        (ran("test"), ran("lint"), ran("other", "failure")),
    ],
)
def test_the_last_report_before_the_merge_counts(checks: tuple[Ran, ...]) -> None:
    assert said(merged(checks=checks)) == {}


def test_archived_checks_are_unknown_unless_one_is_seen_to_fail() -> None:
    long_ago = {"merged_at": "2025-01-01T00:00:00Z", "reviews": (review(at="2024-12-31T00:00:00Z"),)}
    assert said(merged(checks=(), **long_ago))["checks"][0] == "unknown"
    failed = (ran("lint", "failure", "2024-12-31T00:00:00Z", "2024-12-31T00:00:00Z"),)
    assert said(merged(checks=failed, **long_ago))["checks"] == ("blocked", "lint: failure")


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ((), ("blocked", "0 of 1 approvals")),
        ((review("ann"),), ("blocked", "0 of 1 approvals")),
        ((review(writes=False),), ("blocked", "0 of 1 approvals")),
        ((review(at=AFTER),), ("blocked", "0 of 1 approvals")),
        ((review(state="DISMISSED"),), ("blocked", "0 of 1 approvals")),
        ((review(commit="older"),), ("blocked", "0 of 1 approvals, 1 stale: commits were pushed after it")),
        ((review(), review("eve", "CHANGES_REQUESTED")), ("blocked", "eve had requested changes")),
        ((review(at=EARLY), review(state="CHANGES_REQUESTED")), ("blocked", "bob had requested changes")),
        ((review(writes=None),), ("unknown", "whether the reviewers may push cannot be told")),
        ((review(), review("eve", "CHANGES_REQUESTED", writes=None)),
         ("unknown", "whether the reviewers may push cannot be told")),
        (HIDDEN, ("unknown", "HTTP status 403: it takes Something: read")),
    ],
)  # fmt: skip
def test_only_the_last_review_of_another_writer_counts(reviews: Any, expected: tuple[str, str]) -> None:  # noqa: ANN401
    assert said(merged(reviews=reviews)) == {"approvals": expected}


def test_reviews_that_are_superseded_or_nobodys_do_not_count() -> None:
    early_no = review(state="CHANGES_REQUESTED", at="2026-11-20T10:00:00Z")
    assert said(merged(reviews=(early_no, review(), review("eve", "CHANGES_REQUESTED", writes=False)))) == {}
    assert said(merged(reviews=()), msgspec.structs.replace(RULES, approvals=0)) == {}


def test_a_self_merge_is_told() -> None:
    found = said(merged(reviews=(), merged_by="ann"))
    assert found["self-merge"] == ("blocked", "merged by ann, who wrote it")
    assert "self-merge" not in said(merged(merged_by="ann"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"behind": 3}, {"up-to-date": ("blocked", "3 commits behind")}),
        ({"behind": HIDDEN}, {"up-to-date": ("unknown", "HTTP status 403: it takes Something: read")}),
        ({"parents": 2}, {"linear-history": ("blocked", "a merge commit")}),
        ({"parents": HIDDEN}, {"linear-history": ("unknown", "HTTP status 403: it takes Something: read")}),
    ],
)
def test_history(changes: dict[str, Any], expected: dict[str, tuple[str, str]]) -> None:
    assert said(merged(**changes)) == expected
    assert "up-to-date" not in said(merged(**changes), Rules())


OWNERS = """\
*               @bob   # everything
/docs/          @eve
docs/*.md       @octo/writers
*.toml          mail@example.org @eve
/src/**/deep.py @bob @eve
/a\\ b.txt       @eve
build/
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("a.py", ("@bob",)),
        ("docs/x/y.rst", ("@eve",)),
        ("other/docs/y.rst", ("@bob",)),
        ("docs/a.md", ("@octo/writers",)),
        ("docs/x/a.md", ("@eve",)),
        ("x/pyproject.toml", ("mail@example.org", "@eve")),
        ("src/a/b/deep.py", ("@bob", "@eve")),
        ("src/deep.py", ("@bob", "@eve")),
        ("a b.txt", ("@eve",)),
        ("x/build/y", ()),
    ],
)
def test_the_last_pattern_that_matches_owns_a_file(path: str, owners: tuple[str, ...]) -> None:
    assert Owners(OWNERS).of(path) == owners


def test_a_folder_with_a_star_owns_its_own_files_only() -> None:
    assert Owners("docs/* @eve").of("docs/a.md") == ("@eve",)
    assert Owners("docs/* @eve").of("docs/x/a.md") == ()
    assert Owners("docs/** @eve").of("docs/x/a.md") == ("@eve",)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("a.py",), {}),
        (("build/x",), {}),
        (("docs/x", "docs/y", "a.py"), {"code-owners": ("blocked", "no owner of docs/x approved (2 files)")}),
        (("docs/a.md",), {"code-owners": ("unknown", "whether one of the team of docs/a.md approved (1 files)")}),
        (HIDDEN, {"code-owners": ("unknown", "HTTP status 403: it takes Something: read")}),
    ],
)  # fmt: skip
def test_an_owner_of_every_file_must_have_approved(files: Any, expected: dict[str, Any]) -> None:  # noqa: ANN401
    assert said(merged(files=files), msgspec.structs.replace(RULES, owners=Owners(OWNERS))) == expected


def test_without_any_approval_no_team_can_have_approved() -> None:
    rules = Rules(approvals=0, owners=Owners(OWNERS))
    assert said(merged(reviews=(), files=("docs/a.md",)), rules)["code-owners"][0] == "blocked"


def test_checks_that_did_not_exist_yet_are_counted() -> None:
    old = merged(number=1, merged_at="2026-11-20T10:00:00Z", checks=())
    first = merged(number=2, merged_at="2026-11-20T11:30:00Z")
    later = merged(number=3, checks=(ran("test"),))
    assert early((later, first, old), RULES) == 1
    assert early((merged(checks=HIDDEN),), RULES) == 0


TIMES = st.sampled_from([BEFORE, MERGED, AFTER])
CHECKS = st.lists(
    st.builds(
        Ran,
        st.sampled_from(["test", "lint", "other"]),
        TIMES,
        st.one_of(st.none(), TIMES),
        st.sampled_from(["success", "failure", "skipped", "cancelled"]),
    ),
    max_size=6,
).map(tuple)
REVIEWS = st.lists(
    st.builds(
        Review,
        st.sampled_from(["ann", "bob", "eve"]),
        st.sampled_from(["APPROVED", "CHANGES_REQUESTED", "DISMISSED"]),
        TIMES,
        st.sampled_from(["head", "older"]),
        st.sampled_from([True, False, None]),
    ),
    max_size=5,
).map(tuple)
HIDE = st.just(HIDDEN)
PULLS = st.builds(
    merged,
    merged_by=st.sampled_from(["ann", "bob"]),
    checks=st.one_of(CHECKS, HIDE),
    reviews=st.one_of(REVIEWS, HIDE),
    behind=st.one_of(st.integers(0, 3), HIDE),
    parents=st.one_of(st.integers(1, 2), HIDE),
    files=st.one_of(st.lists(st.sampled_from(["a.py", "docs/a.md", "build/x"])).map(tuple), HIDE),
)
PLANS = st.builds(
    Rules,
    contexts=st.sampled_from([(), ("test",), ("test", "lint")]),
    approvals=st.integers(0, 2),
    owners=st.sampled_from([None, Owners(OWNERS)]),
)


@given(PULLS, PLANS)
def test_the_status_is_what_the_rulings_say(one: Merged, rules: Rules) -> None:
    found = judge(one, rules, NOW)
    statuses = {ruling.status for ruling in found.rulings}
    assert found.status == ("blocked" if "blocked" in statuses else "unknown" if statuses else "passed")


@given(PULLS, PLANS)
def test_a_rule_that_is_not_planned_says_nothing(one: Merged, rules: Rules) -> None:
    names = {ruling.rule for ruling in judge(one, rules, NOW).rulings}
    planned = {"checks": rules.contexts, "up-to-date": rules.contexts, "linear-history": True,
               "code-owners": rules.owners, "approvals": rules.approvals or rules.owners,
               "self-merge": rules.approvals}  # fmt: skip
    assert names <= {name for name, is_planned in planned.items() if is_planned}


@given(PULLS, PLANS)
def test_what_is_hidden_never_decides(one: Merged, rules: Rules) -> None:
    """With everything hidden nothing is blocked, and nothing that any rule asks is let through."""
    hidden = {"checks": HIDDEN, "reviews": HIDDEN, "behind": HIDDEN, "parents": HIDDEN, "files": HIDDEN}
    found = judge(msgspec.structs.replace(one, **hidden), rules, NOW)
    assert found.status == "unknown"


@given(PULLS, PLANS)
def test_stricter_rules_never_let_more_through(one: Merged, rules: Rules) -> None:
    stricter = Rules(contexts=("test", "lint"), approvals=2, owners=Owners(OWNERS))
    if judge(one, rules, NOW).status == "blocked":
        assert judge(one, stricter, NOW).status == "blocked"
    if judge(one, stricter, NOW).status == "passed":
        assert judge(one, rules, NOW).status == "passed"


@given(PULLS, PLANS)
def test_what_happens_after_the_merge_changes_nothing(one: Merged, rules: Rules) -> None:
    if isinstance(one.checks, Unseen) or isinstance(one.reviews, Unseen):
        return
    later = msgspec.structs.replace(
        one,
        checks=(*one.checks, ran("test", "failure", AFTER, AFTER), ran("lint", began=AFTER, ended=AFTER)),
        reviews=(*one.reviews, review("zoe", at=AFTER), review("bob", "CHANGES_REQUESTED", AFTER)),
    )
    assert judge(later, rules, NOW) == judge(one, rules, NOW)


def test_the_text_says_how_many_and_which() -> None:
    pulls = tuple(judge(one, RULES, NOW) for one in (
        merged(number=4), merged(number=3, behind=2, title="A\x1b[31m trick"), merged(number=2, checks=HIDDEN),
    ))  # fmt: skip
    found = render(
        Replay(asked=50, requests=18, stopped="the rate limit", pulls=pulls, early=1), "main", lambda text, _: text
    )
    assert "1 would have been blocked, 1 let through, 1 cannot be told (18 requests)" in found
    assert "up-to-date            1        0" in found
    assert "blocked  #3 2026-11-20 ann: A\\x1b[31m trick: up-to-date: 2 commits behind" in found
    assert "ended early: the rate limit" in found
    assert "1 of them lack a check" in found
    assert "#4" not in found
