"""Each way in which authentication fails has its own words, and the form to fill in where the form is wrong."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.publish.identity import Claims, Form, Remedy, explained, read_claims

FORM = Form(
    project="sample",
    page="https://pypi.org/manage/project/sample/settings/publishing/",
    repository="acme/sample",
    workflow="publish.yml",
    environment="pypi-publishing",
)
JOB = {"GITHUB_ACTIONS": "true"}
RIGHT = Claims(
    repository="acme/sample",
    job_workflow_ref="acme/sample/.github/workflows/publish.yml@refs/heads/main",
    workflow_ref="acme/sample/.github/workflows/publish.yml@refs/heads/main",
    environment="pypi-publishing",
    event_name="workflow_dispatch",
    expires=2000.0,
)
NOBODY = '{"code": "invalid-publisher", "description": "valid token, but no corresponding publisher"}'
CLAIMS = {
    "repository": "acme/sample",
    "workflow_ref": "acme/sample/.github/workflows/publish.yml@refs/heads/main",
    "environment": "pypi-publishing",
    "event_name": "workflow_dispatch",
    "exp": 2000.0,
}


def _claims(**changes: object) -> Claims:
    return Claims(**{**{name: getattr(RIGHT, name) for name in Claims.__struct_fields__}, **changes})


def _explained(
    said: str = NOBODY, claims: Claims | None = RIGHT, status: int | None = 422, now: float = 1000.0
) -> Remedy:
    return explained(said, status, FORM, claims, JOB, now)


CALLED = "acme/ci/.github/workflows/release.yml@refs/heads/main"
CASES = {
    "permission": _explained("insufficient permissions: missing ACTIONS_ID_TOKEN_REQUEST_URL", None, None),
    "repository": _explained(claims=_claims(repository="fork/sample")),
    "workflow": _explained(
        claims=_claims(job_workflow_ref="acme/sample/.github/workflows/release.yml@refs/heads/main")
    ),
    "environment": _explained(claims=_claims(environment=None)),
    "replayed": _explained('{"code": "invalid-reuse-token"}'),
    "expired": _explained('{"code": "invalid-token"}'),
    "not-configured": _explained(),
    "not-enabled": _explained('{"code": "not-enabled"}'),
    "pending": _explained('{"code": "invalid-pending-publisher"}'),
    "event": _explained(claims=_claims(event_name="pull_request_target")),
    "token": explained("Invalid authentication", 403, FORM, None, {**JOB, "UV_PUBLISH_TOKEN": "x"}, 0.0),
    "nobody": explained("No OIDC token discovered", None, FORM, None, {}, 0.0),
    "refused": explained("Forbidden", 403, FORM, None, JOB, 0.0),
}


@pytest.mark.parametrize("name", CASES)
def test_each_failure_is_named(name: str) -> None:
    assert CASES[name].name == name


@pytest.mark.parametrize("name", ["repository", "workflow", "environment", "not-configured", "pending", "refused"])
def test_the_form_stands_filled_in_where_the_form_is_at_stake(name: str) -> None:
    hint = CASES[name].hint
    for value in ("acme", "sample", "publish.yml", "pypi-publishing", FORM.page):
        assert value in hint


def test_each_failure_says_what_is_so() -> None:
    assert "fork/sample" in CASES["repository"].message
    assert "release.yml" in CASES["workflow"].message
    assert "no environment" in CASES["environment"].message
    assert "id-token: write" in CASES["permission"].hint
    assert "run it again" in CASES["replayed"].hint
    assert "UV_PUBLISH_TOKEN" in CASES["nobody"].hint


@pytest.mark.parametrize(
    "remedy",
    [
        _explained("Invalid API Token: token is expired", None, 403),
        _explained(claims=_claims(expires=999.0)),
    ],
)
def test_both_tokens_can_expire(remedy: Remedy) -> None:
    assert remedy.name == "expired"


def test_a_reusable_workflow_is_called_one() -> None:
    remedy = _explained(claims=_claims(job_workflow_ref=CALLED))
    assert remedy.name == "workflow"
    assert "reusable" in remedy.message


def test_trusted_publishing_can_be_off_before_any_token_is_asked_for() -> None:
    said = "Failed to fetch: https://upload.pypi.org/_/oidc/audience; HTTP status client error (403 Forbidden)"
    assert _explained(said, RIGHT, None).name == "not-enabled"


def test_a_repository_that_cannot_be_told_has_a_place_in_the_form() -> None:
    form = Form(project="p", page="x", repository=None, workflow="publish.yml", environment="e")
    assert "OWNER" in form.filled()


def test_claims_are_read_from_a_token() -> None:
    middle = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "job_workflow_ref": RIGHT.job_workflow_ref}).encode())
    assert read_claims(f"e30.{middle.rstrip(b'=').decode()}.c2ln") == RIGHT


@given(st.one_of(st.text(), st.binary().map(lambda raw: "a." + base64.urlsafe_b64encode(raw).decode() + ".c")))
def test_what_is_no_token_has_no_claims(text: str) -> None:
    assert read_claims(text) is None or isinstance(read_claims(text), Claims)


@given(said=st.text(), status=st.one_of(st.none(), st.integers(400, 599)), now=st.floats(0, 1e10))
def test_whatever_is_said_there_is_a_remedy(said: str, status: int | None, now: float) -> None:
    for claims in (None, RIGHT, Claims()):
        for environment in ({}, JOB):
            remedy = explained(said, status, FORM, claims, environment, now)
            assert remedy.message
            assert remedy.hint
