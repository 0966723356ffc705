from __future__ import annotations

from typing import Any

import pytest

from lockgate.gate import declared
from tests.unit.builders import project

RUFF = '[project]\ndependencies = ["ruff"]\n'
HOOKS = "repos:\n- repo: https://example.org/ruff-pre-commit\n  hooks:\n"


def checks(toml: str, **changes: Any) -> tuple[str, ...]:  # noqa: ANN401
    return declared.checks(project(toml, **changes))


# --- which checks


def test_with_a_table_all_five_run_and_the_custom_ones() -> None:
    table = "[tool.lockgate]\n[tool.lockgate.check.docs]\nrun = ['x']"
    assert checks(table) == ("lint", "format", "types", "test", "coverage", "docs")


def test_the_table_may_choose_and_custom_checks_still_run() -> None:
    table = "[tool.lockgate]\nchecks = ['b', 'lint']\n[tool.lockgate.check]\na.run = ['x']\nb.run = ['x']"
    assert checks(table) == ("b", "lint", "a")


def test_a_package_that_declares_nothing_has_nothing_to_check() -> None:
    assert checks("", has_tests=False) == ()


def test_tests_alone_are_a_check() -> None:
    assert checks("") == ("test",)


@pytest.mark.parametrize(
    ("toml", "changes"),
    [
        ("[project]\ndependencies = ['ruff']", {}),
        ("[dependency-groups]\nlint = ['Ruff>=0.5']", {}),
        ("[project.optional-dependencies]\ndev = ['ruff[x]']", {}),
        ("[tool.uv]\ndev-dependencies = ['ruff']", {}),
        ("[tool.ruff]", {}),
        ("", {"files": ("ruff.toml",)}),
        ("", {"files": (".ruff.toml",)}),
    ],
)
def test_ruff_is_declared_by_configuration_or_dependency(toml: str, changes: dict[str, tuple[str, ...]]) -> None:
    assert checks(toml, **changes) == ("lint", "format", "test")


@pytest.mark.parametrize("toml", ["", "[project]\ndependencies = ['ruff-lsp', 'not-ruff']", "[tool.rufff]"])
def test_what_only_resembles_ruff_does_not_count(toml: str) -> None:
    assert "lint" not in checks(toml)


@pytest.mark.parametrize(
    ("toml", "hooks"),
    [
        (f"{RUFF}[tool.black]", ""),
        (f"{RUFF}[dependency-groups]\ndev = ['black']", ""),
        (f"{RUFF}[dependency-groups]\ndev = ['yapf']", ""),
        (RUFF, f"{HOOKS}  - id: ruff\n"),
        (RUFF, "repos:\n- hooks:\n  - id: black\n"),
        (RUFF, "repos: [{hooks: [{id: 'autopep8'}]}]"),
    ],
)
def test_beside_another_formatter_ruff_only_lints(toml: str, hooks: str) -> None:
    assert checks(toml, hooks=hooks) == ("lint", "test")


@pytest.mark.parametrize(
    ("toml", "hooks"),
    [
        (f"{RUFF}[tool.black]\n[tool.ruff.format]", ""),
        (RUFF, f"{HOOKS}  - id: ruff\n  - id: ruff-format\n"),
        (RUFF, "repos:\n- hooks:\n  - id: blacken-docs\n"),
    ],
)
def test_ruff_formats_where_it_says_so_or_nobody_else_does(toml: str, hooks: str) -> None:
    assert checks(toml, hooks=hooks) == ("lint", "format", "test")


@pytest.mark.parametrize(
    ("toml", "changes"),
    [
        ("[tool.coverage.run]\nbranch = true", {}),
        ("[dependency-groups]\ndev = ['pytest-cov']", {}),
        ("[dependency-groups]\ndev = ['coverage[toml]']", {}),
        ("", {"files": (".coveragerc",)}),
        ("", {"setup_cfg": "[coverage:run]\nbranch = true\n"}),
        ("", {"ini": {"addopts": "-q --cov=sample"}}),
    ],
)
def test_coverage_is_declared_by_configuration_or_dependency(toml: str, changes: dict[str, Any]) -> None:
    assert checks(toml, **changes) == ("test", "coverage")


def test_coverage_without_tests_is_nothing() -> None:
    assert checks("[tool.coverage.run]", has_tests=False) == ()


