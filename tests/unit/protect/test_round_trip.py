from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings

from lockgate.flows.protect_look import compare
from lockgate.flows.protect_rounds import not_kept
from lockgate.model.config import Config
from lockgate.model.protection import TO_DO, verdict_of
from tests.unit.protect.world import State, World, configs, rich, states, table, weaker

# Every request and answer is held against GitHub's own description.
pytestmark = pytest.mark.usefixtures("checked")


def check_round_trip(world: World, config: Config, state: State) -> None:
    world.fresh(**state)
    before = world.state
    first = compare(world.desk(config))
    steps, found = world.apply(config)
    assert not_kept(first, found) == []
    assert [step for step in steps if step.status != "applied"] == []
    assert [line for line in found.changes if line.kind in TO_DO] == []
    assert verdict_of(found.changes) == "pass"
    for moment in world.server.moments:
        assert weaker(moment, before, config) == []
    # Idempotent: nothing is left to do, and nothing that nobody manages was lost.
    world.server.requests.clear()
    again = compare(world.desk(config))
    assert [line for line in again.changes if line.kind in TO_DO] == []
    assert world.writes() == []
    lost = {line.key: line for line in found.changes if line.kind == "unmanaged"}
    assert {line.key: line for line in again.changes if line.kind == "unmanaged"} == lost


@settings(max_examples=80, phases=[Phase.generate])
@given(configs(), states())
def test_plan_apply_plan_is_empty_for_every_combination(world: World, config: Config, state: State) -> None:
    check_round_trip(world, config, state)


@pytest.mark.slow
@settings(max_examples=400, phases=[Phase.generate])
@given(configs(), states())
def test_plan_apply_plan_is_empty_for_very_many_combinations(world: World, config: Config, state: State) -> None:
    check_round_trip(world, config, state)


def test_what_github_does_not_keep_is_told(world: World) -> None:
    state = rich("classic")
    world.fresh(**state)
    before = compare(world.desk(table()))
    assert not_kept(before, before) == []
    state["protection"]["main"]["required_signatures"] = False
    world.fresh(**state)
    assert [line.key for line in not_kept(before, compare(world.desk(table())))] == ["classic.required_signatures"]
