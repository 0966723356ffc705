"""Settings: what is accepted, and what a bad value turns into."""

from __future__ import annotations

import logging

import pytest

from mypylogger._config import Config, read_config


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, Config(logging.INFO, "stdout", "", [])),
        ({"MYPYLOGGER_LEVEL": "debug"}, Config(logging.DEBUG, "stdout", "", [])),
        ({"MYPYLOGGER_LEVEL": " Critical "}, Config(logging.CRITICAL, "stdout", "", [])),
        ({"MYPYLOGGER_STREAM": "STDERR"}, Config(logging.INFO, "stderr", "", [])),
        ({"MYPYLOGGER_FILE": "a b.log"}, Config(logging.INFO, "stdout", "a b.log", [])),
        (
            {"MYPYLOGGER_LEVEL": "", "MYPYLOGGER_STREAM": " ", "MYPYLOGGER_FILE": " "},
            Config(logging.INFO, "stdout", "", []),
        ),
    ],
)
def test_valid_settings(env: dict[str, str], expected: Config) -> None:
    assert read_config(env) == expected


@pytest.mark.parametrize("level", ["loud", "10", "\udcff"])
def test_a_bad_level_becomes_info_and_a_problem(level: str) -> None:
    config = read_config({"MYPYLOGGER_LEVEL": level})
    assert config.level == logging.INFO
    expected = "is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL; using INFO"
    assert config.problems == [f"MYPYLOGGER_LEVEL={level!r} {expected}"]


def test_every_problem_is_told() -> None:
    config = read_config({"MYPYLOGGER_LEVEL": "x", "MYPYLOGGER_STREAM": "printer"})
    assert (config.level, config.stream) == (logging.INFO, "stdout")
    assert len(config.problems) == 2
    assert config.problems[1] == (
        "MYPYLOGGER_STREAM='printer' is not one of stdout, stderr; using stdout"
    )
