"""Which tests run in which cell of the gate."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

# The oldest Python that lockgate runs on: in the gate, what takes minutes runs in this cell only.
CELL = (3, 11)
LONG = (
    "tests/contract/",
    "tests/e2e/",
    "tests/unit/loopback/",
    "tests/unit/protect/",
    "tests/unit/publish/",
    "tests/unit/push/",
    "tests/unit/scan/",
    "tests/unit/workflows/",
)
# What the oldest and the newest run need not run in between.
BETWEEN = ("tests/unit/cli/",)
NEWEST = (3, 13)

# A shell's background job ignores Ctrl-C, and so would every lockgate that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out of the other cells; pytest and the gate show how many were deselected."""
    if "LOCKGATE_EVIDENCE" not in os.environ or sys.version_info[:2] == CELL:
        return
    folders = LONG if sys.version_info[:2] >= NEWEST else (*LONG, *BETWEEN)
    left_out = [item for item in items if any(folder in item.nodeid for folder in folders)]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def index_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate authority and keys of every embedded service in a session: keys are slow to make."""
    return tmp_path_factory.mktemp("index-keys")
