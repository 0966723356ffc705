"""`lockgate publish verify`: what counts as proof, what is an index that lags, and what is a broken release."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest

from lockgate.loopback.index import Fault, Index
from tests.e2e.publish_faults import twine
from tests.e2e.releasing import NAMES, SDIST, WHEELS, Release, release, with_ledger

pytestmark = pytest.mark.usefixtures("own_git")
SLOW = partial(pytest.param, marks=pytest.mark.slow)


def _steps(made: Release) -> dict[str, str]:
    return {one["name"]: one["detail"] for one in made.ledger["steps"] if one["status"] == "pass"}


def test_a_release_of_the_workflow_is_proved_from_the_index_alone(made: Release) -> None:
    assert twine(made) == 0
    before = len(made.index.requests)
    ran = made.run("verify", "--format", "json")
    assert ran.code == 0, ran
    assert ran.document["ledger"] == made.ledger
    assert made.ledger["state"] == "verified"
    assert set(made.states().values()) == {"verified"}
    steps = _steps(made)
    assert "name this workflow" in steps["attestations"]
    assert steps["install"] == "Python 3.12: sample"
    assert "3 files hash as the ledger says" in steps["bytes"]
    assert not {one.on for one in made.index.requests[before:]} & {"upload", "mint", "audience"}


def test_without_attestations_a_release_of_the_workflow_is_not_proved(made: Release) -> None:
    made.store(*NAMES)
    ran = made.run("verify", "--wait", "1s")
    assert ran.code == 1, ran
    assert "without attestation: sample-1.0-cp312-none-any.whl" in ran.out
    assert made.run("verify", GITHUB_ACTIONS=None).code == 0  # by hand there is none to have
    assert "not published by a workflow" in _steps(made)["attestations"]


def test_somebody_else_s_attestation_fails(made: Release) -> None:
    assert twine(made) == 0
    ran = made.run("verify", GITHUB_ACTIONS=None, GITHUB_REPOSITORY="acme/other")
    assert ran.code == 1, ran
    assert "is attested by acme/sample (publish.yml), not by acme/other" in ran.out
    nobody = made.run("verify", GITHUB_ACTIONS=None, GITHUB_REPOSITORY=None)  # a clone without a remote
    assert nobody.code == 3, nobody
    assert "it cannot be told which GitHub repository this is" in nobody.out


@pytest.mark.slow
def test_an_index_that_lags_is_waited_for(made: Release) -> None:
    assert twine(made) == 0
    made.index.lag = time.time() - min(one.uploaded for one in made.index.files("sample").values()) + 3
    ran = made.run("verify")
    assert ran.code == 0, ran
    assert "the index shows 0 of 3 files; looked for" in ran.err


def test_an_index_that_lags_too_long_is_unknown_not_broken(made: Release) -> None:
    assert twine(made) == 0
    made.index.lag = 3600
    ran = made.run("verify", "--wait", "2s")
    assert ran.code == 3, ran
    assert "the index lags: it has sample-1.0-cp312-none-any.whl" in ran.out
    assert made.ledger["state"] == "built"
    made.index.lag = 0
    assert made.run("verify").code == 0


@pytest.mark.parametrize("result", ["failure", SLOW("success")])
def test_a_file_that_is_not_there_is_a_broken_release(made: Release, result: str) -> None:
    made.index.plan(Fault(on="upload", file=SDIST, status=503, times=None))
    assert twine(made, timeout=15) != 0
    ran = made.run("verify", "--wait", "1s", LOCKGATE_NEEDS=json.dumps({"publish": {"result": result}}))
    assert ran.code == 1, ran
    assert "not on the index after" in ran.out
    assert SDIST in ran.out
    assert ("publish ended failure" in ran.err) == (result == "failure")
    assert "::error title=publish verify::" in ran.err
    assert made.states() == {WHEELS[0]: "stored", WHEELS[1]: "stored", SDIST: "planned"}


def test_before_anything_was_sent_nobody_waits(made: Release) -> None:
    begun = time.monotonic()
    ran = made.run("verify", GITHUB_ACTIONS=None)
    assert ran.code == 1
    assert time.monotonic() - begun < 30


def test_an_index_that_hands_out_other_bytes_than_it_lists(made: Release) -> None:
    assert twine(made) == 0
    made.index.plan(Fault(on="file", file=WHEELS[0], status=200, body="other", times=None))
    ran = made.run("verify")
    assert ran.code == 1, ran
    assert "hands out other bytes than it lists under sample-1.0-cp312-none-any.whl" in ran.out
    assert made.ledger["state"] == "uploaded"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(on="provenance", cut="before", times=None),
        SLOW(Fault(on="provenance", status=500, times=None)),
        SLOW(Fault(on="file", status=500, times=None)),
        SLOW(Fault(on="simple", status=500, times=None)),
        Fault(on="file", status=404, nth=4, times=None),  # the resolver's own
    ],
    ids=str,
)
def test_an_index_that_does_not_answer_is_unknown(made: Release, fault: Fault) -> None:
    assert twine(made) == 0
    made.index.plan(fault)
    ran = made.run("verify", "--wait", "1s")
    assert ran.code == 3, ran
    made.index.plan()
    assert made.run("verify").code == 0


@pytest.mark.slow
def test_a_resolver_that_gets_something_else_proves_nothing(made: Release) -> None:
    assert twine(made) == 0
    made.index.plan(Fault(on="file", status=200, body="other", nth=4, times=None))
    ran = made.run("verify")
    assert ran.code == 3, ran
    assert "sample==1.0 does not install on Python 3.11" in ran.out
    assert made.ledger["state"] == "uploaded"


def test_a_resolver_that_another_server_answers_is_asked_again(made: Release) -> None:
    assert twine(made) == 0
    nothing = {"meta": {"api-version": "1.0"}, "name": "sample", "versions": [], "files": []}
    kind = "application/vnd.pypi.simple.v1+json"
    made.index.plan(Fault(on="simple", status=200, kind=kind, body=json.dumps(nothing), nth=4))
    ran = made.run("verify")
    assert ran.code == 0, ran
    assert sum(one.on == "simple" for one in made.index.requests) > 5


@pytest.mark.slow
def test_attestations_that_cannot_be_read_fail(made: Release) -> None:
    assert twine(made) == 0
    made.index.plan(Fault(on="provenance", status=200, body="<html>", times=None))
    ran = made.run("verify")
    assert ran.code == 1, ran
    assert "cannot be read" in ran.out


def test_a_release_that_does_not_import_fails(tmp_path: Path, index: Index) -> None:
    made = release(tmp_path, index, salt="!import missing")
    assert twine(made) == 0
    ran = made.run("verify")
    assert ran.code == 1, ran
    assert "is installed on Python 3.11, but: " in ran.out
    assert "ModuleNotFoundError" in ran.out


def test_a_python_that_cannot_be_had_is_unknown(made: Release) -> None:
    assert twine(made) == 0
    path = made.root / "pyproject.toml"
    path.write_text(path.read_text().replace('python = ["3.11", "3.12"]', 'python = ["3.15"]'))
    ran = made.run("verify", UV_PYTHON_DOWNLOADS="never")
    assert ran.code == 3, ran
    assert "uv venv: " in ran.out


@pytest.mark.slow
def test_verifying_once_more_changes_nothing(made: Release) -> None:
    assert twine(made) == 0
    assert made.run("verify").code == 0
    before = made.ledger["files"]
    assert made.run("verify").code == 0
    assert made.ledger["files"] == before
    assert made.ledger["state"] == "verified"


def test_a_verified_release_whose_file_was_replaced_is_burned(made: Release) -> None:
    assert twine(made) == 0
    assert made.run("verify").code == 0
    other = {"filename": SDIST, "url": f"{made.index.url}/x", "hashes": {"sha256": "0" * 64}}
    body = json.dumps({"meta": {"api-version": "1.0"}, "name": "sample", "files": [other]})
    kind = "application/vnd.pypi.simple.v1+json"
    made.index.plan(Fault(on="simple", status=200, kind=kind, body=body, times=None))
    ran = made.run("verify")
    assert ran.code == 1, ran
    assert made.ledger["state"] == "burned"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify", "--wait", "soon"], "--wait: 'soon' is not a duration"),
        (["upload", "--index", "nowhere"], "--index nowhere"),
    ],
)
def test_a_wrong_command_line(made: Release, arguments: list[str], words: str) -> None:
    ran = made.run(*arguments)
    assert ran.code == 2
    assert words in ran.err


@pytest.mark.parametrize("command", ["upload", SLOW("verify"), SLOW("resume")])
def test_another_commit_s_release_is_refused(made: Release, command: str) -> None:
    with_ledger(made, commit="0" * 40)
    ran = made.run(command, GITHUB_ACTIONS=None)
    assert ran.code == 2
    assert "the ledger is of commit 000000000000" in ran.err


@pytest.mark.parametrize("command", ["upload", "verify"])
def test_what_is_not_built_is_neither_sent_nor_looked_at(made: Release, command: str) -> None:
    with_ledger(made, state="planned", files=())
    ran = made.run(command)
    assert ran.code == 2
    assert "is not built yet" in ran.err


def test_changed_bytes_are_never_sent(made: Release) -> None:
    (made.folder / "dist" / SDIST).write_bytes(b"changed")
    ran = made.run("upload")
    assert ran.code == 1
    assert f"{SDIST} has other bytes" in ran.out
    assert made.index.requests == []


def test_verify_needs_the_package(made: Release, tmp_path: Path) -> None:
    made.root = tmp_path
    ran = made.run("verify")
    assert ran.code == 2
    assert "verify needs the package" in ran.err
