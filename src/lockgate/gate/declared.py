"""What the package already declares: which checks, which type checker, which groups and extras (pure)."""

from __future__ import annotations

import re

from lockgate.model.config import CHECKS
from lockgate.model.project import Project, normalize

_FOR_TESTS = re.compile(r"^(tests?|testing|dev|develop|development)$")
_FOR_TOOLS = re.compile(
    r"^(lint|linting|format|style|types?|typing|type-check|typecheck|mypy|ruff|checks?|qa|quality)$"
)
_CHECKERS = {
    "mypy": ("mypy.ini", ".mypy.ini"),
    "ty": ("ty.toml",),
    "pyright": ("pyrightconfig.json",),
}
_FORMATTERS = ("black", "yapf", "autopep8", "blue")
_VCS = re.compile(
    r"setuptools[-_]scm|hatch-vcs|hatch_vcs|versioningit|dunamai|versioneer|setuptools-git-versioning|\bpbr\b|pdm-backend|poetry-dynamic|flit[-_]scm|vcs-versioning"
)


def checks(project: Project) -> tuple[str, ...]:
    """Kinds of checks to run: as configured; all five with a table; else what the package declares."""
    custom = tuple(project.config.check)
    if project.config.checks is not None:
        return (*project.config.checks, *(name for name in custom if name not in project.config.checks))
    if project.has_table:
        return (*CHECKS, *custom)
    declared = {
        "lint": uses_ruff(project),
        "format": uses_ruff_format(project),
        "types": type_checker(project) is not None,
        "test": project.has_tests,
        "coverage": project.has_tests and uses_coverage(project),
    }
    return tuple(name for name in CHECKS if declared[name])


def uses_ruff(project: Project) -> bool:
    """Ruff is configured or depended on."""
    files = project.files & {"ruff.toml", ".ruff.toml"}
    return bool(files) or project.tool("ruff") is not None or "ruff" in project.dependencies()


def uses_ruff_format(project: Project) -> bool:
    """Ruff formats this package: it says so, or uses ruff and no other formatter."""
    if not uses_ruff(project):
        return False
    if "format" in (project.tool("ruff") or {}) or "ruff-format" in project.hooks:
        return True
    hooked = "ruff" in project.hooks
    hooks = re.findall(r"\bid:\s*[\"']?([\w-]+)", project.hooks)
    known = {*project.dependencies(), *hooks}
    other = any(project.tool(name) is not None or name in known for name in _FORMATTERS)
    return not other and not hooked


def type_checker(project: Project) -> str | None:
    """The type checker that the table names, the package depends on or configures; None when there is none."""
    if project.config.types.checker is not None:
        return project.config.types.checker
    depended = [name for name in _CHECKERS if name in project.dependencies()]
    configured = [
        name
        for name, files in _CHECKERS.items()
        if project.tool(name) is not None or project.files & set(files) or f"[{name}]" in project.setup_cfg
    ]
    both = [name for name in depended if name in configured]
    return next(iter([*both, *depended, *configured]), None)


def uses_coverage(project: Project) -> bool:
    """Coverage is configured or depended on."""
    configured = project.tool("coverage") is not None or ".coveragerc" in project.files
    named = {"coverage", "pytest-cov"} & project.dependencies()
    return configured or bool(named) or "[coverage:" in project.setup_cfg or "--cov" in project.ini.get("addopts", "")


def groups(project: Project, *, with_tools: bool) -> tuple[str, ...]:
    """Dependency groups of a cell; `with_tools` adds those for linting and typing (the newest cell's)."""
    if project.config.groups is not None:
        return project.config.groups
    return _matching(project.groups(), with_tools=with_tools)


def extras(project: Project, *, with_tools: bool) -> tuple[str, ...]:
    """Extras of a cell, by the same rule."""
    if project.config.extras is not None:
        return project.config.extras
    return _matching(project.extras(), with_tools=with_tools)


def _matching(names: object, *, with_tools: bool) -> tuple[str, ...]:
    return tuple(
        name
        for name in (names if hasattr(names, "__iter__") else ())
        if _FOR_TESTS.match(normalize(str(name))) or (with_tools and _FOR_TOOLS.match(normalize(str(name))))
    )


def version_from_git(project: Project) -> bool:
    """The version is computed from git at build time."""
    requires = " ".join(str(text) for text in project.document.get("build-system", {}).get("requires", []))
    dynamic = "version" in project.document.get("project", {"dynamic": ["version"]}).get("dynamic", [])
    return dynamic and (bool(_VCS.search(requires)) or "setup.py" in project.files)


def is_dynamic(project: Project) -> bool:
    """The build computes some of the package's metadata."""
    declared = project.document.get("project")
    return "setup.py" in project.files if declared is None else bool(declared.get("dynamic"))


def threshold(project: Project, fail_under: float = 0.0) -> float:
    """The coverage that is asked for, in percent; `fail_under` is coverage's own, whichever file it stands in."""
    configured = project.config.coverage.threshold
    if configured is not None:
        return configured
    own = (project.tool("coverage") or {}).get("report", {}).get("fail_under")
    declared = float(own) if own is not None else fail_under
    # Without a table the gate holds the package to what it declares; with one, never to less than lockgate's default.
    is_declared = own is not None or fail_under > 0
    return declared if is_declared and not project.has_table else max(95.0, declared)
