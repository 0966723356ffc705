"""An apply that is interrupted, taken in vain, or late: it never claims what it did not do."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from lockgate.cli import run
from lockgate.flows.protect_look import compare
from lockgate.loopback.github import Fault
from lockgate.model.protection import Change
from lockgate.ports.http import Answer, exchange
from lockgate.protect.difference import continues
from tests.unit.protect.hub import REPOSITORY, Hub, hub
from tests.unit.protect.world import State, World, rich, table

EXCHANGE = "lockgate.ports.github.exchange"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with hub(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture
def place(shared: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    before = msgspec.json.encode(shared.github.store.data["repositories"])
    for name, value in shared.environment.items():
        monkeypatch.setenv(name, value)
    shared.github.requests.clear()
    yield shared
    with shared.github.changing() as data:
        data["repositories"] = msgspec.json.decode(before)
    shared.github.faults.clear()


def writes(place: Hub) -> list[tuple[str, str, int]]:
    return [one for one in place.github.requests if one[0] != "GET"]


def apply(place: Hub, *arguments: str) -> int:
    return run(["protect", "apply", "-C", str(place.root), *arguments])


class Somebody(io.StringIO):
    """A terminal at which somebody says yes, after a while."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:  # type: ignore[override]  # noqa: ANN401
        self.meanwhile()
        return "y\n"


def test_what_changes_while_the_question_is_open_is_not_overwritten(
    place: Hub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def meanwhile() -> None:
        with place.github.changing() as data:
            data["repositories"][REPOSITORY]["actions"]["permissions"]["allowed_actions"] = "local_only"

    monkeypatch.setattr(sys, "stdin", Somebody(meanwhile))
    assert (apply(place), writes(place)) == (1, [])
    assert "the repository has changed meanwhile: nothing was applied" in capfd.readouterr().err
    monkeypatch.setattr(sys, "stdin", Somebody(lambda: None))
    assert apply(place) == 0
    assert place.github.repository(REPOSITORY)["actions"]["permissions"]["allowed_actions"] == "local_only"


@pytest.mark.parametrize("effect", [True, False])
def test_who_interrupts_an_apply_is_told_what_was_applied(
    place: Hub, effect: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def stopped(method: str, url: str, **given: Any) -> Answer:  # noqa: ANN401
        if method == "PUT" and url.endswith("/protection"):
            if effect:
                exchange(method, url, **given)
            raise KeyboardInterrupt
        return exchange(method, url, **given)

    monkeypatch.setattr(EXCHANGE, stopped)
    assert apply(place, "--yes", "--quiet") == 130
    told = capfd.readouterr()
    assert told.out == ""
    assert "interrupted (applied: environment pypi-publishing; " in told.err
    assert "; unknown: protect the branch)" in told.err
    assert "lockgate protect plan" in told.err
    assert ("main" in place.github.repository(REPOSITORY)["protection"]) == effect


def test_who_interrupts_the_proof_is_told_what_was_applied(
    place: Hub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def stopped(method: str, url: str, **given: Any) -> Answer:  # noqa: ANN401
        if "/collaborators" in url and place.github.repository(REPOSITORY)["protection"]:
            raise KeyboardInterrupt
        return exchange(method, url, **given)

    monkeypatch.setattr(EXCHANGE, stopped)
    assert apply(place, "--yes", "--quiet") == 130
    assert "; applied: protect the branch)" in capfd.readouterr().err


def test_who_interrupts_before_the_first_call_has_changed_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lockgate.flows import protect_rounds
    from lockgate.model.errors import InterruptedByUserError
    from lockgate.ports.console import Console

    desk = world.desk(table())
    found = compare(desk)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(protect_rounds, "send", stopped)
    with pytest.raises(InterruptedByUserError, match="nothing was applied"):
        protect_rounds.carry_out(desk, found, Console(quiet=True))


def test_a_call_that_is_taken_in_vain_is_not_said_to_be_done(
    place: Hub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def polite(method: str, url: str, **given: Any) -> Answer:  # noqa: ANN401
        if method == "PUT" and url.endswith("/protection"):
            return Answer(200, {}, b"<html>Welcome")
        return exchange(method, url, **given)

    monkeypatch.setattr(EXCHANGE, polite)
    assert apply(place, "--yes") == 3
    told = capfd.readouterr().out
    assert "unknown   set classic.enforce_admins: GitHub took the call, and reading does not show it" in told
    assert "set dependabot" not in told


def test_what_was_refused_and_then_done_is_done(place: Hub, capfd: pytest.CaptureFixture[str]) -> None:
    environment = Fault(method="PUT", path=".*/environments/.*", status=422, message="Not now")
    place.github.faults += [environment, Fault(method="PUT", path=".*/protection", cut="before")]
    assert apply(place, "--yes") == 0
    told = capfd.readouterr().out
    assert "refused   environment pypi-publishing: PUT" in told
    assert told.splitlines()[-1].startswith("PASS")


def test_a_reviewer_who_vanishes_meanwhile_does_not_hide_what_was_done(world: World) -> None:
    world.fresh(**rich("ruleset"))
    # The first reading knows who that is, the next ones do not; the environment was not made.
    world.server.faults.append(Fault(method="PUT", path=".*/environments/.*", status=422, message="No"))
    world.server.faults += [Fault(path="/users/ada", nth=2, status=404, message="Not Found") for _ in range(9)]
    config = table(protection={"kind": "ruleset"}, publish={"reviewers": ["@ada"]})
    steps, found = world.apply(config)
    by = {step.what: step for step in steps}
    assert by["environment pypi-publishing"].status == "refused"
    assert by["protect the branch"].status == "applied"
    assert by["remove the classic protection, a duplicate"].status == "unknown"
    assert "@ada is no user" in by["remove the classic protection, a duplicate"].detail
    assert any(line.kind == "unknown" for line in found.changes)
    assert "main" in world.state["protection"]


def test_only_deployment_policies_may_be_half_applied() -> None:
    def line(key: str, *before: str) -> Change:
        return Change(kind="change", key=key, before=list(before), after=["a", "b"])

    checks, policies = "classic.required_status_checks.checks", "environment.policies"
    assert continues([line(policies, "a", "old")], [line(policies, "a")])
    assert not continues([line(checks, "a", "old")], [line(checks, "a")])
    assert not continues([line(policies, "a")], [line(policies, "other")])


def test_what_the_other_form_asks_for_in_other_values_is_told_as_it_is(world: World) -> None:
    state: State = rich("ruleset")
    state["protection"]["main"]["required_pull_request_reviews"] = {
        "dismissal_restrictions": None, "bypass_pull_request_allowances": None, "dismiss_stale_reviews": False,
        "require_code_owner_reviews": False, "required_approving_review_count": 2, "require_last_push_approval": False,
    }  # fmt: skip
    world.fresh(**state)
    lines = {one.key: one for one in compare(world.desk(table(protection={"kind": "ruleset"}))).changes}
    assert lines["classic"].kind == "remove"
    assert lines["classic"].before["classic.required_pull_request_reviews.required_approving_review_count"] == 2
    assert "whose values count" in lines["classic"].why
