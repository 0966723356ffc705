"""Branches and their classic protection: PUT takes plain values, GET gives objects, a null section is no key."""

from __future__ import annotations

import msgspec

from lockgate.loopback.github import git, shapes
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, Json

_PLACE = "branches/{branch}/protection"
_SWITCHES = ("required_linear_history", "allow_force_pushes", "allow_deletions", "block_creations",
             "required_conversation_resolution", "lock_branch", "allow_fork_syncing")  # fmt: skip
_MOST_APPROVALS = 6


class _Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    context: str
    app_id: int | None = None


class _Checks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    strict: bool = False
    contexts: list[str] = []
    checks: list[_Check] = []


class _Actors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    users: list[str] = []
    teams: list[str] = []
    apps: list[str] = []


class _Reviews(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dismissal_restrictions: _Actors | None = None
    dismiss_stale_reviews: bool = False
    require_code_owner_reviews: bool = False
    required_approving_review_count: int = 1
    require_last_push_approval: bool = False
    bypass_pull_request_allowances: _Actors | None = None


class _Protection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    required_status_checks: _Checks | None
    enforce_admins: bool | None
    required_pull_request_reviews: _Reviews | None
    restrictions: _Actors | None
    required_linear_history: bool = False
    allow_force_pushes: bool | None = False
    allow_deletions: bool = False
    block_creations: bool = False
    required_conversation_resolution: bool = False
    lock_branch: bool = False
    allow_fork_syncing: bool = False


@route("GET", "branches", "contents:read")
def _branches(call: Call) -> Json:
    lines = git.opened(call).git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads").text
    found = [_brief(call, *line.rsplit(" ", 1)) for line in lines.splitlines()]
    wanted = {"true": {True}, "false": {False}}.get(call.query.get("protected", ""), {True, False})
    return call.page([one for one in found if one["protected"] in wanted])


def _brief(call: Call, name: str, sha: str) -> Data:
    return {"name": name, "commit": {"sha": sha, "url": f"{call.root}/commits/{sha}"},
            "protected": name in call.repo["protection"]}  # fmt: skip


@route("GET", "branches/{branch}", "contents:read")
def _branch(call: Call) -> Json:
    """One branch, with the little of its protection that everybody may see."""
    name, repository = call.args["branch"], git.opened(call)
    sha, url = git.tip(repository, name), f"{call.root}/branches/{name}"
    settings = call.repo["protection"].get(name)
    checks = ((settings or {}).get("required_status_checks") or {"checks": []})["checks"]
    level = "off" if not checks else "everyone" if settings["enforce_admins"] else "non_admins"
    seen = {"enforcement_level": level, "contexts": [one["context"] for one in checks], "checks": checks}
    return {
        **_brief(call, name, sha), "commit": git.commits(call, repository, "-1", sha)[0],
        "protection": {"enabled": settings is not None, "required_status_checks": seen},
        "protection_url": f"{url}/protection", "_links": {"self": url, "html": call.page_of(f"tree/{name}")},
    }  # fmt: skip


@route("GET", _PLACE, "administration:read")
def _protection(call: Call) -> Json:
    return _shown(call, _settings(call))


@route("PUT", _PLACE, "administration:write")
def _protect(call: Call) -> Json:
    """Replace all of it: what is not said is off; only signatures are apart."""
    call.paid()
    git.tip(git.opened(call), call.args["branch"])
    given = call.given(_Protection)
    before = call.repo["protection"].get(call.args["branch"], {})
    settings = msgspec.to_builtins(given)
    settings["required_status_checks"] = _checks(call, given.required_status_checks)
    settings |= {"enforce_admins": bool(given.enforce_admins), "allow_force_pushes": bool(given.allow_force_pushes)}
    settings["required_signatures"] = before.get("required_signatures", False)
    reviews = settings["required_pull_request_reviews"] or {"required_approving_review_count": 0}
    if not 0 <= reviews["required_approving_review_count"] <= _MOST_APPROVALS:
        raise Refusal(422, "Validation Failed", "required_approving_review_count must be between 0 and 6")
    actors = [settings["restrictions"], *(reviews.get(f"{name}s") for name in (
        "dismissal_restriction", "bypass_pull_request_allowance"))]  # fmt: skip
    if not call.in_organization and any(any(one.values()) for one in actors if one):
        raise Refusal(422, "Validation Failed", "Only organization repositories can have users and team restrictions")
    call.repo["protection"][call.args["branch"]] = settings
    return _shown(call, settings)


def _checks(call: Call, given: _Checks | None) -> Data | None:
    if given is None:
        return None
    last = {one["name"]: one["app_id"] for one in call.repo["check_runs"]}
    named = {**dict.fromkeys(given.contexts), **{one.context: one.app_id for one in given.checks}}
    # Whose check it has to be: the app's that reported it last, unless one is named, or -1 for any.
    apps = {name: last.get(name) if app is None else None if app == -1 else app for name, app in named.items()}
    return {"strict": given.strict, "checks": [{"context": name, "app_id": app} for name, app in apps.items()]}


@route("DELETE", _PLACE, "administration:write")
def _unprotect(call: Call) -> None:
    _settings(call)
    del call.repo["protection"][call.args["branch"]]


@route("GET", f"{_PLACE}/required_signatures", "administration:read")
@route("POST", f"{_PLACE}/required_signatures", "administration:write")
@route("DELETE", f"{_PLACE}/required_signatures", "administration:write")
@route("GET", f"{_PLACE}/enforce_admins", "administration:read")
@route("POST", f"{_PLACE}/enforce_admins", "administration:write")
@route("DELETE", f"{_PLACE}/enforce_admins", "administration:write")
def _switch(call: Call) -> Json:
    name, settings = call.address.rpartition("/")[2], _settings(call)
    if call.method != "GET":
        settings[name] = call.method == "POST"
    return None if call.method == "DELETE" else _shown(call, settings)[name]


def _settings(call: Call) -> Data:
    call.paid()
    settings: Data | None = call.repo["protection"].get(call.args["branch"])
    if settings is None:
        git.tip(git.opened(call), call.args["branch"])
        raise Refusal(404, "Branch not protected")
    return settings


def _shown(call: Call, settings: Data) -> Data:
    url = f"{call.root}/branches/{call.args['branch']}/protection"
    shown: Data = {"url": url, **{name: {"enabled": settings[name]} for name in _SWITCHES}}
    for name in ("required_signatures", "enforce_admins"):
        shown[name] = {"url": f"{url}/{name}", "enabled": settings[name]}
    if settings["required_status_checks"] is not None:
        checks, place = settings["required_status_checks"], f"{url}/required_status_checks"
        contexts = [one["context"] for one in checks["checks"]]
        shown["required_status_checks"] = {"url": place, "contexts_url": f"{place}/contexts", "contexts": contexts,
                                           **checks}  # fmt: skip
    if settings["required_pull_request_reviews"] is not None:
        reviews = dict(settings["required_pull_request_reviews"])
        restricted, allowed = reviews.pop("dismissal_restrictions"), reviews.pop("bypass_pull_request_allowances")
        if restricted and any(restricted.values()):
            reviews["dismissal_restrictions"] = _actors(call, restricted, f"{url}/dismissal_restrictions")
        if allowed:
            reviews["bypass_pull_request_allowances"] = _actors(call, allowed, None)
        shown["required_pull_request_reviews"] = {"url": f"{url}/required_pull_request_reviews", **reviews}
    if settings["restrictions"] is not None:
        shown["restrictions"] = _actors(call, settings["restrictions"], f"{url}/restrictions")
    return shown


def _actors(call: Call, actors: Data, url: str | None) -> Data:
    teams = [shapes.team(call.github, one) for one in call.repo["teams"] if one["slug"] in actors["teams"]]
    apps = [shapes.app(call.github, shapes.app_number(slug)) for slug in actors["apps"]]
    urls = {} if url is None else {"url": url, **{f"{name}_url": f"{url}/{name}" for name in actors}}
    return {**urls, "users": [shapes.user(call.github, one) for one in actors["users"]], "teams": teams, "apps": apps}
