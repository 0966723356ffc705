"""Branches and their classic protection: PUT takes plain values, GET gives objects, a null section is no key."""

from __future__ import annotations

from typing import Any

import msgspec

from lockgate.loopback.github import git, shapes
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data

_PROTECTION = "branches/{branch}/protection"
_READ, _WRITE = "administration:read", "administration:write"
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
def branches(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """All branches, or only those that are `protected` or not."""
    with git.opened(call.github, call.repo["full_name"]) as repository:
        lines = repository.git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads").text
    found = [_brief(call, *line.rsplit(" ", 1)) for line in lines.splitlines()]
    wanted = {"true": (True,), "false": (False,)}.get(call.query.get("protected", ""), (True, False))
    return call.page([one for one in found if one["protected"] in wanted])


def _brief(call: Call, name: str, sha: str) -> Data:
    return {
        "name": name, "commit": {"sha": sha, "url": f"{call.root}/commits/{sha}"},
        "protected": name in call.repo["protection"],
    }  # fmt: skip


@route("GET", "branches/{branch}", "contents:read")
def branch(call: Call) -> Any:  # noqa: ANN401
    """One branch, with the little about its protection that everybody may see."""
    name = call.args["branch"]
    with git.opened(call.github, call.repo["full_name"]) as repository:
        sha = git.tip(repository, name)
        commit = git.commits(call, repository, "-1", sha)[0]
    settings = call.repo["protection"].get(name)
    checks = (settings or {}).get("required_status_checks") or {"checks": []}
    level = "off" if not checks["checks"] else "everyone" if settings["enforce_admins"] else "non_admins"
    url = f"{call.root}/branches/{name}"
    return {
        **_brief(call, name, sha), "commit": commit, "protection_url": f"{url}/protection",
        "_links": {"self": url, "html": f"{call.github.url}/{call.repo['full_name']}/tree/{name}"},
        "protection": {"enabled": settings is not None, "required_status_checks": {
            "enforcement_level": level, "contexts": [one["context"] for one in checks["checks"]],
            "checks": checks["checks"]}},
    }  # fmt: skip


@route("GET", _PROTECTION, _READ)
def protection(call: Call) -> Any:  # noqa: ANN401
    """The protection of a branch."""
    return _shown(call, _settings(call))


@route("PUT", _PROTECTION, _WRITE)
def protect(call: Call) -> Any:  # noqa: ANN401
    """Replace the protection of a branch: what is not said is off; only signatures are apart."""
    call.paid()
    with git.opened(call.github, call.repo["full_name"]) as repository:
        git.tip(repository, call.args["branch"])
    given = call.given(_Protection)
    before = call.repo["protection"].get(call.args["branch"], {})
    settings = msgspec.to_builtins(given)
    settings["required_status_checks"] = _kept_checks(call, given.required_status_checks)
    settings |= {"enforce_admins": bool(given.enforce_admins), "allow_force_pushes": bool(given.allow_force_pushes)}
    settings["required_signatures"] = before.get("required_signatures", False)
    _refuse_actors(call, settings)
    call.repo["protection"][call.args["branch"]] = settings
    return _shown(call, settings)


def _refuse_actors(call: Call, settings: Data) -> None:
    reviews = settings["required_pull_request_reviews"] or {"required_approving_review_count": 0}
    if not 0 <= reviews["required_approving_review_count"] <= _MOST_APPROVALS:
        raise Refusal(422, "Validation Failed", "required_approving_review_count must be between 0 and 6")
    lists = [settings["restrictions"], reviews.get("dismissal_restrictions"),
             reviews.get("bypass_pull_request_allowances")]  # fmt: skip
    owner = call.data["users"][call.repo["full_name"].split("/")[0]]
    if owner["type"] != "Organization" and any(any(one.values()) for one in lists if one):
        raise Refusal(422, "Validation Failed", "Only organization repositories can have users and team restrictions")


def _kept_checks(call: Call, given: _Checks | None) -> Data | None:
    if given is None:
        return None
    named = {one.context: one.app_id for one in given.checks}
    named = {**dict.fromkeys(given.contexts), **named}
    return {
        "strict": given.strict,
        "checks": [{"context": name, "app_id": _source(call, name, app)} for name, app in named.items()],
    }


def _source(call: Call, context: str, app: int | None) -> int | None:
    """The app that a check has to come from: the one that reported it last, unless -1 says any."""
    runs = [one["app_id"] for one in call.repo["check_runs"] if one["name"] == context]
    return (runs[-1] if runs else None) if app is None else None if app == -1 else app


@route("DELETE", _PROTECTION, _WRITE)
def unprotect(call: Call) -> None:
    """Take the protection off a branch."""
    _settings(call)
    del call.repo["protection"][call.args["branch"]]


def _settings(call: Call) -> Data:
    call.paid()
    settings = call.repo["protection"].get(call.args["branch"])
    if settings is None:
        raise Refusal(404, "Branch not protected")
    found: Data = settings
    return found


def _part(call: Call, name: str, missing: str) -> Data:
    part = _settings(call)[name]
    if part is None:
        raise Refusal(404, missing)
    found: Data = part
    return found


@route("GET", f"{_PROTECTION}/enforce_admins", _READ)
def admins(call: Call) -> Any:  # noqa: ANN401
    """Whether administrators are bound as well."""
    return _shown(call, _settings(call))["enforce_admins"]


@route("POST", f"{_PROTECTION}/enforce_admins", _WRITE)
def bind_admins(call: Call) -> Any:  # noqa: ANN401
    """Bind administrators as well."""
    _settings(call)["enforce_admins"] = True
    return admins(call)


@route("DELETE", f"{_PROTECTION}/enforce_admins", _WRITE)
def free_admins(call: Call) -> None:
    """Let administrators pass."""
    _settings(call)["enforce_admins"] = False


@route("GET", f"{_PROTECTION}/required_signatures", _READ)
def signatures(call: Call) -> Any:  # noqa: ANN401
    """Whether commits must be signed."""
    return _shown(call, _settings(call))["required_signatures"]


@route("POST", f"{_PROTECTION}/required_signatures", _WRITE)
def require_signatures(call: Call) -> Any:  # noqa: ANN401
    """Require signatures."""
    _settings(call)["required_signatures"] = True
    return signatures(call)


@route("DELETE", f"{_PROTECTION}/required_signatures", _WRITE)
def allow_unsigned(call: Call) -> None:
    """Require none."""
    _settings(call)["required_signatures"] = False


@route("GET", f"{_PROTECTION}/required_pull_request_reviews", _READ)
def reviews(call: Call) -> Any:  # noqa: ANN401
    """What reviews are required."""
    _part(call, "required_pull_request_reviews", "Pull request review protection not enabled")
    return _shown(call, _settings(call))["required_pull_request_reviews"]


@route("PATCH", f"{_PROTECTION}/required_pull_request_reviews", _WRITE)
def require_reviews(call: Call) -> Any:  # noqa: ANN401
    """Change what reviews are required, or begin to require them."""
    settings = _settings(call)
    before = settings["required_pull_request_reviews"] or {}
    call.body = {**before, **(call.body or {})}
    changed = {**settings, "required_pull_request_reviews": msgspec.to_builtins(call.given(_Reviews))}
    _refuse_actors(call, changed)
    settings.update(changed)
    return reviews(call)


@route("DELETE", f"{_PROTECTION}/required_pull_request_reviews", _WRITE)
def require_no_reviews(call: Call) -> None:
    """Require no reviews."""
    _part(call, "required_pull_request_reviews", "Pull request review protection not enabled")
    _settings(call)["required_pull_request_reviews"] = None


@route("GET", f"{_PROTECTION}/required_status_checks", _READ)
def status_checks(call: Call) -> Any:  # noqa: ANN401
    """What checks are required."""
    _part(call, "required_status_checks", "Required status checks not enabled")
    return _shown(call, _settings(call))["required_status_checks"]


@route("PATCH", f"{_PROTECTION}/required_status_checks", _WRITE)
def require_status_checks(call: Call) -> Any:  # noqa: ANN401
    """Change what checks are required, once any are."""
    before = _part(call, "required_status_checks", "Required status checks not enabled")
    given = msgspec.to_builtins(_kept_checks(call, call.given(_Checks)))
    named = {"contexts", "checks"} & set(call.body or {})
    before.update({"strict": given["strict"]} if "strict" in (call.body or {}) else {})
    before.update({"checks": given["checks"]} if named else {})
    return status_checks(call)


@route("DELETE", f"{_PROTECTION}/required_status_checks", _WRITE)
def require_no_status_checks(call: Call) -> None:
    """Require no checks."""
    _settings(call)["required_status_checks"] = None


def _shown(call: Call, settings: Data) -> Data:
    """Protection as GET gives it."""
    url = f"{call.root}/branches/{call.args['branch']}/protection"
    shown: Data = {"url": url}
    for name in ("required_signatures", "enforce_admins"):
        shown[name] = {"url": f"{url}/{name}", "enabled": settings[name]}
    shown |= {name: {"enabled": settings[name]} for name in _SWITCHES}
    if settings["required_status_checks"] is not None:
        checks, place = settings["required_status_checks"], f"{url}/required_status_checks"
        contexts = [one["context"] for one in checks["checks"]]
        shown["required_status_checks"] = {
            "url": place, "strict": checks["strict"], "contexts": contexts, "contexts_url": f"{place}/contexts",
            "checks": checks["checks"],
        }  # fmt: skip
    if settings["required_pull_request_reviews"] is not None:
        place = f"{url}/required_pull_request_reviews"
        reviews = dict(settings["required_pull_request_reviews"])
        restricted, allowed = reviews.pop("dismissal_restrictions"), reviews.pop("bypass_pull_request_allowances")
        shown["required_pull_request_reviews"] = {
            "url": place, **reviews,
            **({"dismissal_restrictions": _actors(call, restricted, f"{url}/dismissal_restrictions")}
               if restricted and any(restricted.values()) else {}),
            **({"bypass_pull_request_allowances": _actors(call, allowed, None)} if allowed else {}),
        }  # fmt: skip
    if settings["restrictions"] is not None:
        shown["restrictions"] = _actors(call, settings["restrictions"], f"{url}/restrictions")
    return shown


def _actors(call: Call, actors: Data, url: str | None) -> Data:
    teams = [shapes.team(call.github, one) for one in call.repo["teams"] if one["slug"] in actors["teams"]]
    apps = [shapes.app(call.github, int(name.rpartition("-")[2])) for name in actors["apps"]]
    urls = {} if url is None else {"url": url, **{f"{name}_url": f"{url}/{name}" for name in actors}}
    return {**urls, "users": [shapes.user(call.github, one) for one in actors["users"]], "teams": teams, "apps": apps}
