"""What of a run may be used again: passes over a tree that did not change under them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lockgate.gate.bench import Bench
from lockgate.gate.cache import outside_reads
from lockgate.gate.outcome import Outcome
from lockgate.gate.plan import Step
from lockgate.ports.tree import Memory, Tree, is_cache, snapshot

# The kernel stamps files with a clock that may lag behind by one tick.
_CLOCK_LAG = 0.02


def keep(
    bench: Bench, steps: Sequence[Step], outcomes: Mapping[str, Outcome], started: Mapping[str, float]
) -> tuple[str, ...]:
    """Store what passed; returns why something was not stored, where the user can do something about it.

    A check saw the tree as it is now when nothing has changed since it began, but for files that the tests
    write without reading them first: their content is then the next run's input, and no result depends on it.
    """
    new = [step for step in steps if _may_be_kept(outcomes[step.name]) and step.name in started]
    if not new:
        return ()
    tree = snapshot(bench.project.root, Memory(bench.memory / "files.json"))
    digest = tree.digest()
    outputs = _in_tree(bench, (path for one in outcomes.values() for path in one.wrote))
    data = {name: outcome.data for name, outcome in outcomes.items() if outcome.check.cached}
    reasons: list[str] = []
    for step in new:
        outcome = outcomes[step.name]
        changed = _changed_since(tree, bench.tree, started[step.name]) - outputs
        changed |= _in_tree(bench, outcome.mutated)
        if changed:
            shown = os.fsdecode(min(changed)).rstrip("/@")
            reasons.append(f"{step.name} will run again next time: {shown} changed while it ran")
            continue
        environment = bench.environments.current(bench.recipes[step.python])
        if environment is None or any(name in outcomes and name not in data for name in step.needs):
            continue
        try:
            reads = outside_reads(outcome, bench.project.root, bench.state, started[step.name])
            data[step.name] = bench.cache.store(bench.key(step, environment, data, digest), outcome, reads)
        except OSError as error:
            reasons.append(f"results are not kept: {error.filename or bench.memory}: {error.strerror or error}")
            break
    bench.cache.trim()
    return tuple(dict.fromkeys(reasons))


def _may_be_kept(outcome: Outcome) -> bool:
    return outcome.check.status == "pass" and not outcome.check.cached and outcome.cacheable


def _changed_since(now: Tree, before: Tree, started: float) -> set[bytes]:
    """Paths that changed after `started`, or vanished during the run."""
    changed = {path for path, entry in now.entries.items() if entry.changed >= started - _CLOCK_LAG}
    return changed | (before.entries.keys() - now.entries.keys())


def _in_tree(bench: Bench, paths: Iterable[str]) -> set[bytes]:
    """Those of `paths` that lie in the project and count as its content, relative to it."""
    root = f"{bench.project.root}{os.sep}"
    inside = (path[len(root) :] for path in paths if path.startswith(root))
    return {os.fsencode(path) for path in inside if not any(map(is_cache, Path(path).parts))}
