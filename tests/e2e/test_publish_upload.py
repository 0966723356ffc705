"""`lockgate publish upload`: what is sent, what is not, and what the ledger says afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.loopback.index import Index
from tests.e2e.releasing import NAMES, Release, release

pytestmark = pytest.mark.usefixtures("own_git")


@pytest.fixture
def index(tmp_path: Path, index_keys: Path) -> Iterator[Index]:
    with Index(tmp_path / "index", keys=index_keys) as service:
        yield service


@pytest.fixture
def made(tmp_path: Path, index: Index) -> Release:
    return release(tmp_path, index)


def test_every_file_goes_up_once_and_wheels_first(made: Release) -> None:
    ran = made.run("upload")
    assert ran.code == 0, ran
    assert [one.file for one in made.index.requests if one.on == "upload"] == list(NAMES)
    assert made.ledger["state"] == "uploaded"
    assert set(made.states().values()) == {"stored"}
    made.assert_never_other_bytes()
    print(ran.out, ran.err)


def test_whole(made: Release) -> None:
    from tests.releases_api import Releases

    with Releases() as github:
        for command in ("upload", "verify", "resume", "status", "resume", "verify", "upload"):
            ran = made.run(command, GITHUB_API_URL=github.url, GH_TOKEN="x" * 20)
            print(ran.code, ran.out, ran.err)
        print(github.releases, github.tags)
        print(made.ledger["steps"])
