from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from lockgate.model.errors import UsageError
from lockgate.ports import actions, clock
from lockgate.ports.pyproject import read_project
from tests.support import write

TABLE = """\
[project]
name = "sample"
requires-python = ">=3.12"

[tool.lockgate]
python = ["3.12"]

[tool.lockgate.coverage]
threshold = 97
"""
HERE = {"GITHUB_ACTIONS": "true"}


def test_a_lowered_threshold_is_refused_with_both_values_and_the_line(tmp_path: Path) -> None:
    project = read_project(write(tmp_path, {"pyproject.toml": TABLE}))
    with pytest.raises(UsageError) as caught:
        actions.refuse_disagreement(project, {**HERE, "COVERAGE_THRESHOLD": "50"})
    assert caught.value.message == (
        "pyproject.toml:9: COVERAGE_THRESHOLD is '50' in this environment, but '97' by the table (coverage.threshold)"
    )
    assert caught.value.hint is not None
    assert "lockgate render" in caught.value.hint


def test_all_that_disagrees_is_named_at_once(tmp_path: Path) -> None:
    project = read_project(write(tmp_path, {"pyproject.toml": TABLE}))
    given = {"PYTHON_VERSION_MATRIX": "[]", "CODEQL_LANGUAGES": "go\n::error::", "PYPI_ENVIRONMENT": "pypi"}
    with pytest.raises(UsageError) as caught:
        actions.refuse_disagreement(project, {**HERE, **given})
    assert caught.value.message.splitlines() == [
        "pyproject.toml:6: PYTHON_VERSION_MATRIX is '[]' in this environment, but '[\"3.12\"]' by the table (python)",
        "pyproject.toml:5: CODEQL_LANGUAGES is 'go\\n::error::' in this environment, but 'python' by the table",
        (
            "pyproject.toml:5: PYPI_ENVIRONMENT is 'pypi' in this environment, but 'pypi-publishing' by the table"
            " (publish.environment)"
        ),
    ]


def test_the_table_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": TABLE, "gate.toml": "python = ['3.12']\ncoverage.threshold = 50\n"})
    project = read_project(tmp_path, tmp_path / "gate.toml")
    with pytest.raises(UsageError, match=r"gate\.toml:2: COVERAGE_THRESHOLD is '97'"):
        actions.refuse_disagreement(project, {**HERE, "COVERAGE_THRESHOLD": "97"})


def test_what_agrees_or_is_elsewhere_is_not_refused(tmp_path: Path) -> None:
    project = read_project(write(tmp_path, {"pyproject.toml": TABLE}))
    actions.refuse_disagreement(project, {**HERE, "COVERAGE_THRESHOLD": "97", "PYTHON_VERSION_MATRIX": '["3.12"]'})
    actions.refuse_disagreement(project, HERE)
    for elsewhere in ({}, {"GITHUB_ACTIONS": "false"}):
        actions.refuse_disagreement(project, {**elsewhere, "COVERAGE_THRESHOLD": "50"})


def test_without_a_workflow_there_are_no_needs_and_no_caches() -> None:
    assert actions.needs(HERE) is None
    assert actions.caches("3.8", HERE) is None


def test_an_empty_variable_is_no_absent_one() -> None:
    found = actions.needs({"LOCKGATE_NEEDS": ""})
    assert found is not None
    assert found.status == "unknown"


def test_caches_are_told_with_job_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1.5)
    given = {"LOCKGATE_CACHES": '{"uv": {"key": "k", "hit": ""}}', "GITHUB_JOB": "test-matrix"}
    lines = actions.caches("3.8", given)
    assert lines is not None
    found = json.loads(lines)
    assert dt.datetime.fromisoformat(found.pop("at")) == dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    assert found == {"cache": "uv", "key": "k", "hit": "miss", "job": "test-matrix", "python": "3.8"}
