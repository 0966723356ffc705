from __future__ import annotations

import pytest
from hypothesis import given, settings

from lockgate.flows.protect import compare
from lockgate.model.config import Config
from lockgate.model.protection import TO_DO, verdict_of
from tests.unit.protect.world import State, World, configs, states, weaker

# Every request and answer is held against GitHub's own description.
pytestmark = pytest.mark.usefixtures("checked")


def check_round_trip(world: World, config: Config, state: State) -> None:
    world.fresh(**state)
    before = world.state
    steps, found = world.apply(config)
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


@settings(max_examples=80)
@given(configs(), states())
def test_plan_apply_plan_is_empty_for_every_combination(world: World, config: Config, state: State) -> None:
    check_round_trip(world, config, state)


@pytest.mark.slow
@settings(max_examples=1000)
@given(configs(), states())
def test_plan_apply_plan_is_empty_for_very_many_combinations(world: World, config: Config, state: State) -> None:
    check_round_trip(world, config, state)
