"""Settings from the environment. A bad value becomes a default and a problem to report."""

from __future__ import annotations

import logging
from typing import Mapping, NamedTuple

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
STREAMS = ("stdout", "stderr")


class Config(NamedTuple):
    """Valid settings, and what was wrong with the ones that were not valid."""

    level: int
    stream: str
    file: str
    problems: list[str]


def read_config(env: Mapping[str, str]) -> Config:
    """Read the ``MYPYLOGGER_*`` variables of *env*; a blank one counts as not set."""
    problems: list[str] = []

    def choose(variable: str, choices: tuple[str, ...], default: str) -> str:
        given = env.get(variable, "").strip()
        for choice in choices:
            if given.lower() == choice.lower():
                return choice
        if given:
            expected = ", ".join(choices)
            problems.append(f"{variable}={given!r} is not one of {expected}; using {default}")
        return default

    level = getattr(logging, choose("MYPYLOGGER_LEVEL", LEVELS, "INFO"))
    stream = choose("MYPYLOGGER_STREAM", STREAMS, "stdout")
    return Config(level, stream, env.get("MYPYLOGGER_FILE", "").strip(), problems)
