"""Trusted publishing: an identity token against an API token of 15 minutes, by PyPI's rules and in its words."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from lockgate.loopback.index.issuer import Issuer
from lockgate.loopback.index.state import Grant, Project, Publisher, State

AUDIENCE = "loopback"
_LIFE = 900  # seconds
_REQUIRED = ("sub", "repository", "repository_owner", "repository_owner_id", "job_workflow_ref", "ref", "sha")

Answer = tuple[int, dict[str, Any]]


class _Payload(msgspec.Struct):
    token: str


class _InvalidPublisherError(Exception):
    """No publisher for these claims."""


def digest(token: str) -> str:
    """How a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def fresh(state: State, grant: Grant) -> str:
    """A new token."""
    token = f"pypi-{secrets.token_urlsafe(48)}"
    state.tokens[digest(token)] = grant
    return token


def mint(state: State, body: bytes, issuer: Issuer, now: float) -> Answer:
    """Status and document of `/_/oidc/mint-token`."""
    import jwt

    try:
        token = msgspec.json.decode(body, type=_Payload).token
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        return _refusal("invalid-payload", str(error))
    try:
        named = jwt.decode(token, options={"verify_signature": False})["iss"]
    except (jwt.PyJWTError, KeyError):
        return _refusal("invalid-payload", "malformed JWT")
    if named != issuer.url:
        return _refusal("invalid-payload", "unknown trusted publishing issuer")
    if state.disabled:
        return _refusal("not-enabled", "GitHub trusted publishing functionality not enabled")
    claims = issuer.verify(token, AUDIENCE, now)
    if claims is None:
        return _refusal("invalid-token", "malformed or invalid token")
    identity = str(claims.get("jti", ""))
    if state.spent.get(identity, 0.0) > now:
        return _refusal("invalid-reuse-token", "invalid token: already used")
    try:
        for pending in _matching(state, claims, pending=True):
            if canonicalize_name(pending.project) in state.projects:
                state.publishers.remove(pending)
                return _refusal("invalid-pending-publisher", "valid token, but project already exists")
            _reify(state, pending)
    except _InvalidPublisherError:
        pass  # a publisher of a project that exists is as good
    try:
        found = _matching(state, claims, pending=False)
    except _InvalidPublisherError as error:
        return _refusal("invalid-publisher", f"valid token, but no corresponding publisher ({error})")
    if identity:
        state.spent[identity] = float(claims["exp"]) + 35  # longer than any leeway
    expires = int(now) + _LIFE
    projects = [canonicalize_name(one.project) for one in found]
    minted = fresh(state, Grant(projects=list(projects), expires=expires, publisher=found[0]))
    return 200, {"success": True, "token": minted, "expires": expires}


def burn(state: State, body: bytes) -> Answer:
    """Status and document of `/_/oidc/burn-token`: the token is worth nothing from now on."""
    try:
        token = msgspec.json.decode(body, type=_Payload).token
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        return _refusal("invalid-payload", str(error))
    grant = state.tokens.get(digest(token))
    if grant is not None and grant.publisher is not None:
        del state.tokens[digest(token)]
    return 202, {"message": "Accepted"}


def _refusal(code: str, description: str) -> Answer:
    return 422, {"message": "Token request failed", "errors": [{"code": code, "description": description}]}


def _reify(state: State, pending: Publisher) -> None:
    """Create the project that `pending` waits for."""
    state.projects[canonicalize_name(pending.project)] = Project(name=pending.project)
    state.publishers[state.publishers.index(pending)] = msgspec.structs.replace(pending, pending=False)


def _matching(state: State, claims: dict[str, Any], *, pending: bool) -> list[Publisher]:
    """The publishers that `claims` speak for: one workflow and environment, of one project or of several.

    Raises:
        _InvalidPublisherError: There is none, or a claim is missing or wrong.
    """
    found = [one for one in state.publishers if one.pending == pending and _looks_like(one, claims)]
    named = [one for one in found if one.environment] or found
    if not named:
        raise _InvalidPublisherError("Publisher with matching claims was not found")
    _verify(named[0], claims)
    return named


def _looks_like(publisher: Publisher, claims: dict[str, Any]) -> bool:
    repository, environment = str(claims.get("repository", "")), str(claims.get("environment", ""))
    file = str(claims.get("job_workflow_ref", "")).removeprefix(f"{repository}/.github/workflows/")
    return (
        repository.lower() == publisher.repository.lower()
        and str(claims.get("repository_owner_id")) == publisher.owner_id
        and file.startswith(publisher.workflow)
        and publisher.environment.lower() in {"", environment.lower()}
    )


def _verify(publisher: Publisher, claims: dict[str, Any]) -> None:
    """Check what the look-up does not.

    Raises:
        _InvalidPublisherError: A claim is missing or wrong.
    """
    for name in _REQUIRED:
        if claims.get(name) is None:
            raise _InvalidPublisherError(f"Missing claim {name!r}")
    if ":".join(str(claims["sub"]).split(":")[:2]).lower() != f"repo:{publisher.repository}".lower():
        raise _InvalidPublisherError("Check failed for required claim 'sub'")
    if str(claims["repository_owner"]).lower() != publisher.repository.partition("/")[0].lower():
        raise _InvalidPublisherError("Check failed for required claim 'repository_owner'")
    if claims.get("event_name") == "pull_request_target":
        raise _InvalidPublisherError("Publishing from a workflow invoked via 'pull_request_target' is not supported.")
    path = f"{claims['repository']}/.github/workflows/{publisher.workflow}"
    expected = sorted({f"{path}@{claims[at]}" for at in ("ref", "sha") if claims[at]})
    if not expected:
        raise _InvalidPublisherError("The ref and sha claims are empty")
    if claims["job_workflow_ref"] not in expected:
        raise _InvalidPublisherError(
            "The job_workflow_ref claim does not match, expecting one of "
            f"{expected!r}, got {claims['job_workflow_ref']!r}"
        )
