"""One embedded GitHub for all tests of a module; each begins with a fresh repository."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract import checked
from tests.unit.protect.world import Watched, World

__all__ = ["checked"]


@pytest.fixture(scope="module")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Watched(tmp_path_factory.mktemp("github")) as server:
        yield World(server, tmp_path_factory.mktemp("clone"))


@pytest.fixture
def world(_served: World) -> World:
    _served.fresh()
    return _served
