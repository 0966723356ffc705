"""What all tests share: a fresh process state, and a strict reader of the output."""

from __future__ import annotations

import json
import logging
import os
from typing import Any, Callable, Dict, Iterator, List

import pytest

from mypylogger import _logger

Record = Dict[str, Any]
Read = Callable[[str], List[Record]]
Printed = Callable[[], List[Record]]


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start each test without settings, and take the shared handler away after it."""
    for variable in list(os.environ):
        if variable.startswith("MYPYLOGGER_"):
            monkeypatch.delenv(variable)
    root = logging.getLogger()
    root_level = root.level
    monkeypatch.setattr(root.manager, "loggerDict", {})
    yield
    handler, _ = _logger.process_handler()
    handler.close()
    root.removeHandler(handler)
    root.setLevel(root_level)
    _logger.process_handler.cache_clear()


@pytest.fixture
def read() -> Read:
    """Return a parser of JSON lines that refuses NaN, Infinity and duplicate keys."""

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    def unique(pairs: list[tuple[str, object]]) -> Record:
        assert len(dict(pairs)) == len(pairs), "duplicate keys"
        return dict(pairs)

    def parse(text: str) -> list[Record]:
        lines = text.splitlines()  # also splits at U+2028 and the like: none may be there
        return [json.loads(one, parse_constant=refuse, object_pairs_hook=unique) for one in lines]

    return parse


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], read: Read) -> Printed:
    """Return a function that gives the records printed to stdout since its last call."""
    return lambda: read(capsys.readouterr().out)
