"""What of a run may be used again: passes over a tree that did not change under them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lockgate.gate.bench import Bench, content
from lockgate.gate.cache import changed_looks, outside_reads
from lockgate.gate.inputs import collect
from lockgate.gate.outcome import Outcome
from lockgate.gate.plan import Step
from lockgate.ports import git
from lockgate.ports.tree import Entry, Tree, is_cache

# The kernel stamps files with a clock that may lag behind by one tick.
_CLOCK_LAG = 0.02
# What ruff, the type checkers and coverage read in a tree.
_FOR_CHECKERS = (b".py", b".pyi", b".ipynb", b".toml", b".ini", b".cfg", b".json", b"ignore", b"rc", b"py.typed")


def keep(
    bench: Bench, steps: Sequence[Step], outcomes: Mapping[str, Outcome], started: Mapping[str, float]
) -> tuple[str, ...]:
    """Store what passed; returns why something was not stored, where the user can do something about it.

    A check saw the tree as it is now when nothing has changed since it began, but for files that the tests
    write without reading them first: their content is then the next run's input, and no result depends on it.
    The same holds for what lies outside the tree.
    """
    # A cell whose coverage data were found missing or broken has to write them again.
    doubted = {need for step in steps if outcomes[step.name].check.status == "unknown" for need in step.needs}
    new = [
        step
        for step in steps
        if _may_be_kept(outcomes[step.name]) and step.name in started and step.name not in doubted
    ]
    if not new:
        return ()
    tree = content(bench.project.root, bench.memory)
    digest = tree.digest()
    surroundings = collect(bench.project, tree, bench.surroundings, bench.pytest_args).common
    if surroundings != bench.inputs.common:
        return ("nothing was kept: a file outside the project that its checks depend on changed meanwhile",)
    wrote = {name: _in_tree(bench, one.wrote) for name, one in outcomes.items()}
    data = {name: outcome.data for name, outcome in outcomes.items() if outcome.check.cached}
    reasons: list[str] = []
    for step in new:
        outcome = outcomes[step.name]
        changed = _changed_since(tree, bench, started[step.name]) - _harmless(bench, step, outcome, wrote)
        reads, outside = outside_reads(outcome, bench.project.root, bench.state, tree, started[step.name])
        outside |= {key.lstrip("@!") for key in changed_looks(outcome.looks)}
        if changed or outside:
            shown = (os.fsdecode(min(changed)) if changed else min(outside)).rstrip("/@")
            reasons.append(f"{step.name} will run again next time: {shown} changed while it ran")
            continue
        environment = bench.environments.current(bench.recipes[step.python])
        if environment is None or any(name in outcomes and name not in data for name in step.needs):
            continue
        if outcome.asked_git and git.changed_since(bench.project.root, started[step.name] - _CLOCK_LAG):
            reasons.append(f"{step.name} will run again next time: git's references changed while it ran")
            continue
        if environment.identity != outcome.identity:
            reasons.append(f"{step.name} will run again next time: its environment changed while it ran")
            continue
        try:
            data[step.name] = bench.cache.store(bench.key(step, environment, data, digest), outcome, reads)
        except OSError as error:
            where = error.filename2 or error.filename or bench.memory
            reasons.append(f"results are not kept: {where}: {error.strerror or error}")
            break
    bench.cache.trim()
    return tuple(dict.fromkeys(reasons))


def _may_be_kept(outcome: Outcome) -> bool:
    return outcome.check.status == "pass" and not outcome.check.cached and outcome.cacheable


def _changed_since(now: Tree, bench: Bench, started: float) -> set[bytes]:
    """Paths that changed after `started`, or vanished during the run, or were moved in or swapped with their folder."""
    before = bench.tree.entries

    def came_with_its_folder(path: bytes, entry: Entry) -> bool:
        new = path not in before or before[path].digest != entry.digest
        return new and 0 < entry.changed < bench.begun - _CLOCK_LAG

    changed = {
        path
        for path, entry in now.entries.items()
        if entry.changed >= started - _CLOCK_LAG or came_with_its_folder(path, entry)
    }
    return changed | (before.keys() - now.entries.keys())


def _harmless(bench: Bench, step: Step, outcome: Outcome, wrote: Mapping[str, set[bytes]]) -> set[bytes]:
    """Written files that cannot have mattered to the check: its own outputs, and others' that it cannot have seen."""
    others = {path for name, paths in wrote.items() if name != step.name for path in paths}
    if step.kind == "test":
        others -= _in_tree(bench, outcome.reads)
    elif step.kind == "custom":
        others = set()
    else:
        others = {path for path in others if not path.endswith(_FOR_CHECKERS)}
    return others | (wrote[step.name] - _in_tree(bench, outcome.mutated))


def _in_tree(bench: Bench, paths: Iterable[str]) -> set[bytes]:
    """Those of `paths` that lie in the project and count as its content, relative to it."""
    root = f"{bench.project.root}{os.sep}"
    inside = (path[len(root) :] for path in paths if path.startswith(root))
    return {os.fsencode(path) for path in inside if not any(map(is_cache, Path(path).parts))}
