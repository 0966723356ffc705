"""What several end-to-end tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.loopback.index import Index
from tests.contract import checked
from tests.e2e.places import Makes, Place
from tests.e2e.releasing import Release, release
from tests.hosted import hosted

__all__ = ["checked", "hosted"]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Makes:
    """A place for each set of packages; `variant` asks for one more, for a package whose environment differs."""
    made: dict[tuple[str, ...], Place] = {}

    def make(*packages: str, python: str = "3.12", variant: str = "") -> Place:
        key = (python, variant, *packages)
        if key not in made:
            made[key] = Place(tmp_path_factory.mktemp("place") / "sample", packages, python)
        return made[key]

    return make


@pytest.fixture
def own_git(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git without anybody's configuration, and no job of GitHub Actions around it."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "GIT_AUTHOR", "GIT_COMMITTER", "GH_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def index(tmp_path: Path, index_keys: Path) -> Iterator[Index]:
    """An embedded index with nothing in it."""
    with Index(tmp_path / "index", keys=index_keys) as service:
        yield service


@pytest.fixture
def made(tmp_path: Path, index: Index) -> Release:
    """A release that is built, for that index."""
    return release(tmp_path, index)
