"""Killed at any moment of a release, or raced by another: the ledger goes on, and the bytes are the same."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lockgate.loopback.index import Index
from lockgate.model.release import Ledger
from lockgate.ports.releases import Store
from tests.e2e.publish_faults import sent
from tests.e2e.releasing import NAMES, Release, contents, release
from tests.e2e.running import left_behind
from tests.releases_api import Releases
from tests.support import command, environment

pytestmark = pytest.mark.usefixtures("own_git")
# As many requests as an upload of three files makes, and some more: a kill that comes too late is none.
REQUESTS = 30


@pytest.fixture
def github() -> Iterator[Releases]:
    with Releases() as service:
        yield service


@pytest.fixture
def made(tmp_path: Path, index: Index, github: Releases) -> Release:
    made = release(tmp_path, index)
    made.environment |= {"GITHUB_API_URL": github.url, "GH_TOKEN": "t" * 20}
    return made


def _start(made: Release, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*made.line(*arguments)),
        cwd=made.root,
        env=environment(**made.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _killed(made: Release, condition: Callable[[], bool], *arguments: str, family: bool) -> bool:
    """Start it, and kill it as soon as `condition` holds; whether that was before its end."""
    process = _start(made, *arguments)
    while not condition() and process.poll() is None:
        time.sleep(0.0005)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    if family:  # uv has a session of its own: it may go on, or die as well
        for line in left_behind(made.folder):
            os.kill(int(line.split()[0]), signal.SIGKILL)
    process.wait()
    return alive


def _ledger(made: Release) -> Ledger:
    """Whole, whenever it is read."""
    ledger = Store(made.folder).read()
    assert ledger is not None
    return ledger


def _goes_on(made: Release, github: Releases) -> None:
    before = _ledger(made)
    assert {one.name: one.sha256 for one in before.files} == {one.name: one.sha256 for one in _ledger(made).files}
    known = {one.name for one in before.files if one.state == "stored"}
    assert known <= set(made.index.files("sample"))
    already = len(made.index.requests)
    ran = made.run("resume", "--wait", "20s")
    assert ran.code == 0, ran
    # uv may still have been at it: what it had not stored when resume looked is sent again, with the same bytes.
    assert not known & set(sent(made, already))
    assert made.ledger["state"] == "released"
    assert [one["draft"] for one in github.releases.values()] == [False]
    assert github.tags == {"v1.0": made.ledger["commit"]}
    made.assert_never_other_bytes()


@pytest.mark.parametrize("request_number", [13])
def test_killed_in_the_middle_of_an_upload(made: Release, github: Releases, request_number: int) -> None:
    assert _killed(made, lambda: len(made.index.requests) >= request_number, "upload", family=True)
    assert _ledger(made).state == "uploading"
    _goes_on(made, github)


@pytest.mark.slow
@pytest.mark.parametrize("request_number", range(1, REQUESTS))
@pytest.mark.parametrize("family", [False, True])
def test_killed_at_every_request_of_an_upload(
    made: Release, github: Releases, request_number: int, *, family: bool
) -> None:
    _killed(made, lambda: len(made.index.requests) >= request_number, "upload", family=family)
    _goes_on(made, github)


@pytest.mark.slow
@pytest.mark.parametrize("change", range(1, 12))
def test_killed_at_every_change_of_the_ledger(made: Release, github: Releases, change: int) -> None:
    path = made.folder / "ledger.json"
    seen = {path.stat().st_ino}

    def changed() -> bool:
        seen.add(path.stat().st_ino)
        return len(seen) > change

    _killed(made, changed, "upload", family=True)
    _goes_on(made, github)


@pytest.mark.slow
@pytest.mark.parametrize("step", range(1, 16))
def test_killed_at_every_step_of_the_github_release(made: Release, github: Releases, step: int) -> None:
    assert made.run("upload").code == 0
    assert made.run("verify").code == 0
    _killed(made, lambda: len(github.log) >= step, "resume", family=True)
    _goes_on(made, github)


@pytest.mark.slow
@pytest.mark.parametrize("request_number", range(1, 20, 2))
def test_killed_while_verifying(made: Release, github: Releases, request_number: int) -> None:
    assert made.run("upload").code == 0
    before = len(made.index.requests)
    _killed(made, lambda: len(made.index.requests) >= before + request_number, "verify", family=True)
    _goes_on(made, github)


def _both(one: Release, other: Release, *arguments: str) -> list[int]:
    codes: dict[int, int] = {}

    def run(number: int, who: Release) -> None:
        codes[number] = who.run(*arguments).code

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate((one, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [codes[0], codes[1]]


def _second(made: Release, tmp_path: Path, salt: str) -> Release:
    clone = tmp_path / "clone"
    shutil.copytree(made.root, clone)
    other = release(tmp_path / "second", made.index, salt=salt, clone=clone)
    other.environment |= {name: made.environment[name] for name in ("GITHUB_API_URL", "GH_TOKEN")}
    return other


@pytest.mark.slow
def test_two_publishers_of_the_same_bytes_end_with_one_release(made: Release, github: Releases, tmp_path: Path) -> None:
    other = _second(made, tmp_path, "")
    codes = _both(made, other, "resume", "--wait", "20s")
    for one, code in zip((made, other), codes, strict=True):
        if code != 0:  # both were at the GitHub release: whoever lost takes back what it made, and looks again
            assert one.ledger["state"] == "verified"
            assert one.run("resume").code == 0
        assert one.ledger["state"] == "released"
        one.assert_never_other_bytes()
    assert set(made.index.files("sample")) == set(NAMES)
    assert github.tags == {"v1.0": made.ledger["commit"]}
    assert [one["draft"] for one in github.releases.values()] == [False]


@pytest.mark.parametrize(
    "attempt", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
)
def test_two_publishers_of_different_bytes_end_with_one_whole_release(
    made: Release, github: Releases, tmp_path: Path, attempt: int
) -> None:
    other = _second(made, tmp_path, f"other {attempt}")
    codes = _both(made, other, "resume", "--wait", "20s")
    assert sorted(codes) == [0, 1], codes
    won, lost = (made, other) if codes[0] == 0 else (other, made)
    assert (won.ledger["state"], lost.ledger["state"]) == ("released", "burned")
    won.assert_never_other_bytes()
    assert {one["state"] for one in lost.ledger["files"]} == {"planned"} or "uploading" in lost.states().values()
    salt = "" if won is made else f"other {attempt}"
    assert {name: file.sha256 for name, file in made.index.files("sample").items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents(salt).items()
    }
    assert len(github.releases) == 1


def test_a_second_lockgate_on_one_ledger_waits_for_the_first(made: Release) -> None:
    codes = _both(made, made, "upload")
    assert codes == [0, 0]
    assert sent(made) == list(NAMES)