# --- which type checker


@pytest.mark.parametrize(
    ("toml", "changes", "expected"),
    [
        ("", {}, None),
        ("[tool.lockgate.types]\nchecker = 'pyright'\n[tool.mypy]", {}, "pyright"),
        ("[tool.mypy]", {}, "mypy"),
        ("[tool.ty]", {}, "ty"),
        ("[tool.pyright]", {}, "pyright"),
        ("", {"files": ("mypy.ini",)}, "mypy"),
        ("", {"files": (".mypy.ini",)}, "mypy"),
        ("", {"files": ("ty.toml",)}, "ty"),
        ("", {"files": ("pyrightconfig.json",)}, "pyright"),
        ("", {"setup_cfg": "[mypy]\nstrict = true\n"}, "mypy"),
        ("", {"setup_cfg": "[mypy-foo.*]\nignore_errors = true\n"}, None),
        ("[dependency-groups]\ndev = ['ty']", {}, "ty"),
        # Both configured and depended on wins over either alone.
        ("[dependency-groups]\ndev = ['mypy', 'pyright']\n[tool.pyright]", {}, "pyright"),
        # A dependency can be run; a mere configuration may be for an editor.
        ("[dependency-groups]\ndev = ['ty']\n[tool.pyright]", {}, "ty"),
    ],
)
def test_the_type_checker_is_the_one_that_the_package_uses(
    toml: str, changes: dict[str, Any], expected: str | None
) -> None:
    found = project(toml, **changes)
    assert declared.type_checker(found) == expected
    assert ("types" in declared.checks(found)) is (expected is not None)


# --- groups and extras


def test_every_cell_gets_what_is_named_like_tests_and_the_newest_the_tools_too() -> None:
    names = ["test", "tests", "testing", "dev", "develop", "Development", "lint", "type_check", "docs", "qa", "bench"]
    groups = "\n".join(f"{name} = []" for name in names)
    found = project(f"[dependency-groups]\n{groups}\n[project.optional-dependencies]\n{groups}")
    for_tests = ("test", "tests", "testing", "dev", "develop", "Development")
    assert declared.groups(found, with_tools=False) == declared.extras(found, with_tools=False) == for_tests
    with_tools = (*for_tests, "lint", "type_check", "qa")
    assert declared.groups(found, with_tools=True) == declared.extras(found, with_tools=True) == with_tools


def test_the_table_names_groups_and_extras() -> None:
    found = project("[dependency-groups]\ntest = []\n[tool.lockgate]\ngroups = ['a']\nextras = []")
    assert declared.groups(found, with_tools=True) == ("a",)
    assert declared.extras(found, with_tools=True) == ()


# --- version and threshold


@pytest.mark.parametrize(
    ("toml", "files", "expected"),
    [
        ("[project]\ndynamic = ['version']\n[build-system]\nrequires = ['setuptools_scm>=8']", (), True),
        ("[project]\ndynamic = ['version']\n[build-system]\nrequires = ['hatch-vcs']", (), True),
        ("[project]\ndynamic = ['version']\n[build-system]\nrequires = ['hatchling']", (), False),
        ("[project]\nversion = '1'\n[build-system]\nrequires = ['setuptools_scm']", (), False),
        ("[build-system]\nrequires = ['pbr']", (), True),
        ("", ("setup.py",), True),  # it may compute anything
    ],
)
def test_a_version_may_come_from_git(toml: str, files: tuple[str, ...], *, expected: bool) -> None:
    assert declared.version_from_git(project(toml, files=files)) is expected


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("", 95.0),
        ("[tool.lockgate.coverage]\nthreshold = 80", 80.0),
        ("[tool.lockgate.coverage]\nthreshold = 0\n[tool.coverage.report]\nfail_under = 90", 0.0),
        ("[tool.coverage.report]\nfail_under = 90", 90.0),
        ("[tool.lockgate]\n[tool.coverage.report]\nfail_under = 90", 95.0),
        ("[tool.lockgate]\n[tool.coverage.report]\nfail_under = 100", 100.0),
    ],
)
def test_the_threshold_is_the_tables_then_the_packages_then_the_default(toml: str, expected: float) -> None:
    assert declared.threshold(project(toml)) == expected
