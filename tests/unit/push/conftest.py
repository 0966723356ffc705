from __future__ import annotations

import pytest

from tests.unit.push.merging import Merger


@pytest.fixture(scope="session")
def merger(tmp_path_factory: pytest.TempPathFactory) -> Merger:
    return Merger(tmp_path_factory.mktemp("merger"))
