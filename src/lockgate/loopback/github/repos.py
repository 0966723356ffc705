"""The repository itself, who works on it, users, and what the server says of itself."""

from __future__ import annotations

from lockgate.loopback.github import gates, shapes
from lockgate.loopback.github.routes import Call, Invalid, Refusal, Who, route
from lockgate.loopback.github.state import LONG_AGO, Data, Json, stamp
from lockgate.ports import clock

# PATCH takes these without an error, and nothing changes where the plan has them not.
_SILENT = {"secret_scanning_validity_checks", "secret_scanning_ai_detection"}


@route("GET", "")
def _repository(call: Call) -> Json:
    """The whole of it; its security settings for administrators only."""
    shown = {**shapes.repository(call.github, call.repo), "subscribers_count": 0, "network_count": 0}
    if call.who.kind != "none":
        shown["permissions"] = shapes.permissions(call.role)
    if call.has_role("push"):
        shown |= call.repo["settings"]
    if call.may("administration"):
        fixes = "enabled" if call.repo["security"]["automated-security-fixes"] else "disabled"
        states = {**call.repo["security_and_analysis"], "dependabot_security_updates": fixes}
        shown["security_and_analysis"] = {name: {"status": state} for name, state in states.items()}
    return shown


@route("PATCH", "", "administration:write")
def _change(call: Call) -> Json:
    """Settings; those of scanning only where the repository has them."""
    body = dict(call.body or {})
    settings, scanning = call.repo["settings"], dict(call.repo["security_and_analysis"])
    for name, given in (body.pop("security_and_analysis", None) or {}).items():
        if name not in scanning | dict.fromkeys(_SILENT) or given.get("status") not in {"enabled", "disabled"}:
            raise Refusal(422, f"{name.replace('_', ' ').capitalize()} is not available for this repository.")
        if name not in _SILENT:
            scanning[name] = given["status"]
    if scanning.get("secret_scanning") == "disabled":
        scanning.update({"secret_scanning_push_protection": "disabled"})
    if "visibility" in body:
        body["private"] = body.pop("visibility") == "private"
    for name in set(body) - {*settings, "description", "default_branch", "private", "archived"}:
        raise Invalid(name, f"{name} cannot be changed here")
    for name, value in body.items():
        (settings if name in settings else call.repo)[name] = value
    call.repo.update(security_and_analysis=scanning, updated_at=stamp())
    return _repository(call)


def _person(call: Call, login: str) -> Data:
    role = gates.role_of(call.github, call.repo, Who(login, "classic"))
    named = {"pull": "read", "push": "write"}.get(role, role)
    return {**shapes.user(call.github, login), "permissions": shapes.permissions(role), "role_name": named}


@route("GET", "collaborators")
def _collaborators(call: Call) -> Json:
    """Who works on it, for those who do themselves."""
    if not (call.has_role("push") or call.who.is_app):
        raise Refusal(403, "Must have push access to view repository collaborators.")
    owner, people = call.repo["full_name"].split("/")[0], set(call.repo["collaborators"])
    if call.query.get("affiliation", "all") == "all":
        people |= {owner, *call.data["users"][owner]["owners"]} - {owner if call.in_organization else ""}
        people |= {login for team in call.repo["teams"] for login in team["members"]}
    found = [_person(call, login) for login in sorted(people)]
    return call.page([one for one in found if one["permissions"].get(call.query.get("permission", "pull"))])


@route("GET", "collaborators/{username}/permission")
def _permission(call: Call) -> Json:
    found = _person(call, call.known("username"))
    legacy = {"maintain": "write", "triage": "read"}.get(found["role_name"], found["role_name"])
    return {"permission": legacy, "role_name": found["role_name"], "user": found}


@route("GET", "teams", "administration:read")
def _teams(call: Call) -> Json:
    return call.page([shapes.team(call.github, one) for one in call.repo["teams"]])


@route("GET", "/orgs/{org}/teams/{team_slug}", None)
def _team(call: Call) -> Json:
    """A team, for whoever is known."""
    repos = [repo for name, repo in call.data["repositories"].items() if name.startswith(f"{call.args['org']}/")]
    teams = [team for repo in repos for team in repo["teams"] if call.who.kind != "none"]
    none = dict.fromkeys(("members_count", "repos_count"), 0)
    organization = shapes.organization(call.github, call.known("org"))
    return {**shapes.team(call.github, call.find(teams, slug=call.args["team_slug"])), **none,
            "created_at": LONG_AGO, "updated_at": LONG_AGO, "organization": organization}  # fmt: skip


@route("GET", "/users/{username}", None)
def _user(call: Call) -> Json:
    return shapes.public_user(call.github, call.known("username"))


@route("GET", "/user", None)
def _myself(call: Call) -> Json:
    if call.who.kind == "none":
        raise Refusal(401, "Requires authentication")
    if call.who.is_app:
        raise Refusal(403, "Resource not accessible by integration")
    return shapes.public_user(call.github, call.who.login)


@route("GET", "/apps/{app_slug}", None)
def _app(call: Call) -> Json:
    return shapes.app(call.github, shapes.app_number(call.args["app_slug"]))


@route("GET", "/meta", None)
def _meta(_: Call) -> Json:
    return {"verifiable_password_authentication": False}


@route("GET", "/rate_limit", None)
def _rate_limit(call: Call) -> Json:
    left, limit = call.github.left(call.who), call.github.limit
    core = {"limit": limit, "remaining": left, "used": limit - left, "reset": (int(clock.now()) // 3600 + 1) * 3600}
    return {"resources": {"core": core, "search": core}, "rate": core}
