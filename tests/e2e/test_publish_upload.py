"""`lockgate publish upload`: what is sent, what is not, and what the ledger says afterwards."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lockgate.loopback.index import Fault
from lockgate.ports.index import Listed, project_files
from lockgate.ports.trust import trusting
from tests.e2e.releasing import NAMES, SDIST, WHEELS, Release, release
from tests.support import command, commit, environment, lockgate, package

pytestmark = pytest.mark.usefixtures("own_git")


def test_every_file_goes_up_once_and_wheels_first(made: Release) -> None:
    ran = made.run("upload")
    assert ran.code == 0, ran
    assert [one.file for one in made.index.requests if one.on == "upload"] == list(NAMES)
    assert made.ledger["state"] == "uploaded"
    assert set(made.states().values()) == {"stored"}
    made.assert_never_other_bytes()


def test_without_a_token_everything_else_is_done(made: Release) -> None:
    ran = made.run("resume", GH_TOKEN=None, GITHUB_TOKEN=None, PATH="/usr/bin:/bin", UV=shutil.which("uv"))
    assert ran.code == 3, ran
    assert "the tag and the GitHub release need a token" in ran.out
    assert made.ledger["state"] == "verified"
    assert made.run("resume", "--dry-run").code == 0


@pytest.mark.parametrize(
    ("body", "code", "state"),
    [
        ("This filename was previously used by a file that has since been deleted.", 1, "burned"),
        ("Uploading new files to releases older than 14 days is not allowed.", 1, "burned"),
        ("Invalid value for classifiers.", 4, "uploading"),
    ],
)
def test_a_refusal_burns_only_what_is_lost_for_ever(made: Release, body: str, code: int, state: str) -> None:
    made.index.plan(Fault(on="upload", file=SDIST, status=400, body=body, times=None))
    ran = made.run("upload")
    assert ran.code == code, ran
    assert made.ledger["state"] == state
    assert WHEELS[1] in ran.err  # what is public is told
    assert ("release 1.1" in ran.err) == (code == 1)


@pytest.mark.slow
def test_a_deleted_file_and_an_old_release_burn_at_a_real_index(made: Release, tmp_path: Path) -> None:
    assert made.run("upload").code == 0
    made.index.delete(SDIST)
    ran = made.run("resume", "--wait", "1s")
    assert ran.code == 1, ran
    assert "previously used" in made.ledger["reason"]
    assert "burned" in made.run("status").out
    other = release(tmp_path / "old", made.index, clone=made.root)
    made.index.now = lambda: time.time() + 15 * 86400
    again = other.run("resume", "--wait", "1s")
    assert again.code == 1, again
    assert other.ledger["state"] == "burned"


def test_json_is_one_document(made: Release) -> None:
    ran = made.run("upload", "--format", "json")
    assert ran.document["schema"] == "lockgate/publish/1"
    assert (ran.document["verdict"], ran.document["command"]) == ("pass", "upload")
    assert ran.document["ledger"] == made.ledger


def test_an_index_without_digests_is_read_file_by_file(made: Release) -> None:
    made.store(*NAMES)
    links = "".join(f'<a href="{one.url}">{name}</a>' for name, one in _listed(made).items())
    made.index.plan(
        Fault(on="simple", status=200, kind="text/html", body=f"<html>{links}</html>", times=None),
        Fault(on="json", status=404, times=None),
    )
    ran = made.run("upload")
    assert ran.code == 0, ran
    assert made.ledger["state"] == "uploaded"


def _listed(made: Release) -> dict[str, Listed]:
    with trusting(made.index.ca):
        return project_files(made.index.simple, "sample", 10)


def test_uv_that_cannot_start_is_unknown(made: Release, tmp_path: Path) -> None:
    broken = tmp_path / "uv"
    broken.write_text("#!/nowhere/at/all\n")
    broken.chmod(0o755)
    ran = made.run("upload", UV=str(broken))
    assert ran.code == 3, ran
    assert "uv could not be started" in ran.out


def test_an_end_asked_for_keeps_the_ledger(made: Release) -> None:
    made.index.plan(Fault(on="upload", file=WHEELS[1], delay=20))
    process = subprocess.Popen(
        command(*made.line("upload")),
        cwd=made.root,
        env=environment(**made.environment),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    while made.states()[WHEELS[1]] != "uploading":
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert made.states() == {WHEELS[0]: "stored", WHEELS[1]: "uploading", SDIST: "planned"}
    made.index.plan()
    assert made.run("upload").code == 0


def test_github_that_gives_no_identity_for_the_moment_is_no_matter_of_permission(made: Release) -> None:
    made.index.plan(Fault(on="id-token", status=500, body="<html>", times=None))
    ran = made.run("upload", UV_HTTP_RETRIES="0")
    assert ran.code == 3, ran
    made.index.plan(Fault(on="id-token", status=403, body="<html>", times=None))
    ran = made.run("upload")
    assert ran.code == 4, ran
    assert "lacks the permission id-token: write" in ran.out


def test_a_plan_that_fails_is_the_one_document(tmp_path: Path) -> None:
    root = commit(package(tmp_path / "sample"))
    job = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/sample", "GITHUB_API_URL": "http://127.0.0.1:9"}
    arguments = ["publish", "resume", "1.0", "--index", "loopback", "--format", "json"]
    ran = lockgate(root, *arguments, **job)  # type: ignore[arg-type]
    assert ran.code == 1, ran
    assert (ran.document["command"], ran.document["verdict"]) == ("plan", "fail")
    assert ran.document["ledger"]["state"] == "planned"
