"""Whatever goes wrong with whichever file: afterwards `resume` completes the release, or the ledger says burned."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest

from lockgate.loopback.index import Index
from tests.e2e.publish_faults import FAULTS, QUICK, fault, sent, twine
from tests.e2e.releasing import NAMES, WHO, Release, contents, release
from tests.releases_api import Releases

pytestmark = pytest.mark.usefixtures("own_git")
SLOW = partial(pytest.param, marks=pytest.mark.slow)


def _finished(made: Release, **more: str | None) -> None:
    """`resume` ends the release, with nothing sent but what was missing."""
    missing = set(NAMES) - set(made.index.files("sample"))
    before = len(made.index.requests)
    with Releases() as github:
        github.tags["v1.0"] = made.ledger["commit"]
        ran = made.run("resume", "--wait", "20s", GITHUB_API_URL=github.url, GH_TOKEN="t" * 20, **more)
        assert ran.code == 0, ran
        (announced,) = github.releases.values()
    assert [one["name"] for one in announced["assets"]] == [*NAMES, "sbom.cdx.json"]
    assert set(sent(made, before)) == missing
    assert made.ledger["state"] == "released"
    assert set(made.states().values()) == {"verified"}
    made.assert_never_other_bytes()


def _with_uv(made: Release, name: str, position: int, times: int | None) -> None:
    made.index.plan(fault(name, NAMES[position], times))
    ran = made.run("upload", **QUICK)
    assert ran.code in {0, 3}, ran
    assert made.ledger["state"] in {"uploading", "uploaded"}
    states = made.states()
    # What was sent before is known to be there; what comes behind was not begun.
    assert all(states[one] == "stored" for one in NAMES[:position])
    if ran.code == 3:
        assert all(states[one] == "planned" for one in NAMES[position + 1 :])
        assert states[NAMES[position]] == "uploading"
        assert "lockgate publish resume 1.0" in ran.err
    made.assert_never_other_bytes()
    time.sleep(2 * FAULTS[name].delay)  # a request that was given up may still take effect
    made.index.plan()
    _finished(made)


def _with_twine(made: Release, name: str, position: int, *, again: bool) -> None:
    made.index.plan(fault(name, NAMES[position]))
    ended = twine(made, timeout=15)
    needs = json.dumps({"publish": {"result": "success" if ended == 0 else "failure"}})
    looked = made.run("verify", "--wait", "1s", LOCKGATE_NEEDS=needs)
    whole = set(made.index.files("sample")) == set(NAMES)
    assert looked.code == (0 if whole else 1), looked
    assert made.ledger["state"] == ("verified" if whole else "built")
    assert all(
        state in {"stored", "verified"} for one, state in made.states().items() if one in made.index.files("sample")
    )
    made.index.plan()
    if again:  # *re-run failed jobs*: the action sends everything once more
        assert twine(made) == 0
        assert made.run("verify", "--wait", "5s", LOCKGATE_NEEDS='{"publish": {"result": "success"}}').code == 0
    _finished(made)


@pytest.mark.parametrize(
    ("name", "position", "times"),
    [SLOW("503", 1, 1), ("html", 2, None), pytest.param("reset-after", 0, 1, marks=pytest.mark.slow)],
)
def test_a_fault_is_outlasted_or_mended(made: Release, name: str, position: int, times: int | None) -> None:
    _with_uv(made, name, position, times)
    assert made.states()[NAMES[position]] == "verified"


def test_a_failed_publish_job_is_told_by_verify_and_mended_by_running_it_again(made: Release) -> None:
    _with_twine(made, "500", 1, again=True)


@pytest.mark.parametrize("position", [SLOW(0), 1, SLOW(2)])
@pytest.mark.parametrize("path", ["uv", "twine"])
def test_other_bytes_burn_the_release(tmp_path: Path, index: Index, position: int, path: str) -> None:
    made = release(tmp_path, index, registered=False)
    made.store(NAMES[position], bytes_of=contents("other"))
    index.register(WHO)
    if path == "uv":
        ran = made.run("upload")
        assert sent(made)[1:] == []  # proved before the first byte
    else:
        assert twine(made) != 0
        ran = made.run("verify", "--wait", "1s")
    assert ran.code == 1, ran
    assert made.ledger["state"] == "burned"
    assert NAMES[position] in made.ledger["reason"]
    assert "::error title=sample 1.0 is burned::sample 1.0 is burned: " in ran.err
    assert "then release 1.1" in ran.err
    again = made.run("resume")
    assert again.code == 1
    assert "burned" in again.out


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("times", [1, None])
def test_every_fault_at_every_file_with_uv(made: Release, name: str, position: int, times: int | None) -> None:
    _with_uv(made, name, position, times)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("again", [False, True])
def test_every_fault_at_every_file_with_twine(made: Release, name: str, position: int, *, again: bool) -> None:
    _with_twine(made, name, position, again=again)
