"""What one cell's environment is made of, as data: change any of it and the environment is made anew (pure)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import msgspec

from lockgate.gate import declared
from lockgate.model.project import Project, normalize

# Tables that only configure checkers: editing them changes no environment.
_CHECKER_TABLES = frozenset(
    {
        *("lockgate", "ruff", "mypy", "ty", "pyright", "pytest", "coverage", "black", "isort", "pylint", "flake8"),
        *("bandit", "codespell", "towncrier", "tox", "nox", "cibuildwheel", "interrogate", "vulture", "typos"),
    }
)


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """The ingredients of one environment.

    Attributes:
        python: The cell, `X.Y`.
        locked: Installed by `uv sync --locked`; otherwise resolved for this interpreter.
        tools: Requirements that the checks need and the package may not declare, by distribution name.
    """

    python: str
    locked: bool
    package: bool
    groups: tuple[str, ...]
    extras: tuple[str, ...]
    requirements: tuple[str, ...]
    packages: tuple[str, ...]
    tools: tuple[tuple[str, str], ...]


def recipe(project: Project, python: str, kinds: AbstractSet[str]) -> Recipe:
    """The recipe of the cell `python`, in which checks of these `kinds` run over the life of the environment."""
    newest = python == project.pythons[-1]
    tools = {}
    if "test" in kinds:
        tools["pytest"] = "pytest"
    if "coverage" in kinds:
        # The extra reads pyproject.toml on Pythons without tomllib.
        tools["coverage"] = "coverage[toml]"
        if "xdist" in " ".join(project.dependencies()) and " -n" in f" {project.ini.get('addopts', '')}":
            tools["pytest-cov"] = "pytest-cov"
    if newest:
        if kinds & {"lint", "format"}:
            tools["ruff"] = "ruff"
        checker = declared.type_checker(project)
        if "types" in kinds and checker is not None:
            tools[checker] = checker
    return Recipe(
        python=python,
        locked=project.lock is not None,
        package=project.is_package,
        groups=declared.groups(project, with_tools=newest),
        extras=declared.extras(project, with_tools=newest),
        requirements=project.config.requirements,
        packages=project.config.packages,
        tools=tuple(sorted((normalize(name), text) for name, text in tools.items())),
    )


def declared_inputs(project: Project) -> dict[str, object]:
    """The parts of pyproject.toml that an environment depends on."""
    document = {key: value for key, value in project.document.items() if key != "tool"}
    tool = project.document.get("tool", {})
    return {**document, "tool": {key: value for key, value in tool.items() if key not in _CHECKER_TABLES}}
