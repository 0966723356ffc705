from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from lockgate.model.config import Config
from lockgate.model.decode import decode_config, suggest
from lockgate.model.errors import UsageError

DESIGN = Path(__file__).with_name("design.toml")


def decode(text: str) -> Config:
    table = tomllib.loads(text).get("tool", {}).get("lockgate", {})
    return decode_config(table, file="pyproject.toml", text=text)


def refusal(text: str) -> tuple[str, str | None]:
    with pytest.raises(UsageError) as caught:
        decode(text)
    return caught.value.message, caught.value.hint


def test_the_table_of_the_design_is_accepted_with_every_key() -> None:
    config = decode(DESIGN.read_text())
    assert config.python == ("3.8", "3.9", "3.10", "3.11", "3.12")
    assert config.coverage.threshold == 95
    assert config.check["docs"].run == ("sphinx-lint", "docs")
    assert config.scan.cool_down == "7d"
    assert config.waivers[0].expires == dt.date(2026, 12, 20)
    assert config.health.success_rate == 0.95


def test_an_empty_table_is_a_complete_pipeline() -> None:
    assert decode("[tool.lockgate]") == Config()


# An expected line of each refusal: what is written, `line: message`, and the hint.
SCHEMA = "`lockgate schema config` prints every key and its type"
DURATION = "expected a number above 0 and a unit, e.g. 90s, 10m or 7d"
REFUSALS = {
    "an unknown key": (
        '[tool.lockgate]\nrunner = "x"\nchekcs = ["lint"]',
        "3: unknown key 'chekcs' in [tool.lockgate]",
        "did you mean 'checks'?",
    ),
    "an unknown key with underscores": (
        "[tool.lockgate]\n\n[tool.lockgate.health]\nsuccess_rate = 0.5",
        "4: unknown key 'success_rate' in [tool.lockgate.health]",
        "did you mean 'success-rate'?",
    ),
    "an unknown key that resembles none": (
        "[tool.lockgate.coverage]\nfoo = 1",
        "2: unknown key 'foo' in [tool.lockgate.coverage]",
        "valid names are: threshold",
    ),
    "an unknown key of the second custom check": (
        '[tool.lockgate.check.docs]\nrun = ["a"]\n[tool.lockgate.check."links"]\nrunn = ["a"]',
        "4: unknown key 'runn' in [tool.lockgate.check.links]",
        "did you mean 'run'?",
    ),
    "an unknown key in an inline table": (
        '[tool.lockgate]\ntest = { args = [\n"-x"], timeuot = "1m" }',
        "3: unknown key 'timeuot' in [tool.lockgate.test]",
        "did you mean 'timeout'?",
    ),
    "a table under an unknown name": (
        "[tool.lockgate]\n[tool.lockgate.converage]\nthreshold = 1",
        "2: unknown key 'converage' in [tool.lockgate]",
        "did you mean 'coverage'?",
    ),
    "a missing key": (
        '[tool.lockgate]\n[tool.lockgate.check.docs]\ntimeout = "1m"',
        "2: tool.lockgate.check.docs: missing key run",
        SCHEMA,
    ),
    "an empty command": (
        "[tool.lockgate.check.docs]\nrun = []",
        "2: tool.lockgate.check.docs.run: expected array of length >= 1",
        SCHEMA,
    ),
    "a number for a text, in one line of a list": (
        '[tool.lockgate]\npython = [\n  "3.8",\n  3.9,\n]',
        "4: tool.lockgate.python: expected string, got number",
        SCHEMA,
    ),
    "a text for a list": (
        '[tool.lockgate]\npython = "3.8"',
        "2: tool.lockgate.python: expected array, got string",
        SCHEMA,
    ),
    "no Python": (
        '[tool.lockgate]\npython = ["38"]',
        "2: tool.lockgate.python: expected a Python as X.Y, e.g. 3.12",
        SCHEMA,
    ),
    "an empty list of Pythons": (
        "[tool.lockgate]\npython = []",
        "2: tool.lockgate.python: expected array of length >= 1",
        SCHEMA,
    ),
    "a Python twice": (
        '[tool.lockgate]\npython = ["3.8", "3.9", "3.8"]',
        "2: python lists '3.8' more than once",
        None,
    ),
    "a check twice": ('[tool.lockgate]\nchecks = ["lint", "lint"]', "2: checks lists 'lint' more than once", None),
    "an unknown check": (
        '[tool.lockgate]\nchecks = ["lint",\n"tset"]',
        "3: unknown check 'tset'",
        "did you mean 'test'?",
    ),
    "a custom check that nobody defined": (
        '[tool.lockgate]\nchecks = ["link"]\ncheck.links.run = ["x"]',
        "2: unknown check 'link'",
        "did you mean 'links'?",
    ),
    "a custom check under a built-in name": (
        '[tool.lockgate]\n[tool.lockgate.check.lint]\nrun = ["x"]',
        "2: a custom check cannot be called 'lint': that is a built-in check",
        None,
    ),
    "a custom check under a cell's name": (
        '[tool.lockgate.check."test-3.8"]\nrun = ["x"]',
        "1: a custom check cannot be called 'test-3.8': that is a built-in check",
        None,
    ),
    "a custom check under the name of what a workflow says": (
        '[tool.lockgate.check.needs]\nrun = ["x"]',
        "1: a custom check cannot be called 'needs': that is a built-in check",
        None,
    ),
    "a custom check whose name is no name": (
        '[tool.lockgate.check."../x"]\nrun = ["x"]',
        "1: '../x' is no name for a check",
        "use lower-case letters, digits, - and _",
    ),
    "a yes for a number": (
        "[tool.lockgate.test]\nreruns = true",
        "2: tool.lockgate.test.reruns: expected integer, got boolean",
        SCHEMA,
    ),
    "too many reruns": (
        "[tool.lockgate.test]\nreruns = 99",
        "2: tool.lockgate.test.reruns: expected integer <= 10",
        SCHEMA,
    ),
    "a duration without unit": (
        '[tool.lockgate.test]\ntimeout = "600"',
        f"2: tool.lockgate.test.timeout: {DURATION}",
        SCHEMA,
    ),
    "a duration of nothing": (
        '[tool.lockgate.check.docs]\nrun = ["x"]\ntimeout = "0s"',
        f"3: tool.lockgate.check.docs.timeout: {DURATION}",
        SCHEMA,
    ),
    "a threshold in quotes": (
        '[tool.lockgate.coverage]\nthreshold = "95"',
        "2: tool.lockgate.coverage.threshold: expected number, got string",
        SCHEMA,
    ),
    "a threshold above 100": (
        "[tool.lockgate.coverage]\nthreshold = 101",
        "2: tool.lockgate.coverage.threshold: expected number <= 100.0",
        SCHEMA,
    ),
    "a folder that uv would take literally": (
        '[tool.lockgate]\nuv-cache-dir = "~/.cache/uv"',
        "2: tool.lockgate.uv-cache-dir: expected an absolute path: uv does not expand ~",
        SCHEMA,
    ),
    "a size without unit": (
        '[tool.lockgate]\ncache-size = "200"',
        "2: tool.lockgate.cache-size: expected a number and a unit, e.g. 200MB",
        SCHEMA,
    ),
    "a value that is not among the valid ones": (
        '[tool.lockgate.types]\nchecker = "mipy"',
        "2: tool.lockgate.types.checker: invalid value 'mipy'",
        "did you mean 'mypy'?",
    ),
    "a value that resembles none of the valid ones": (
        '[tool.lockgate.phase]\nquality = "x"',
        "2: tool.lockgate.phase.quality: invalid value 'x'",
        "valid names are: off, observe, enforce",
    ),
    "a text for a table": (
        '[tool.lockgate]\nphase = "off"',
        "2: tool.lockgate.phase: expected table, got string",
        SCHEMA,
    ),
    "a number for a custom check": (
        "[tool.lockgate]\ncheck.docs = 3",
        "2: tool.lockgate.check.docs: expected table, got integer",
        SCHEMA,
    ),
    "a list for the custom checks": (
        "[tool.lockgate]\ncheck = [3]",
        "2: tool.lockgate.check: expected table, got array",
        SCHEMA,
    ),
    "the second waiver with a number as reason": (
        "[[tool.lockgate.waivers]]\nreason = 'b'\nexpires = 2026-12-20\n[[tool.lockgate.waivers]]\nreason = 3\n",
        "5: tool.lockgate.waivers.reason: expected string, got integer",
        SCHEMA,
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_line_key_and_the_way_out(name: str) -> None:
    text, message, hint = REFUSALS[name]
    assert refusal(text) == (f"pyproject.toml:{message}", hint)


def test_a_table_at_the_top_of_another_file_is_read_and_refused_the_same_way() -> None:
    text = '\nrunner = "x"\nrunnner = "y"\n'
    with pytest.raises(UsageError) as caught:
        decode_config(tomllib.loads(text), file="outside.toml", text=text, prefix=())
    assert caught.value.message == "outside.toml:3: unknown key 'runnner' in [tool.lockgate]"
    assert caught.value.hint == "did you mean 'runner'?"


def test_suggestions_are_near_or_complete() -> None:
    assert suggest("tets-3.8", ["test-3.8", "test-3.9"]) == "did you mean 'test-3.8'?"
    assert suggest("xyz", ["lint", "types"]) == "valid names are: lint, types"
