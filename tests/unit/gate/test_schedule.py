from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockgate.gate.plan import Selection, Step, plan, priority
from lockgate.gate.schedule import next_step
from lockgate.model.project import Project
from tests.unit.builders import project

PYTHONS = ["3.8", "3.9", "3.10", "3.11", "3.12"]


@st.composite
def packages(draw: st.DrawFn) -> Project:
    """Any choice of checks, in any order, over any cells."""
    names = draw(st.lists(st.sampled_from(["lint", "format", "types", "docs", "links"]), unique=True))
    names = draw(st.permutations([*names, "test", *draw(st.sampled_from([[], ["coverage"]]))]))
    custom = "".join(f"\n[tool.lockgate.check.{name}]\nrun = ['x']" for name in names if name in {"docs", "links"})
    pythons = draw(st.lists(st.sampled_from(PYTHONS), min_size=1, unique=True))
    return project(f"[tool.lockgate]\nchecks = {names}{custom}", pythons=tuple(sorted(pythons, key=PYTHONS.index)))


@given(packages(), st.integers(1, 4), st.data())
def test_every_step_is_started_once_needs_first_and_one_maker_per_environment(
    package: Project, jobs: int, data: st.DataObject
) -> None:
    steps = list(plan(package, Selection()).steps)
    expected = {step.name: data.draw(st.floats(0, 100)) for step in steps}
    pending, running = list(steps), list[Step]()
    finished, ready, preparing = set[str](), set[str](), set[str]()
    started: list[str] = []
    while pending or running:
        while len(running) < jobs:
            step = next_step(pending, finished, ready, preparing, expected)
            if step is None:
                break
            assert set(step.needs) <= finished
            assert step.python in ready or step.python not in preparing  # nobody else is making its environment
            if step.python not in ready:
                preparing.add(step.python)
            pending.remove(step)
            running.append(step)
            started.append(step.name)
        assert running  # else the gate would wait for ever
        # Whatever happens next: somebody's environment stands, or somebody is done.
        one = data.draw(st.sampled_from(running))
        preparing.discard(one.python)
        if one.python not in ready and data.draw(st.booleans()):
            ready.add(one.python)
        else:
            running.remove(one)
            finished.add(one.name)
    assert sorted(started) == sorted(step.name for step in steps)


@given(packages(), st.data())
def test_of_the_steps_that_can_start_the_first_by_priority_does(package: Project, data: st.DataObject) -> None:
    steps = list(plan(package, Selection()).steps)
    pending = data.draw(st.lists(st.sampled_from(steps), unique_by=lambda step: step.name))
    finished = {step.name for step in steps if step not in pending}
    preparing = set(data.draw(st.lists(st.sampled_from(package.pythons))))
    chosen = next_step(pending, finished, set(), preparing, {})
    startable = [step for step in pending if set(step.needs) <= finished and step.python not in preparing]
    assert chosen == min(startable, key=lambda step: priority(step, 0.0), default=None)


def test_nothing_starts_when_nothing_is_left() -> None:
    assert next_step([], {"lint"}, {"3.12"}, set(), {}) is None


def test_a_step_waits_for_an_environment_that_another_is_making() -> None:
    steps = [Step("types", "types", "3.12"), Step("test-3.8", "test", "3.8")]
    assert next_step(steps, set(), set(), {"3.12"}, {}) == steps[1]
    assert next_step(steps, set(), {"3.12"}, set(), {}) == steps[0]
