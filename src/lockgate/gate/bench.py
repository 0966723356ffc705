"""All that the checks of one run share."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lockgate.gate import declared, reported
from lockgate.gate.cache import Cache
from lockgate.gate.environments import Environment, Environments
from lockgate.gate.inputs import Inputs, collect
from lockgate.gate.plan import Step
from lockgate.gate.recipe import Recipe, recipe
from lockgate.model.project import Project
from lockgate.ports import clock, surroundings
from lockgate.ports.interpreters import Finder
from lockgate.ports.tree import Memory, Tree, snapshot


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """A run's common ground.

    Attributes:
        memory: Caches that outlive the run: results, tools' own caches, durations.
        folder: This run's own folder.
        surroundings: Environment variables that the checks see.
        begun: When the run began to look, in seconds since the epoch.
        tree: The project when the run began.
        fresh: Look no result up.
        again: Options that lead a pasted command to this project.
    """

    project: Project
    state: Path
    memory: Path
    folder: Path
    surroundings: dict[str, str]
    begun: float
    tree: Tree
    inputs: Inputs
    environments: Environments
    recipes: dict[str, Recipe]
    cache: Cache
    fresh: bool
    pytest_args: tuple[str, ...]
    again: str

    def key(self, step: Step, environment: Environment, data: dict[str, tuple[Path, ...]], tree: bytes) -> str:
        """The cache key of a step, over a tree with the digest `tree`."""
        arguments = self.pytest_args if step.kind == "test" else ()
        # Stored data files are named after their content's key, so that equal names mean equal data.
        known = {name: [str(path) for path in data.get(name, ())] for name in step.needs}
        command = (step.name, step.kind, arguments, known, sorted(self.recipes[step.python].tools))
        return msgspec.structs.replace(self.inputs, tree=tree).key(command, environment)


def content(root: Path, memory: Path) -> Tree:
    """The project as its checks see it, now."""
    return snapshot(root, Memory(memory / "files.json")).without(reported.recall(memory))


def set_up(
    project: Project, *, state: Path, folder: Path, offline: bool, fresh: bool, pytest_args: tuple[str, ...], again: str
) -> Bench:
    """Read the project's content and lay out a run."""
    memory = state / "cache"
    begun = clock.now()
    tree = content(project.root, memory)
    visible = surroundings.for_checks(project.config.env)
    kinds = frozenset(declared.checks(project))
    finder = Finder(memory / "interpreters.json")
    return Bench(
        project=project,
        state=state,
        memory=memory,
        folder=folder,
        surroundings=visible,
        begun=begun,
        tree=tree,
        inputs=collect(project, tree, visible, pytest_args),
        environments=Environments(project, state, tree, finder, offline=offline),
        recipes={python: recipe(project, python, kinds) for python in project.pythons},
        cache=Cache(memory / "results", project),
        fresh=fresh,
        pytest_args=pytest_args,
        again=again,
    )
