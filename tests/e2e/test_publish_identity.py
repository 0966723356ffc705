"""Each way in which authentication fails at a real index ends with its named remedy, and nothing is sent."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import msgspec
import pytest

from lockgate.loopback.index import Fault, Index, Job
from tests.e2e.publish_faults import sent
from tests.e2e.releasing import JOB, WHO, Release, release

pytestmark = pytest.mark.usefixtures("own_git")
SLOW = partial(pytest.param, marks=pytest.mark.slow)


def _job(**changes: object) -> Job:
    return msgspec.structs.replace(JOB, **changes)


ELSEWHERE = "acme/ci/.github/workflows/shared.yml@refs/tags/v1"
JOBS = {
    "repository": (_job(repository="fork/sample"), "fork/sample, not in acme/sample"),
    "workflow": (_job(workflow="release.yml"), "the workflow release.yml, not of publish.yml"),
    "reusable": (_job(called=ELSEWHERE), "a reusable workflow cannot be the publisher"),
    "environment": (_job(environment=None), "no environment, where the publisher has pypi-publishing"),
    "expired": (_job(claims={"exp": int(time.time()) - 3600}), "the identity had expired"),
    "replayed": (_job(claims={"jti": "the same"}), "was used before"),
    "event": (_job(event="pull_request_target"), "takes nothing from a job of pull_request_target"),
}
FORM = ("Owner", "acme", "sample", "publish.yml", "pypi-publishing", "/settings/publishing/")


def _refused(made: Release, words: str, **more: str | None) -> str:
    ran = made.run("upload", **more)
    assert ran.code == 4, ran
    assert words in ran.out, ran
    assert not made.index.files("sample")
    assert made.ledger["state"] == "uploading"
    assert set(made.states().values()) == {"planned"}
    assert "pypi-" not in (ran.out + ran.err).replace("pypi-publishing", "")
    return ran.err


@pytest.mark.parametrize("name", ["repository", "workflow", "environment", "expired", "event", SLOW("reusable")])
def test_a_job_that_is_not_the_publisher_is_told_what_differs(made: Release, name: str) -> None:
    job, words = JOBS[name]
    said = _refused(made, words, **made.index.job(job))
    if name in {"repository", "workflow", "reusable", "environment"}:
        assert all(part in said for part in FORM)
    assert sent(made) == []
    assert made.run("upload").code == 0  # with the right job everything goes on


def test_an_identity_that_was_used_before(made: Release) -> None:
    job, words = JOBS["replayed"]
    variables = made.index.job(job)
    ran = made.run("upload", **variables)  # one file, one identity: the second is the same again
    assert ran.code == 4
    assert words in ran.out
    assert list(made.states().values()) == ["stored", "planned", "planned"]
    assert made.run("upload").code == 0


def test_no_permission(made: Release) -> None:
    none = dict.fromkeys(("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
    said = _refused(made, "it lacks the permission id-token: write", **none)
    assert "id-token: write" in said


def test_a_publisher_that_nobody_entered(tmp_path: Path, index: Index) -> None:
    said = _refused(release(tmp_path, index, registered=False), "knows no publisher like this job")
    assert all(part in said for part in FORM)


def test_a_pending_publisher_of_a_project_that_exists(tmp_path: Path, index: Index) -> None:
    made = release(tmp_path, index)
    made.store("sample-1.0.tar.gz")
    ran = made.run("upload")
    assert ran.code == 4
    assert "the project exists already" in ran.out


def test_trusted_publishing_that_is_off(made: Release) -> None:
    made.index.disable()
    _refused(made, "switched off at the moment")


def test_an_api_token_that_expired_on_the_way(made: Release) -> None:
    fault = Fault(on="upload", status=403, body="Invalid API Token: token is expired", times=None)
    made.index.plan(fault)
    assert "go on from where they stopped" in _refused(made, "the identity had expired")


def test_a_mint_that_is_down_is_no_matter_of_identity(made: Release) -> None:
    made.index.plan(Fault(on="mint", status=503, times=None))
    ran = made.run("upload", UV_HTTP_RETRIES="0")
    assert ran.code == 3, ran
    made.index.plan()
    assert made.run("upload").code == 0


def test_nobody_on_a_laptop(made: Release) -> None:
    none = dict.fromkeys(("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ACTIONS"))
    said = _refused(made, "nothing here says so", **none)
    assert "UV_PUBLISH_TOKEN" in said


def test_a_token_of_this_one_run_is_the_user_s_choice_and_said_so(made: Release) -> None:
    none = dict.fromkeys(("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ACTIONS"))
    token = made.index.token("sample")
    ran = made.run("upload", **none, UV_PUBLISH_TOKEN=token)
    assert ran.code == 0, ran
    assert "credentials of this one run's environment (UV_PUBLISH_TOKEN)" in ran.err
    assert token not in ran.out + ran.err + (made.folder / "ledger.json").read_text()


def test_a_wrong_token_of_the_environment(made: Release) -> None:
    none = dict.fromkeys(("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ACTIONS"))
    _refused(made, "does not take the token of the environment", **none, UV_PUBLISH_TOKEN="no-such-thing")  # noqa: S106


@pytest.mark.parametrize("name", [SLOW(".pypirc"), ".netrc", SLOW(".config/uv/uv.toml")])
def test_no_credential_is_read_from_a_file(made: Release, tmp_path: Path, name: str) -> None:
    token, home = made.index.token(), tmp_path / "home"
    path = home / name
    path.parent.mkdir(parents=True)
    texts = {
        ".pypirc": f"[pypi]\nrepository = {made.index.upload}\nusername = __token__\npassword = {token}\n",
        ".netrc": f"machine localhost login __token__ password {token}\n",
        ".config/uv/uv.toml": 'keyring-provider = "subprocess"\ntrusted-publishing = "never"\n',
    }
    path.write_text(texts[name])
    path.chmod(0o600)
    none = dict.fromkeys(("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ACTIONS"))
    _refused(made, "nothing here says so", HOME=str(home), NETRC=None, XDG_CONFIG_HOME=None, **none)


def test_a_stored_token_in_a_workflow_is_refused_for_pypi(made: Release) -> None:
    from tests.e2e.releasing import with_ledger

    with_ledger(made, index="https://pypi.org")
    ran = made.run("upload", UV_PUBLISH_TOKEN="pypi-something")  # noqa: S106
    assert ran.code == 2
    assert "trusted publishing makes unnecessary" in ran.err


def test_a_dry_run_mints_nothing(made: Release) -> None:
    ran = made.run("upload", "--dry-run")
    assert ran.code == 0, ran
    assert "would send sample-1.0-cp312-none-any.whl, sample-1.0-py3-none-any.whl, sample-1.0.tar.gz" in ran.err
    assert {one.on for one in made.index.requests} == {"simple", "json"}
    assert made.ledger["state"] == "built"
    assert WHO.project == "sample"
