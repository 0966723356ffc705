from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from lockgate.model.config import WorkflowsConfig
from lockgate.workflows.facts import Facts, facts
from tests.unit.builders import TEXT, project


def made(toml: str = "[tool.lockgate]\n", steps: tuple[tuple[str, str], ...] = (("lint", "lint"),)) -> Facts:
    return facts(project(toml), steps, folder="", lock="", versioned_by_git=False)


@given(TEXT)
def test_the_daily_scan_never_starts_at_the_full_hour(name: str) -> None:
    found = made(f"[project]\nname = {msgspec.json.encode(name.replace(chr(127), '')).decode()}\n[tool.lockgate]\n")
    assert 0 < found.minute < 24 * 60
    assert found.minute % 60


def test_packages_start_at_different_times() -> None:
    minutes = {made(f"[project]\nname = 'package-{number}'\n[tool.lockgate]\n").minute for number in range(200)}
    assert len(minutes) > 150
    assert len({minute % 60 for minute in minutes}) > 50


@pytest.mark.parametrize(
    ("table", "minutes"),
    [("", 25), ("reruns = 2", 45), ('timeout = "1.5s"', 16), ('timeout = "30d"\nreruns = 10', 7200)],
)
def test_a_cell_has_the_time_of_its_tests(table: str, minutes: int) -> None:
    assert made(f"[tool.lockgate.test]\n{table}\n").test_minutes == minutes


@pytest.mark.parametrize(("timeouts", "minutes"), [((), 45), (("10m",), 45), (("2h", "20m"), 155), (("9d",), 7200)])
def test_the_checks_have_the_time_of_all_custom_ones(timeouts: tuple[str, ...], minutes: int) -> None:
    table = "".join(
        f"[tool.lockgate.check.c{number}]\nrun = ['x']\ntimeout = '{one}'\n" for number, one in enumerate(timeouts)
    )
    steps = tuple((f"c{number}", "custom") for number in range(len(timeouts)))
    assert made(f"[tool.lockgate]\n{table}", steps).checks_minutes == minutes


@pytest.mark.parametrize(("cool_down", "days"), [("12h", 7), ("7d", 7), ("8.5d", 9), ("400d", 90)])
def test_the_bot_waits_a_week_at_least(cool_down: str, days: int) -> None:
    assert made(f"[tool.lockgate.scan]\ncool-down = '{cool_down}'\n").cool_down == days


@pytest.mark.parametrize(
    ("codeql", "private", "runs", "uploads"),
    [
        ("auto", False, True, True),
        ("auto", True, False, False),
        ("required", True, True, True),
        ("off", False, False, True),
        ("off", True, False, False),
    ],
)
def test_private_repositories_have_no_code_scanning(codeql: str, private: bool, runs: bool, uploads: bool) -> None:
    classifiers = "classifiers = ['Private :: Do Not Upload']" if private else ""
    found = made(f"[project]\nname = 'x'\n{classifiers}\n[tool.lockgate.scan]\ncodeql = '{codeql}'\n")
    assert (found.codeql, found.code_scanning) == (runs, uploads)


def test_only_what_is_rendered_changes_the_digest() -> None:
    before = made()
    assert (
        made("[tool.lockgate]\ncache-size = '1GB'\n[tool.lockgate.health]\nduration = '9m'\n").digest()
        == before.digest()
    )
    for change in (
        {"name": "other"},
        {"lock": "uv.lock"},
        {"checks_minutes": 46},
        {"owners": ("@me",)},
        {"additions": msgspec.convert({"publish": {"env": {"A": "b"}}}, WorkflowsConfig)},
    ):
        assert msgspec.structs.replace(before, **change).digest() != before.digest()
    # A key that a later lockgate adds, with its default, changes nothing.
    assert (
        msgspec.structs.replace(before, additions=WorkflowsConfig(publish=WorkflowsConfig().publish)).digest()
        == before.digest()
    )
