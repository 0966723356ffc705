"""Trusted publishing: which identity is worth a token, and what the token is worth."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from lockgate.loopback.index import Index, Job, Publisher
from lockgate.loopback.index.attestations import unsigned
from tests.dists import Said, ask, sdist, upload, wheel
from tests.unit.loopback.conftest import Clock

REPOSITORY = "acme/sample"


def publisher(**changes: Any) -> Publisher:  # noqa: ANN401
    given = {"project": "sample", "repository": REPOSITORY, "workflow": "publish.yml", "environment": "pypi", **changes}
    return Publisher(**given)


def job(**changes: Any) -> Job:  # noqa: ANN401
    return Job(**{"repository": REPOSITORY, "environment": "pypi", **changes})


def identity(index: Index, job: Job) -> str:
    """The identity token that the job gets, asked for as GitHub's actions do."""
    audience = json.loads(ask(index, "/_/oidc/audience").body)["audience"]
    variables = index.job(job)
    bearer = {"Authorization": f"bearer {variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    said = ask(index, f"{variables['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience}", headers=bearer)
    value: str = json.loads(said.body)["value"]
    return value


def mint(index: Index, token: str | None = None, *, body: bytes | None = None) -> Said:
    return ask(index, "/_/oidc/mint-token", body=body or json.dumps({"token": token}).encode())


def refusal(said: Said) -> tuple[str, str]:
    assert said.status == 422
    document = json.loads(said.body)
    assert document["message"] == "Token request failed"
    (error,) = document["errors"]
    return error["code"], error["description"]


def minted(index: Index, **changes: Any) -> str:  # noqa: ANN401
    said = mint(index, identity(index, job(**changes)))
    assert said.status == 200, said.body
    token: str = json.loads(said.body)["token"]
    return token


def test_an_identity_is_exchanged_for_a_token_of_15_minutes(index: Index, clock: Clock) -> None:
    index.register(publisher())
    said = mint(index, identity(index, job()))
    document = json.loads(said.body)
    assert (said.status, document["success"], document["expires"]) == (200, True, int(clock.seconds) + 900)
    clock.seconds += 899
    assert upload(index, wheel(), document["token"]).status == 200
    clock.seconds += 1
    said = upload(index, sdist(), document["token"])
    assert (said.status, said.reason) == (403, "Invalid API Token: token is expired")


def test_a_minted_token_is_for_its_project_only(index: Index) -> None:
    index.register(publisher())
    assert upload(index, wheel(project="other"), index.token(), name="other").status == 200
    said = upload(index, wheel("2.0", project="other"), minted(index), name="other", version="2.0")
    assert said.status == 403
    assert said.reason == (
        "Invalid API Token: OIDC scoped token is not valid for project 'other', "
        "project-scoped token is not valid for project: 'other'"
    )


def test_a_pending_publisher_creates_its_project_and_no_other(index: Index) -> None:
    index.register(publisher())
    assert ask(index, "/simple/sample/").status == 404
    token = minted(index)
    assert ask(index, "/simple/sample/").status == 200
    said = upload(index, wheel(project="smaple"), token, name="smaple")
    assert said.status == 400
    assert said.reason.startswith("Non-user identities cannot create new projects.")
    assert upload(index, wheel(), token).status == 200
    assert upload(index, sdist(), minted(index)).status == 200, "it is a publisher like any other now"


def test_a_pending_publisher_of_a_project_that_somebody_else_made(index: Index) -> None:
    index.register(publisher())
    upload(index, wheel(), index.token())
    code, description = refusal(mint(index, identity(index, job())))
    assert (code, description) == ("invalid-pending-publisher", "valid token, but project already exists")
    assert refusal(mint(index, identity(index, job())))[0] == "invalid-publisher", "it is gone, as on PyPI"
    index.register(publisher())
    assert upload(index, sdist(), minted(index)).status == 200


def test_a_publisher_that_is_registered_twice_is_one(index: Index) -> None:
    for _ in range(2):
        index.register(publisher())
    assert upload(index, wheel(), minted(index)).status == 200
    index.register(publisher())
    assert upload(index, sdist(), minted(index)).status == 200


def test_one_publisher_of_two_projects(index: Index) -> None:
    index.register(publisher())
    index.register(publisher(project="other"))
    token = minted(index)
    assert upload(index, wheel(), token).status == 200
    assert upload(index, wheel(project="other"), token, name="other").status == 200


def test_an_identity_is_worth_one_token(index: Index, clock: Clock) -> None:
    index.register(publisher())
    token = identity(index, job())
    assert mint(index, token).status == 200
    assert refusal(mint(index, token)) == ("invalid-reuse-token", "invalid token: already used")
    assert refusal(mint(index, identity(index, job(claims={"jti": jti(token)}))))[0] == "invalid-reuse-token"
    clock.seconds += 3600
    assert refusal(mint(index, token))[0] == "invalid-token", "by then it has expired"


def jti(token: str) -> str:
    value: str = jwt.decode(token, options={"verify_signature": False})["jti"]
    return value


def test_a_refused_identity_is_not_spent(index: Index) -> None:
    token = identity(index, job())
    assert refusal(mint(index, token))[0] == "invalid-publisher"
    index.register(publisher())
    assert mint(index, token).status == 200


def test_a_burnt_token_is_worth_nothing(index: Index) -> None:
    index.register(publisher())
    token, user = minted(index), index.token()
    for one in (token, user, "pypi-unknown"):
        assert ask(index, "/_/oidc/burn-token", body=json.dumps({"token": one}).encode()).status == 202
    assert upload(index, wheel(), token).status == 403
    assert upload(index, wheel(), user).status == 200, "a user's token is not burnt this way"
    assert refusal(ask(index, "/_/oidc/burn-token", body=b"[]"))[0] == "invalid-payload"


WRONG: dict[str, tuple[Mapping[str, Any], str]] = {
    "repository": ({"repository": "acme/fork"}, "Publisher with matching claims was not found"),
    "owner id": ({"owner_id": "2"}, "Publisher with matching claims was not found"),
    "workflow": ({"workflow": "other.yml"}, "Publisher with matching claims was not found"),
    "environment": ({"environment": "test"}, "Publisher with matching claims was not found"),
    "no environment": ({"environment": None}, "Publisher with matching claims was not found"),
    "a longer workflow": (
        {"workflow": "publish.yml.yml"},
        "The job_workflow_ref claim does not match, expecting one of",
    ),
    "reusable": (
        {"called": "acme/shared/.github/workflows/publish.yml@refs/heads/main"},
        "Publisher with matching claims was not found",
    ),
    "another ref": (
        {"called": "acme/sample/.github/workflows/publish.yml@refs/heads/other"},
        "The job_workflow_ref claim does not match, expecting one of",
    ),
    "event": (
        {"event": "pull_request_target"},
        "Publishing from a workflow invoked via 'pull_request_target' is not supported.",
    ),
    "sub": ({"claims": {"sub": "repo:acme/fork:environment:pypi"}}, "Check failed for required claim 'sub'"),
    "owner": ({"claims": {"repository_owner": "other"}}, "Check failed for required claim 'repository_owner'"),
    "no sub": ({"claims": {"sub": None}}, "Missing claim 'sub'"),
    "no sha": ({"claims": {"sha": None}}, "Missing claim 'sha'"),
    "neither ref nor sha": ({"claims": {"ref": "", "sha": ""}}, "The job_workflow_ref claim does not match"),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG)
def test_claims_that_no_publisher_has(index: Index, changes: Mapping[str, Any], said: str) -> None:
    index.register(publisher())
    code, description = refusal(mint(index, identity(index, job(**changes))))
    assert code == "invalid-publisher"
    assert description.startswith(f"valid token, but no corresponding publisher ({said}")
    assert ask(index, "/simple/sample/").status == 404, "a refused identity creates no project"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"environment": "PyPI"},
        {"claims": {"jti": None}},
        {"called": "acme/sample/.github/workflows/publish.yml@0123456789abcdef0123456789abcdef01234567"},
        {"event": "workflow_dispatch", "ref": "refs/heads/main"},
    ],
)
def test_claims_that_are_as_good(index: Index, changes: Mapping[str, Any]) -> None:
    index.register(publisher(repository="Acme/Sample"))
    minted(index, **changes)


