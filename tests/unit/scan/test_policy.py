from __future__ import annotations

import datetime as dt
import tomllib
from typing import Any

import pytest

from lockgate.model.config import Waiver
from lockgate.model.decode import decode_config
from lockgate.model.errors import UsageError
from lockgate.model.finding import Finding, at_line, fingerprint, together
from lockgate.model.scan import SCANNERS, Scanner, verdict_of
from lockgate.scan.policy import judge
from lockgate.scan.waive import waived

TODAY = dt.date(2026, 11, 24)
JINJA = Finding(
    scanner="dependencies",
    rule="PYSEC-2024-1",
    severity="high",
    message="jinja2",
    fingerprint=fingerprint("dependencies", "jinja2"),
    aliases=("CVE-2024-22195", "GHSA-h5c8"),
)


def waiver(days: int = 30, reason: str = "not reachable", **names: Any) -> Waiver:  # noqa: ANN401
    return Waiver(reason=reason, expires=TODAY + dt.timedelta(days=days), **(names or {"id": "CVE-2024-22195"}))


def judged(
    *waivers: Waiver, findings: tuple[Finding, ...] = (JINJA,), answered: object = SCANNERS
) -> dict[str, str | None]:
    """Reason of the waiver by rule."""
    listed = [(one, "pyproject.toml", number) for number, one in enumerate(waivers, start=10)]
    return {one.rule: one.waived for one in judge(findings, listed, answered, TODAY)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "names",
    [
        {"id": "PYSEC-2024-1"},
        {"id": "GHSA-h5c8"},
        {"fingerprint": JINJA.fingerprint},
        {"id": "GHSA-h5c8", "fingerprint": JINJA.fingerprint},
    ],
)
def test_a_waiver_in_order_holds_by_every_name(names: dict[str, Any]) -> None:
    assert judged(waiver(**names)) == {"PYSEC-2024-1": "not reachable"}


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (waiver(-1), "waiver-expired"),
        (waiver(91), "waiver-too-long"),
        (waiver(reason="  "), "waiver-reasonless"),
        (waiver(reason=""), "waiver-reasonless"),
        (Waiver(reason="all of it", expires=TODAY), "waiver-aimless"),
    ],
)
def test_a_waiver_that_is_not_in_order_waives_nothing_and_is_a_finding(given: Waiver, rule: str) -> None:
    assert judged(given) == {"PYSEC-2024-1": None, rule: None}


@pytest.mark.parametrize("days", [0, 1, 90])
def test_its_last_day_still_counts(days: int) -> None:
    assert judged(waiver(days)) == {"PYSEC-2024-1": "not reachable"}


def test_a_waiver_of_another_finding_waives_nothing() -> None:
    mixed = waiver(id="PYSEC-2024-1", fingerprint="dependencies-0000000000000000")
    assert judged(mixed) == {"PYSEC-2024-1": None, "waiver-unused": None}


def test_a_waiver_that_covers_nothing_is_a_finding_once_its_scanner_has_answered() -> None:
    unused = waiver(fingerprint="code-0123456789abcdef")
    assert judged(unused, findings=()) == {"waiver-unused": None}
    assert judged(unused, findings=(), answered={"code"}) == {"waiver-unused": None}
    assert judged(unused, findings=(), answered={"secrets"}) == {}
    assert judged(waiver(id="CVE-1"), findings=(), answered={"dependencies"}) == {"waiver-unused": None}
    # An id could be anybody's rule.
    assert judged(waiver(id="S301"), findings=(), answered={"code"}) == {}


def test_findings_about_waivers_name_file_and_line() -> None:
    (found,) = judge((), [(waiver(-3), "pyproject.toml", 17)], SCANNERS, TODAY)
    assert (found.scanner, found.where()) == ("policy", "pyproject.toml:17")
    assert verdict_of([Scanner(name="code", status="pass")], [found]) == "fail"


def test_waive_writes_what_the_policy_accepts_and_keeps_the_rest() -> None:
    before = '# mine\n[project]\nname = "a"  # name\n\n[tool.lockgate]\npython = ["3.12"]\n'
    after, expires = waived(before, "PYSEC-2024-1", "never called", 30, TODAY)
    assert after.startswith(before)
    assert expires == TODAY + dt.timedelta(days=30)
    again, _ = waived(after, JINJA.fingerprint, "never called either", 90, TODAY)
    config = decode_config(tomllib.loads(again)["tool"]["lockgate"], file="pyproject.toml", text=again)
    assert [(one.id, one.fingerprint) for one in config.waivers] == [("PYSEC-2024-1", None), (None, JINJA.fingerprint)]
    assert config.python == ("3.12",)


@pytest.mark.parametrize("text", ["", "[tool]\n", "[tool.other]\na = 1\n", '[project]\nname = "a"\n'])
def test_waive_makes_the_table_where_there_is_none(text: str) -> None:
    after, _ = waived(text, "CVE-1", "why", 1, TODAY)
    assert tomllib.loads(after)["tool"]["lockgate"]["waivers"][0]["reason"] == "why"


@pytest.mark.parametrize(("reason", "days"), [(" ", 3), ("why", 0), ("why", 91)])
def test_waive_refuses_what_the_policy_would(reason: str, days: int) -> None:
    with pytest.raises(UsageError):
        waived("", "CVE-1", reason, days, TODAY)


@pytest.mark.parametrize("text", ["[tool]\nlockgate = 3\n", "[tool.lockgate]\nwaivers = 3\n", "a = ["])
def test_waive_leaves_a_file_that_it_cannot_extend(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be extended"):
        waived(text, "CVE-1", "why", 3, TODAY)


LINES = ("import pickle", "def f(x):", "    return pickle.loads(x)")


def test_a_fingerprint_survives_moved_and_reindented_lines() -> None:
    first = at_line("code", "S301", "a.py", LINES, 3)
    moved = ("# new", *LINES[:2], "    # new", "        return pickle.loads(x)")
    assert at_line("code", "S301", "a.py", moved, 5) == first
    assert at_line("code", "S302", "a.py", LINES, 3) != first
    assert at_line("code", "S301", "b.py", LINES, 3) != first
    assert at_line("code", "S301", "a.py", (*LINES, LINES[2]), 4) != first


def test_what_two_tools_say_of_a_line_is_one_finding() -> None:
    ruff = Finding(scanner="code", rule="S301", severity="medium", message="r", fingerprint="x", tools=("ruff",))
    bandit = Finding(scanner="code", rule="S301", severity="high", message="b", fingerprint="x", tools=("bandit",))
    for order in ((ruff, bandit), (bandit, ruff)):
        (one,) = together(order, judge="bandit")
        assert (one.severity, one.tools) == ("high", ("bandit", "ruff"))
