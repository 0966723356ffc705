"""Trusted publishing: an identity token against an API token of 15 minutes, by PyPI's rules and in its words."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from lockgate.loopback.index.identity import Issuer
from lockgate.loopback.index.store import Grant, Project, Publisher, State

AUDIENCE = "loopback"
_LIFE = 900  # seconds
_REQUIRED = ("sub", "repository", "repository_owner", "repository_owner_id", "job_workflow_ref", "ref", "sha")


class _Payload(msgspec.Struct):
    token: str


class RefusedTokenError(Exception):
    """No token; `code` is one of PyPI's."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


def digest(token: str) -> str:
    """How a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def fresh(state: State, grant: Grant) -> str:
    """A new token."""
    token = f"pypi-{secrets.token_urlsafe(48)}"
    state.tokens[digest(token)] = grant
    return token


def mint(state: State, body: bytes, issuer: Issuer, now: float) -> dict[str, Any]:
    """The answer of `/_/oidc/mint-token`.

    Raises:
        RefusedTokenError: There is no token for this identity.
    """
    claims = _identity(state, _payload(body), issuer, now)
    spent = str(claims.get("jti", ""))
    if state.spent.get(spent, 0.0) > now:
        raise RefusedTokenError("invalid-reuse-token", "invalid token: already used")
    for pending in _looking_like(state, claims, pending=True):
        _verify(pending, claims)
        name = canonicalize_name(pending.project)
        if name in state.projects:
            state.publishers.remove(pending)
            raise RefusedTokenError("invalid-pending-publisher", "valid token, but project already exists")
        state.projects[name] = Project(name=pending.project)
        state.publishers[state.publishers.index(pending)] = msgspec.structs.replace(pending, pending=False)
    found = _looking_like(state, claims, pending=False)
    if not found:
        raise _invalid("Publisher with matching claims was not found")
    _verify(found[0], claims)
    if spent:
        state.spent[spent] = float(claims["exp"]) + 35  # longer than any leeway
    expires = int(now) + _LIFE
    projects = [str(canonicalize_name(one.project)) for one in found]
    token = fresh(state, Grant(projects=projects, expires=expires, publisher=found[0]))
    return {"success": True, "token": token, "expires": expires}


def burn(state: State, body: bytes) -> dict[str, Any]:
    """The answer of `/_/oidc/burn-token`: a minted token is worth nothing from now on.

    Raises:
        RefusedTokenError: There is no token in `body`.
    """
    key = digest(_payload(body))
    if key in state.tokens and state.tokens[key].publisher is not None:
        del state.tokens[key]
    return {"message": "Accepted"}


def _payload(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Payload).token
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RefusedTokenError("invalid-payload", str(error)) from None


def _identity(state: State, token: str, issuer: Issuer, now: float) -> dict[str, Any]:
    """The claims of an identity token that is valid."""
    import jwt

    try:
        named = jwt.decode(token, options={"verify_signature": False})["iss"]
    except (jwt.PyJWTError, KeyError):
        raise RefusedTokenError("invalid-payload", "malformed JWT") from None
    if named != issuer.url:
        raise RefusedTokenError("invalid-payload", "unknown trusted publishing issuer")
    if state.disabled:
        raise RefusedTokenError("not-enabled", "GitHub trusted publishing functionality not enabled")
    claims = issuer.verify(token, AUDIENCE, now)
    if claims is None:
        raise RefusedTokenError("invalid-token", "malformed or invalid token")
    return claims


def _invalid(why: str) -> RefusedTokenError:
    return RefusedTokenError("invalid-publisher", f"valid token, but no corresponding publisher ({why})")


def _looking_like(state: State, claims: dict[str, Any], *, pending: bool) -> list[Publisher]:
    """The publishers that the claims speak of: those that name the environment, or else those that take any."""
    repository, environment = str(claims.get("repository", "")), str(claims.get("environment", ""))
    file = str(claims.get("job_workflow_ref", "")).removeprefix(f"{repository}/.github/workflows/")
    found = [
        one
        for one in state.publishers
        if one.pending == pending
        and one.repository.lower() == repository.lower()
        and one.owner_id == str(claims.get("repository_owner_id"))
        and file.startswith(one.workflow)
        and one.environment.lower() in {"", environment.lower()}
    ]
    return [one for one in found if one.environment] or found


def _verify(publisher: Publisher, claims: dict[str, Any]) -> None:
    """Check what the look-up does not."""
    path = f"{claims.get('repository')}/.github/workflows/{publisher.workflow}"
    expected = sorted({f"{path}@{claims[at]}" for at in ("ref", "sha") if claims.get(at)})
    given, sub = claims.get("job_workflow_ref"), str(claims.get("sub")).lower().split(":")
    owner, wrong = str(claims.get("repository_owner")).lower(), given not in expected
    target = claims.get("event_name") == "pull_request_target"
    objections = {
        **{f"Missing claim {name!r}": claims.get(name) is None for name in _REQUIRED},
        "Check failed for required claim 'sub'": sub[:2] != ["repo", publisher.repository.lower()],
        "Check failed for required claim 'repository_owner'": owner != publisher.repository.lower().partition("/")[0],
        "Publishing from a workflow invoked via 'pull_request_target' is not supported.": target,
        f"The job_workflow_ref claim does not match, expecting one of {expected!r}, got {given!r}": wrong,
    }
    for why, holds in objections.items():
        if holds:
            raise _invalid(why)