def test_a_publisher_that_takes_any_environment(index: Index) -> None:
    index.register(publisher(environment=""))
    minted(index, environment=None)
    minted(index, environment="staging")


def test_the_publisher_that_names_the_environment_goes_first(index: Index) -> None:
    index.register(publisher(environment=""))
    index.register(publisher(project="other"))
    token = minted(index)
    assert upload(index, wheel(project="other"), token, name="other").status == 200
    assert upload(index, wheel(), token).status in {400, 403}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "elsewhere"},
        {"aud": ["loopback", "elsewhere"]},
        {"exp": 1_000_000_000},
        {"exp": "soon"},
        {"exp": None},
        {"iat": None},
        {"iat": 9_000_000_000},
        {"nbf": 9_000_000_000},
        {"aud": None},
    ],
)
def test_tokens_that_are_not_valid(index: Index, claims: dict[str, Any]) -> None:
    index.register(publisher())
    code, description = refusal(mint(index, identity(index, job(claims=claims))))
    assert (code, description) == ("invalid-token", "malformed or invalid token")


def test_tokens_that_somebody_else_signed(index: Index) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    index.register(publisher())
    token = identity(index, job())
    claims = jwt.decode(token, options={"verify_signature": False})
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    head, payload, _ = token.split(".")
    forged = [
        jwt.encode(claims, other, "RS256", {"kid": "loopback"}),
        jwt.encode(claims, "", "none"),
        jwt.encode(claims, "a shared secret of thirty-two bytes", "HS256"),
        f"{head}.{payload}.",
        f"{head}.{payload}.{base64.urlsafe_b64encode(b'x' * 256).decode().rstrip('=')}",
    ]
    for one in forged:
        assert refusal(mint(index, one))[0] == "invalid-token"


