"""The repository itself, who works on it, users, and what the server says of itself."""

from __future__ import annotations

from typing import Any

from lockgate.loopback.github import gates, shapes
from lockgate.loopback.github.routes import Call, Refusal, Who, route
from lockgate.loopback.github.state import Data, stamp
from lockgate.ports import clock

# PATCH takes these without an error, and nothing changes where the plan has them not.
_SILENT = {"secret_scanning_validity_checks", "secret_scanning_ai_detection"}


@route("GET", "")
def repository(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """The whole of it; its settings for administrators only."""
    shown = {**shapes.repository(call.github, call.repo), "subscribers_count": 0, "network_count": 0}
    if call.who.kind != "none":
        shown["permissions"] = shapes.permissions(call.role)
    if call.has_role("push"):
        shown |= call.repo["settings"]
    if call.may("administration", "read") and (call.has_role("admin") or call.who.is_app):
        states = {**call.repo["security_and_analysis"], "dependabot_security_updates":
                  "enabled" if call.repo["security"]["automated-security-fixes"] else "disabled"}  # fmt: skip
        shown["security_and_analysis"] = {name: {"status": state} for name, state in states.items()}
    return shown


@route("PATCH", "", "administration:write")
def change(call: Call) -> Any:  # noqa: ANN401
    """Change settings; those of scanning only where the repository has them."""
    body = dict(call.body or {})
    known, scanning = call.repo["settings"], call.repo["security_and_analysis"]
    for name, wanted in (body.pop("security_and_analysis", None) or {}).items():
        if wanted["status"] not in {"enabled", "disabled"}:
            raise Refusal(422, "Validation Failed", f"{name}: invalid status")
        if name in _SILENT:
            continue
        if name not in scanning:
            raise Refusal(422, f"{name.replace('_', ' ').capitalize()} is not available for this repository.")
        scanning[name] = wanted["status"]
    if scanning.get("secret_scanning") == "disabled":
        scanning.update({"secret_scanning_push_protection": "disabled"})
    if "visibility" in body:
        body["private"] = body.pop("visibility") == "private"
    for name, value in body.items():
        where = known if name in known else call.repo
        if name not in {*known, "description", "default_branch", "private", "archived"}:
            raise Refusal(422, "Validation Failed", f"{name} cannot be changed here")
        where[name] = value
    call.repo["updated_at"] = stamp()
    return repository(call)


def _collaborator(call: Call, login: str) -> Data:
    role = gates.role_of(call.github, call.repo, Who(login, "classic"))
    names = {"pull": "read", "push": "write"}
    return {
        **shapes.user(call.github, login),
        "permissions": shapes.permissions(role),
        "role_name": names.get(role, role),
    }


@route("GET", "collaborators")
def collaborators(call: Call) -> Any:  # noqa: ANN401
    """Who works on it, for those who do themselves; at least with `permission`."""
    if not call.may("metadata", "read") or not (call.has_role("push") or call.who.is_app):
        raise Refusal(403, "Must have push access to view repository collaborators.")
    owner = call.repo["full_name"].split("/")[0]
    people = [owner, *call.data["users"][owner].get("owners", ()), *call.repo["collaborators"]]
    people += [login for team in call.repo["teams"] for login in team["members"]]
    if call.query.get("affiliation") in {"direct", "outside"}:
        people = [*call.repo["collaborators"]]
    least = call.query.get("permission", "pull")
    return call.page([
        one for login in dict.fromkeys(people)
        if call.data["users"].get(login, {}).get("type") != "Organization"
        and (one := _collaborator(call, login))["permissions"].get(least)
    ])  # fmt: skip


@route("GET", "collaborators/{username}/permission")
def permission(call: Call) -> Any:  # noqa: ANN401
    """What somebody may do."""
    if call.args["username"] not in call.data["users"]:
        raise Refusal(404, "Not Found")
    found = _collaborator(call, call.args["username"])
    legacy = {"maintain": "write", "triage": "read"}.get(found["role_name"], found["role_name"])
    return {"permission": legacy, "role_name": found["role_name"], "user": found}


@route("GET", "teams", "administration:read")
def teams(call: Call) -> Any:  # noqa: ANN401
    """The teams that work on it."""
    return call.page([shapes.team(call.github, one) for one in call.repo["teams"]])


@route("GET", "/users/{username}", None)
def user(call: Call) -> Any:  # noqa: ANN401
    """Somebody."""
    if call.args["username"] not in call.data["users"]:
        raise Refusal(404, "Not Found")
    nothing = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name"))
    none = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
    found = shapes.user(call.github, call.args["username"])
    return {**found, **nothing, **none, "created_at": stamp(), "updated_at": stamp()}


@route("GET", "/user", None)
def myself(call: Call) -> Any:  # noqa: ANN401
    """Whoever asks; a workflow's or an app's token is nobody's."""
    if call.who.kind == "none":
        raise Refusal(401, "Requires authentication")
    if call.who.is_app:
        raise Refusal(403, "Resource not accessible by integration")
    call.args = {"username": call.who.login}
    return user(call)


@route("GET", "/meta", None)
def meta(_: Call) -> Any:  # noqa: ANN401
    """What the server is."""
    return {"verifiable_password_authentication": False}


@route("GET", "/rate_limit", None)
def rate_limit(call: Call) -> Any:  # noqa: ANN401
    """What is left to ask."""
    left = call.github.left(call.who)
    core = {"limit": call.github.limit, "remaining": left, "used": call.github.limit - left,
            "reset": (int(clock.now()) // 3600 + 1) * 3600}  # fmt: skip
    return {"resources": {"core": core, "search": core}, "rate": core}
