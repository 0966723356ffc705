"""What the gate takes from a workflow, and what it leaves for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lockgate import __version__
from tests.support import lockgate, write

PYPROJECT = """\
[project]
name = "sample"
version = "1"

[tool.lockgate]
python = ["3.12"]
checks = ["good"]

[tool.lockgate.check.good]
run = ["true"]

[tool.lockgate.coverage]
threshold = 97
"""
AGREES: dict[str, Any] = {
    "PYTHON_VERSION_MATRIX": '["3.12"]',
    "COVERAGE_THRESHOLD": "97",
    "CODEQL_LANGUAGES": "python",
    "PYPI_ENVIRONMENT": "pypi-publishing",
    "UV_CACHE_DIR": "/some/where/else",
}
CACHES = {"uv": {"key": "uv-Linux-1", "hit": "false"}, "fixtures": {"key": "f", "hit": ""}}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("actions"), {"pyproject.toml": PYPROJECT})


def test_a_workflow_that_agrees_is_run(root: Path) -> None:
    agrees = {name: value for name, value in AGREES.items() if name != "UV_CACHE_DIR"}
    assert lockgate(root, "gate", GITHUB_ACTIONS="true", **agrees).code == 0


@pytest.mark.parametrize("name", [name for name in AGREES if name != "UV_CACHE_DIR"])
def test_one_that_says_otherwise_is_refused_before_anything_runs(root: Path, name: str) -> None:
    ran = lockgate(root, "gate", GITHUB_ACTIONS="true", **{**AGREES, name: "50"})
    assert (ran.code, ran.out) == (2, "")
    assert "lockgate: pyproject.toml:" in ran.err
    assert f"{name} is '50' in this environment, but {AGREES[name]!r} by the table" in ran.err
    assert "→ change the table" in ran.err
    assert lockgate(root, "gate", **{**AGREES, name: "50", "UV_CACHE_DIR": None}).code == 0


def test_the_cache_folder_is_asked_for_where_the_table_names_it(tmp_path: Path) -> None:
    table = PYPROJECT.replace("[tool.lockgate]", '[tool.lockgate]\nuv-cache-dir = "/mnt/uv"')
    root = write(tmp_path, {"pyproject.toml": table})
    ran = lockgate(root, "gate", GITHUB_ACTIONS="true", UV_CACHE_DIR="/tmp/uv")  # noqa: S108  (only compared)
    assert (ran.code, ran.out) == (2, "")
    assert "pyproject.toml:6: UV_CACHE_DIR is '/tmp/uv' in this environment, but '/mnt/uv' by the table" in ran.err


def test_caches_are_left_for_health(root: Path, tmp_path: Path) -> None:
    ran = lockgate(root, "gate", "--report", str(tmp_path), LOCKGATE_CACHES=json.dumps(CACHES), GITHUB_JOB="checks")
    assert ran.code == 0
    lines = [json.loads(line) for line in (tmp_path / "caches.ndjson").read_bytes().splitlines()]
    assert [(one["cache"], one["key"], one["hit"], one["job"], one["python"]) for one in lines] == [
        ("uv", "uv-Linux-1", "false", "checks", None),
        ("fixtures", "f", "miss", "checks", None),
    ]


@pytest.mark.parametrize(
    "caches", ["", "[1]", '{"uv": {"key": "x", "hit": "maybe"}}', '{"uv": "true"}', '{"uv": {"hit": "true"}}']
)
def test_caches_that_make_no_sense_are_a_warning(root: Path, tmp_path: Path, caches: str) -> None:
    ran = lockgate(root, "gate", "--report", str(tmp_path), LOCKGATE_CACHES=caches)
    assert ran.code == 0
    assert "lockgate: LOCKGATE_CACHES is malformed" in ran.err
    assert not (tmp_path / "caches.ndjson").exists()
    assert (tmp_path / "gate.json").exists()


def test_without_a_report_or_caches_nothing_is_left(root: Path, tmp_path: Path) -> None:
    assert lockgate(root, "gate", LOCKGATE_CACHES="malformed").code == 0
    assert lockgate(root, "gate", "--report", str(tmp_path)).code == 0
    assert not (tmp_path / "caches.ndjson").exists()


def test_needs_belong_to_any_gate(root: Path) -> None:
    ran = lockgate(root, "gate", LOCKGATE_NEEDS='{"build": {"result": "failure"}}')
    assert ran.code == 1
    assert "FAIL needs: needed jobs did not succeed: build (failure)" in ran.out
    assert "not enforced" not in ran.out


def test_another_lockgate_than_the_locked_one_says_so(tmp_path: Path) -> None:
    lock = '[[package]]\nname = "lockgate"\nversion = "{}"\n'
    root = write(tmp_path, {"pyproject.toml": PYPROJECT, ".github/lockgate/uv.lock": lock.format("99.1")})
    ran = lockgate(root, "gate")
    assert ran.code == 0
    (line,) = [line for line in ran.err.splitlines() if "99.1" in line]
    assert line == (
        f"lockgate: this is {__version__}, but .github/lockgate/uv.lock has 99.1: "
        "CI runs `uv run --project .github/lockgate --locked lockgate gate`"
    )
    write(root, {".github/lockgate/uv.lock": lock.format(__version__)})
    assert "CI runs" not in lockgate(root, "gate").err


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('checks = ["lint"]', "no check is called 'test-3.8' here"),
        ('python = ["3.9", "3.12"]', "no check is called 'test-3.8' here"),
        ('checks = ["lint", "coverage"]', "checks has coverage without test"),
    ],
)
def test_a_required_cell_that_the_table_does_not_have_is_no_pass(tmp_path: Path, table: str, said: str) -> None:
    text = f'[project]\nname = "sample"\nversion = "1"\nrequires-python = ">=3.8"\n[tool.lockgate]\n{table}\n'
    root = write(tmp_path, {"pyproject.toml": text})
    ran = lockgate(root, "gate", "--fresh", "test-3.8", "--report", "out")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert not (root / "out").exists()


@pytest.mark.parametrize("tests", [{}, {"tests/__init__.py": ""}, {"tests/test_none.py": "def helper(): ...\n"}])
def test_a_required_cell_without_tests_is_no_pass(tmp_path: Path, tests: dict[str, str]) -> None:
    text = '[project]\nname = "sample"\nversion = "1"\n[tool.lockgate]\npython = ["3.12"]\n'
    root = write(tmp_path, {"pyproject.toml": text, **tests})
    ran = lockgate(root, "gate", "--fresh", "test-3.12")
    assert ran.code == 1
    assert "proves nothing" in ran.out
