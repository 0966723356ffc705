"""A failure at every call of apply: nothing is weaker than before, every step tells the truth, a second apply ends."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.flows.protect_look import compare
from lockgate.loopback.github import Fault
from lockgate.model.protection import verdict_of
from tests.unit.protect.world import State, World, rich, table, weaker

# Every request and answer is held against GitHub's own description.
pytestmark = pytest.mark.usefixtures("checked")
FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"status": 422, "message": "Validation Failed"},
    "cut before": {"cut": "before"},
    "cut after": {"cut": "after"},
    "cut within": {"cut": "within"},
    "failed after": {"status": 502, "effect": True},
    "failed": {"status": 500},
    "no rights": {"status": 403, "message": "Resource not accessible by personal access token"},
    "limited": {"status": 429, "message": "You have exceeded a secondary rate limit.", "headers": {"Retry-After": "0"}},
    "silent": {"status": 404, "message": "Not Found"},
}
FEW = ("refused", "cut before", "cut after", "failed after")
REFUSALS = {"refused", "no rights", "silent"}
WRITES = "(POST|PUT|PATCH|DELETE)"


def scenario(name: str) -> tuple[State, Any]:
    kind = name.rsplit(maxsplit=1)[-1]
    config = table(protection={"kind": kind, "code-owners": True}, publish={"reviewers": ["@ada", "@acme/crew"]})
    return ({}, config) if name.startswith("empty") else (rich(kind), config)


def fail_at_every_call(world: World, name: str, fault: str) -> None:
    state, config = scenario(name)
    world.fresh(**state)
    planned, _ = world.apply(config)
    count = len(world.writes())
    assert count >= 8
    assert len(planned) == count
    for nth in range(1, count + 1):
        world.fresh(**state)
        before = world.state
        world.server.faults.append(Fault(method=WRITES, nth=nth, **FAULTS[fault]))
        steps, found = world.apply(config)
        for moment in (*world.server.moments, world.state):
            assert weaker(moment, before, config) == [], (nth, fault)
        refused = [step for step in steps if step.status == "refused"]
        not_tried = [step for step in steps if step.status == "not-tried"]
        if fault in REFUSALS:
            assert len(refused) == 1, steps
            assert str(FAULTS[fault]["message"]) in refused[0].detail
            assert len(steps) == count
        else:
            # What has no answer is read, and done again only where it did not happen.
            assert [step.status for step in steps] == ["applied"] * count, (nth, fault)
            assert verdict_of(found.changes) == "pass"
        assert bool(not_tried) <= bool(refused)
        # What was applied is applied, and what was not is still to be done.
        world.server.faults.clear()
        left = compare(world.desk(config))
        assert (verdict_of(left.changes) == "fail") == bool(refused), (nth, fault)
        _, ended = world.apply(config)
        assert verdict_of(ended.changes) == "pass"


@pytest.mark.parametrize("fault", FEW)
@pytest.mark.parametrize("name", ["rich classic", "empty ruleset"])
def test_a_failure_at_any_call(world: World, name: str, fault: str) -> None:
    fail_at_every_call(world, name, fault)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["rich classic", "rich ruleset", "empty classic", "empty ruleset"])
def test_any_failure_at_any_call(world: World, name: str, fault: str) -> None:
    fail_at_every_call(world, name, fault)


def test_a_call_that_never_gets_an_answer_is_unknown_and_the_rest_waits(world: World) -> None:
    state, config = scenario("rich classic")
    world.fresh(**state)
    world.server.faults.append(Fault(method="PUT", path=".*/actions/permissions", nth=0, cut="before"))
    steps, found = world.apply(config)
    assert verdict_of(found.changes) == "fail"
    lost = next(step for step in steps if step.status == "unknown")
    assert "gave no answer" in lost.detail
    after = steps[steps.index(lost) + 1 :]
    assert after
    assert {step.status for step in after} == {"not-tried"}
    world.server.faults.clear()
    assert verdict_of(world.apply(config)[1].changes) == "pass"


def test_when_reading_fails_afterwards_nothing_is_promised(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockgate.ports.github.time.sleep", lambda _: None)
    state, config = scenario("empty classic")
    world.fresh(**state)
    desk = world.desk(config)
    found = compare(desk)
    world.server.faults.append(Fault(method="PUT", path=".*/protection", cut="after"))
    world.server.faults.append(Fault(method="GET", nth=0, cut="before"))
    from lockgate.flows.protect_rounds import carry_out
    from lockgate.ports.console import Console

    steps, found = carry_out(desk, found, Console(quiet=True))
    assert verdict_of(found.changes) == "unknown"
    assert any(step.status == "unknown" for step in steps)


def test_a_duplicate_stays_while_the_form_in_the_table_does_not_hold(world: World) -> None:
    state, config = scenario("empty ruleset")
    main = {
        "required_status_checks": None, "enforce_admins": True, "required_pull_request_reviews": None,
        "restrictions": None, "required_linear_history": True, "allow_force_pushes": False, "allow_deletions": False,
        "block_creations": False, "required_conversation_resolution": False, "lock_branch": False,
        "allow_fork_syncing": False, "required_signatures": False,
    }  # fmt: skip
    world.fresh(**state, protection={"main": main})
    world.server.faults.append(Fault(method="POST", path=".*/rulesets", status=422, message="Name must be unique"))
    steps, _ = world.apply(config)
    assert world.state["protection"] == {"main": main}
    assert steps[-1].status == "not-tried"
    world.server.faults.clear()
    steps, found = world.apply(config)
    assert verdict_of(found.changes) == "pass"
    assert world.state["protection"] == {}
    assert [one["name"] for one in world.state["rulesets"]] == ["lockgate"]


def test_a_duplicate_that_protects_more_than_the_branch_stays(world: World) -> None:
    ours = rich("ruleset")["rulesets"][0]
    ours["conditions"]["ref_name"]["include"] = ["refs/heads/main", "refs/heads/stable"]
    ours["rules"] = [{"type": "deletion"}]
    world.fresh(rulesets=[ours])
    _, found = world.apply(table())
    assert verdict_of(found.changes) == "pass"
    assert [one["name"] for one in world.state["rulesets"]] == ["lockgate"]
    line = next(line for line in found.changes if line.key == "ruleset.conditions.ref_name.include")
    assert (line.kind, line.before) == ("unmanaged", ["refs/heads/main", "refs/heads/stable"])
    world.fresh(rulesets=[{**ours, "conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": []}}}])
    world.apply(table())
    assert world.state["rulesets"] == []
