"""What tests/unit/workflows/runs.py takes for granted: with LOCKGATE_NEEDS the gate passes after success only."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from lockgate.model.actions import judge_needs
from tests.unit.cli.conftest import Cli

RESULTS = ("success", "failure", "cancelled", "skipped")


def needs(*results: str) -> str:
    """What `toJSON(needs)` gives for jobs that ended so."""
    return json.dumps({f"job-{number}": {"result": one, "outputs": {}} for number, one in enumerate(results)}, indent=2)


@pytest.mark.parametrize("results", [*itertools.product(RESULTS), *itertools.product(RESULTS, repeat=3)])
def test_only_success_of_all_is_a_pass(results: tuple[str, ...]) -> None:
    assert (judge_needs(needs(*results)).status == "pass") is (set(results) == {"success"})


@pytest.mark.parametrize(
    "text", ["", "{}", "null", "[]", "success", '{"job": "success"}', '{"job": {}}', needs("Success")]
)
def test_what_tells_of_no_success_is_no_pass(text: str) -> None:
    assert judge_needs(text).status != "pass"


@pytest.mark.parametrize("result", [*RESULTS, "neutral"])
def test_the_gate_itself_passes_only_after_success(
    cli: Cli, quick: Path, monkeypatch: pytest.MonkeyPatch, result: str
) -> None:
    monkeypatch.setenv("LOCKGATE_NEEDS", needs("success", result))
    assert (cli("gate", "good", "-C", quick).code == 0) is (result == "success")
