"""Which step runs next: needs first, one maker per environment, obvious problems early, then the longest (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lockgate.gate.plan import Step, priority


def next_step(
    pending: Sequence[Step],
    finished: Collection[str],
    ready: Collection[str],
    preparing: Collection[str],
    expected: Mapping[str, float],
) -> Step | None:
    """The step to start now, or None when all must wait.

    Args:
        pending: Steps not yet started.
        finished: Names of the checks that have a result.
        ready: Pythons whose environment stands.
        preparing: Pythons whose environment a worker is making: their other checks would only wait.
        expected: Seconds by name, from earlier runs.
    """
    startable = [
        step
        for step in pending
        if set(step.needs) <= set(finished) and (step.python in ready or step.python not in preparing)
    ]
    return min(startable, key=lambda step: priority(step, expected.get(step.name, 0.0)), default=None)
