"""A server of each test's own, and one that a module shares; every exchange is held against GitHub's description."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lockgate.loopback.github import GitHub
from tests.contract import checked
from tests.e2e.conftest import own_git
from tests.hosted import Hosted, hosted

__all__ = ["checked", "hosted", "own_git"]


@pytest.fixture(autouse=True)
def _checked(checked: object) -> None:
    """Every exchange of every test."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A repository with a first commit, for tests that leave main alone."""
    with pytest.MonkeyPatch.context() as patch, GitHub(tmp_path_factory.mktemp("github")) as github:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        hosted = Hosted(github, tmp_path_factory.mktemp("clones"))
        hosted.begin()
        yield hosted
