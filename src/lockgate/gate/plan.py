"""Which checks run, in which environment, after which others (pure)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lockgate.gate import declared
from lockgate.model.decode import suggest
from lockgate.model.errors import UsageError
from lockgate.model.gate import Scope
from lockgate.model.project import Project, minor

# Obvious problems first: these are short, and who reads them can start mending.
_RANK = {"lint": 0, "format": 1, "types": 2, "custom": 3, "test": 4, "coverage": 5}


class Selection(msgspec.Struct, frozen=True):
    """What the user asked for; everything empty means the whole gate."""

    names: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    pytest_args: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """One check.

    Attributes:
        kind: `lint`, `format`, `types`, `test`, `coverage` or `custom`.
        python: The cell whose environment it runs in, e.g. `3.12`.
        needs: Names of checks whose results it reads.
        selected: False for a check that the user did not ask for.
    """

    name: str
    kind: str
    python: str
    needs: tuple[str, ...] = ()
    selected: bool = True


class Plan(msgspec.Struct, frozen=True):
    """All steps in the order in which they are shown, and what the verdict will not speak of."""

    steps: tuple[Step, ...]
    scope: Scope

    def selected(self) -> tuple[Step, ...]:
        """The steps that run."""
        return tuple(step for step in self.steps if step.selected)


def plan(project: Project, selection: Selection) -> Plan:
    """The steps of a gate.

    Raises:
        UsageError: A selected name or Python does not exist, or there is nothing to check.
    """
    everything = _all_steps(project)
    if not everything:
        raise UsageError(
            f"{project.root.name} declares nothing that the gate could check: no tests, no ruff, no type checker",
            "add [tool.lockgate] to pyproject.toml, or say with --config FILE what to check",
        )
    _refuse_unknown_names(project, everything, selection)
    wanted = _wanted(everything, selection)
    steps = tuple(msgspec.structs.replace(step, selected=step.name in wanted) for step in everything)
    not_run = tuple(step.name for step in steps if not step.selected)
    return Plan(steps, Scope(partial=bool(not_run or selection.pytest_args), not_run=not_run))


def priority(step: Step, expected: float) -> tuple[int, float]:
    """Lower runs first: by kind, then the longest known first."""
    return (_RANK[step.kind], -expected)


def _all_steps(project: Project) -> tuple[Step, ...]:
    newest = project.pythons[-1]
    steps: list[Step] = []
    for name in declared.checks(project):
        if name == "test":
            steps += [Step(f"test-{python}", "test", python) for python in project.pythons]
        elif name != "coverage":
            steps.append(Step(name, name if name in _RANK else "custom", newest))
    cells = tuple(step.name for step in steps if step.kind == "test")
    if "coverage" in declared.checks(project):
        if not cells:
            raise UsageError(
                f"{project.config_file}: checks has coverage without test: there is nothing to measure",
                'add "test" to checks, or take "coverage" out',
            )
        steps.append(Step("coverage", "coverage", newest, needs=cells))
    return tuple(steps)


def _refuse_unknown_names(project: Project, steps: Sequence[Step], selection: Selection) -> None:
    names = [step.name for step in steps]
    for name in selection.names:
        if name not in names and not (name == "test" and any(step.kind == "test" for step in steps)):
            raise UsageError(f"no check is called {name!r} here", suggest(name, names))
    for python in selection.pythons:
        if python not in project.pythons:
            raise UsageError(
                f"Python {python} is not among this project's: {', '.join(project.pythons)}",
                suggest(python, sorted(project.pythons, key=minor)),
            )
    for step in steps if selection.pythons else ():
        if step.kind == "test" and step.name in selection.names and step.python not in selection.pythons:
            raise UsageError(
                f"{step.name} and --python {' --python '.join(selection.pythons)} exclude each other",
                f"leave --python out, or add --python {step.python}",
            )


def _wanted(steps: Sequence[Step], selection: Selection) -> frozenset[str]:
    """Names of the steps that run; a named coverage brings its cells with it."""

    def in_cells(step: Step) -> bool:
        return step.kind != "test" or not selection.pythons or step.python in selection.pythons

    if selection.names:
        named = {s.name for s in steps if s.name in selection.names or (s.kind == "test" and "test" in selection.names)}
        if "coverage" in named:
            named |= {step.name for step in steps if step.kind == "test"}
        return frozenset(step.name for step in steps if step.name in named and in_cells(step))
    wanted = {step.name for step in steps if in_cells(step)}
    cells = {step.name for step in steps if step.kind == "test"}
    # A part of the tests says nothing about the coverage of the whole.
    if not cells <= wanted or selection.pytest_args:
        wanted.discard("coverage")
    return frozenset(wanted)