def test_payloads_that_are_none(index: Index) -> None:
    for body in (b"", b"{}", b"[]", b'{"token": 1}', b"\xff"):
        assert refusal(mint(index, body=body or b" "))[0] == "invalid-payload"
    assert refusal(mint(index, "no.jwt.here")) == ("invalid-payload", "malformed JWT")
    nameless = jwt.encode({"sub": "x"}, "a shared secret of thirty-two bytes", "HS256")
    assert refusal(mint(index, nameless)) == ("invalid-payload", "malformed JWT")
    foreign = identity(index, job(claims={"iss": "https://token.actions.githubusercontent.com"}))
    assert refusal(mint(index, foreign)) == ("invalid-payload", "unknown trusted publishing issuer")


def test_trusted_publishing_switched_off(index: Index) -> None:
    index.register(publisher())
    index.disable()
    code, description = refusal(mint(index, identity(index, job())))
    assert (code, description) == ("not-enabled", "GitHub trusted publishing functionality not enabled")
    index.disable(disabled=False)
    minted(index)


def test_the_issuer_is_one_that_anybody_can_check(index: Index) -> None:
    discovery = json.loads(ask(index, "/actions/.well-known/openid-configuration").body)
    (key,) = json.loads(ask(index, discovery["jwks_uri"]).body)["keys"]
    token = identity(index, job(claims={"iat": 1, "nbf": 1, "exp": 9_000_000_000}))
    head = jwt.get_unverified_header(token)
    assert (head["alg"], head["kid"]) == ("RS256", key["kid"])
    claims = jwt.decode(token, jwt.PyJWK(key), ["RS256"], audience="loopback", issuer=discovery["issuer"])
    assert claims["job_workflow_ref"] == "acme/sample/.github/workflows/publish.yml@refs/tags/v1.0"
    assert claims["sub"] == "repo:acme/sample:environment:pypi"


def test_only_the_job_itself_gets_an_identity(index: Index) -> None:
    index.job(job())
    for headers in ({}, {"Authorization": "bearer guessed"}):
        assert ask(index, "/actions/id-token?audience=loopback", headers=headers).status == 401


ATTESTED = wheel()
GOOD = unsigned(ATTESTED.name, ATTESTED.sha256)


