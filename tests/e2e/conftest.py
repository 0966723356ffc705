"""What several end-to-end tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract import checked
from tests.e2e.places import Makes, Place
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


@pytest.fixture(scope="session")
def index_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded index's authority and keys: made once."""
    return tmp_path_factory.mktemp("keys")