def stated(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """`GOOD`, with another statement."""
    statement = json.loads(base64.b64decode(GOOD["envelope"]["statement"])) | changes
    written = base64.b64encode(json.dumps(statement).encode()).decode()
    return {**GOOD, "envelope": {**GOOD["envelope"], "statement": written}}


SUBJECT = {"name": ATTESTED.name, "digest": {"sha256": ATTESTED.sha256}}
UNVERIFIED = "Could not verify the uploaded artifact using the included attestation:"
ATTESTATIONS: dict[str, tuple[Any, str]] = {
    "no list": ({}, "Malformed attestations: an empty attestation set is not permitted"),
    "none": ([], "Malformed attestations: an empty attestation set is not permitted"),
    "no object": ([1], "Malformed attestations:"),
    "nothing in it": ([{}], "Malformed attestations:"),
    "another version": ([{**GOOD, "version": 2}], "Malformed attestations:"),
    "no base64": ([{**GOOD, "envelope": {"statement": "!", "signature": "eA=="}}], "Malformed attestations:"),
    "no entries": ([{**GOOD, "verification_material": {"certificate": "eA=="}}], "Malformed attestations:"),
    "another statement": ([stated(_type="https://example.org")], "Malformed attestations:"),
    "no subject": ([stated(subject=[])], f"{UNVERIFIED} too many subjects in statement (must be exactly one)"),
    "two subjects": ([stated(subject=[SUBJECT] * 2)], f"{UNVERIFIED} too many subjects in statement"),
    "another file": (
        [stated(subject=[{**SUBJECT, "name": "sample-1.0.tar.gz"}])],
        f"{UNVERIFIED} subject does not match distribution name: sample-1.0.tar.gz != {ATTESTED.name}",
    ),
    "other bytes": (
        [stated(subject=[{**SUBJECT, "digest": {"sha256": "0" * 64}}])],
        f"{UNVERIFIED} subject does not match distribution digest",
    ),
    "no digest": (
        [stated(subject=[{"name": ATTESTED.name, "digest": {}}])],
        f"{UNVERIFIED} subject does not match distribution digest",
    ),
    "another predicate": (
        [stated(predicateType="https://example.org/v1")],
        "Attestation with unsupported predicate type: https://example.org/v1",
    ),
    "twice": ([GOOD, GOOD], "Multiple attestations for the same file with the same predicate type"),
    "three": ([GOOD] * 3, "A maximum of 2 attestations per file are supported"),
}


@pytest.mark.parametrize(("attestations", "said"), ATTESTATIONS.values(), ids=ATTESTATIONS)
def test_attestations_that_are_none(index: Index, attestations: Any, said: str) -> None:  # noqa: ANN401
    index.register(publisher())
    answer = upload(index, ATTESTED, minted(index), attestations=json.dumps(attestations))
    assert answer.status == 400
    assert answer.reason.startswith(f"Invalid attestations supplied during upload: {said}")
    assert index.files("sample") == {}


def test_attestations_need_a_publisher(index: Index) -> None:
    answer = upload(index, ATTESTED, index.token(), attestations=json.dumps([GOOD]))
    assert answer.reason == (
        "Invalid attestations supplied during upload: Attestations are only supported when using Trusted Publishing"
    )
    assert upload(index, ATTESTED, index.token(), attestations="{").status == 400


def test_provenance_is_served_with_who_published(index: Index) -> None:
    index.register(publisher())
    upload(
        index,
        ATTESTED,
        minted(index),
        attestations=json.dumps([GOOD, {**stated(predicateType="https://slsa.dev/provenance/v1")}]),
    )
    upload(index, sdist(), index.token("sample"))
    said = ask(index, f"/integrity/sample/1.0/{ATTESTED.name}/provenance")
    assert (said.status, said.headers["content-type"]) == (200, "application/vnd.pypi.integrity.v1+json")
    document = json.loads(said.body)
    (bundle,) = document["attestation_bundles"]
    assert (document["version"], bundle["publisher"]["repository"]) == (1, REPOSITORY)
    assert bundle["attestations"][0] == GOOD
    missing = ask(index, f"/integrity/sample/1.0/{sdist().name}/provenance")
    assert (missing.status, json.loads(missing.body)) == (
        404,
        {"message": "No provenance available for sample-1.0.tar.gz"},
    )
    for path in (f"sample/2.0/{ATTESTED.name}", f"other/1.0/{ATTESTED.name}", "sample/1.0/none.whl"):
        assert ask(index, f"/integrity/{path}/provenance").status == 404
    listed = json.loads(ask(index, "/simple/sample/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}).body)
    links = {one["filename"]: one["provenance"] for one in listed["files"]}
    assert links == {ATTESTED.name: f"{index.url}/integrity/sample/1.0/{ATTESTED.name}/provenance", sdist().name: None}
