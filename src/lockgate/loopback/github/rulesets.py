"""Rulesets: the list leaves the rules out, and who may not change them does not see who may pass them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lockgate.loopback.github import gates, shapes
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, Json, stamp

# Parameters by kind of rule: name and type, with the default that GitHub fills in, or ... where it wants to be told.
_PATTERN = {"name": (str, ""), "negate": (bool, False), "operator": (str, ...), "pattern": (str, ...)}
_RULES: dict[str, dict[str, tuple[type, Any]]] = {
    "creation": {}, "deletion": {}, "required_linear_history": {}, "required_signatures": {}, "non_fast_forward": {},
    "update": {"update_allows_fetch_and_merge": (bool, False)},
    "required_deployments": {"required_deployment_environments": (list, ...)},
    "pull_request": {
        "dismiss_stale_reviews_on_push": (bool, ...), "require_code_owner_review": (bool, ...),
        "require_last_push_approval": (bool, ...), "required_approving_review_count": (int, ...),
        "required_review_thread_resolution": (bool, ...), "required_reviewers": (list, []),
        "allowed_merge_methods": (list, ["merge", "squash", "rebase"]),
    },
    "required_status_checks": {
        "strict_required_status_checks_policy": (bool, ...), "do_not_enforce_on_create": (bool, False),
        "required_status_checks": (list, ...),
    },
    "merge_queue": {
        "check_response_timeout_minutes": (int, ...), "grouping_strategy": (str, ...), "merge_method": (str, ...),
        "max_entries_to_build": (int, ...), "max_entries_to_merge": (int, ...), "min_entries_to_merge": (int, ...),
        "min_entries_to_merge_wait_minutes": (int, ...),
    },
    "code_scanning": {"code_scanning_tools": (list, ...)},
    **dict.fromkeys(("commit_message_pattern", "commit_author_email_pattern", "committer_email_pattern",
                     "branch_name_pattern", "tag_name_pattern"), _PATTERN),
}  # fmt: skip
_BYPASS = {"always": "always", "pull_request": "pull_requests_only", "never": "never"}


class _Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    actor_id: int | None
    actor_type: str
    bypass_mode: str = "always"


class _Ruleset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    name: str | None = None
    target: str | None = None
    enforcement: str | None = None
    bypass_actors: list[_Actor] | None = None
    conditions: dict[str, dict[str, list[str]]] | None = None
    rules: list[dict[str, Any]] | None = None


class _New(_Ruleset, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    name: str
    enforcement: str


@route("GET", "rulesets")
def _rulesets(call: Call) -> Json:
    """Without what is in them; `includes_parents=false` leaves out the organization's."""
    call.paid()
    own = [one for one in call.repo["rulesets"] if not (call.query.get("includes_parents") == "false" and
                                                        one["source_type"] != "Repository")]  # fmt: skip
    hidden = {"rules", "conditions", "bypass_actors", "current_user_can_bypass"}
    return call.page([{key: value for key, value in _shown(call, one).items() if key not in hidden} for one in own])


@route("POST", "rulesets", "administration:write")
def _create(call: Call) -> Json:
    call.paid()
    given = call.given(_New)
    made: Data = {
        "id": call.github.store.new_id(), "source_type": "Repository", "source": call.repo["full_name"],
        "target": "branch", "bypass_actors": [], "conditions": {"ref_name": {"include": [], "exclude": []}},
        "rules": [], "created_at": stamp(),
    }  # fmt: skip
    _fill(call, made, given)
    call.repo["rulesets"].append(made)
    return 201, _shown(call, made)


@route("GET", "rulesets/{ruleset_id}")
@route("PUT", "rulesets/{ruleset_id}", "administration:write")
@route("DELETE", "rulesets/{ruleset_id}", "administration:write")
def _one(call: Call) -> Json:
    """Those of an organization are only to be seen; what a PUT does not say stays."""
    call.paid()
    own = {} if call.method == "GET" else {"source_type": "Repository"}
    found = call.find(call.repo["rulesets"], id=call.args["ruleset_id"], **own)
    if call.method == "DELETE":
        return call.repo["rulesets"].remove(found)
    if call.method == "PUT":
        _fill(call, found, call.given(_Ruleset))
    return _shown(call, found)


@route("GET", "rules/branches/{branch}")
def _rules(call: Call) -> Json:
    """The rules of rulesets that are active for a branch, whoever asks; classic protection is not among them."""
    call.paid()
    return call.page([
        {**rule, "ruleset_source_type": one["source_type"], "ruleset_source": one["source"], "ruleset_id": one["id"]}
        for one in call.repo["rulesets"]
        if one["enforcement"] == "active" and gates.matches(call.repo, one, f"refs/heads/{call.args['branch']}")
        for rule in one["rules"]
    ])  # fmt: skip


def _fill(call: Call, made: Data, given: _Ruleset) -> None:
    told = msgspec.to_builtins(given)
    wrong = []
    if given.enforcement == "evaluate" and call.repo["plan"] != "enterprise":
        wrong.append("Enforcement evaluate option is not supported on this plan. "
                     "Please upgrade to Enterprise to enable it.")  # fmt: skip
    elif given.enforcement not in {None, "active", "disabled", "evaluate"}:
        wrong.append(f"Enforcement {given.enforcement} is not included in the list")
    if any(one["name"] == given.name and one is not made for one in call.repo["rulesets"]):
        wrong.append("Name must be unique")
    foreign = set() if call.in_organization else {"Integration", "Team", "OrganizationAdmin"}
    wrong += [f"Actor {one.actor_type} must be part of the ruleset source or owner organization"
              for one in given.bypass_actors or () if one.actor_type in foreign]  # fmt: skip
    rules = [_rule(one, wrong.append, organization=call.in_organization) for one in given.rules or ()]
    if wrong:
        raise Refusal(422, "Validation Failed", *wrong)
    if given.rules is not None:
        # GitHub keeps an order of its own.
        told["rules"] = sorted(rules, key=lambda one: str(one["type"]))
    if given.bypass_actors is not None:
        told["bypass_actors"] = [msgspec.structs.asdict(one) for one in given.bypass_actors]
    if given.conditions is not None:
        told["conditions"] = {key: {"include": [], "exclude": [], **one} for key, one in given.conditions.items()}
    made.update(told, updated_at=stamp())


def _rule(given: Data, complain: Callable[[str], None], *, organization: bool) -> Data:
    """A rule as it is kept, with GitHub's defaults."""
    kind, parameters = given.get("type"), given.get("parameters") or {}
    if kind not in _RULES or set(given) - {"type", "parameters"} or (kind == "merge_queue" and not organization):
        complain(f"Invalid rule '{kind}': ")
        return given
    known, kept = _RULES[kind], {}
    for name in set(parameters) - set(known):
        complain(f"Invalid rule '{kind}': {name} is not a known parameter")
    for name, (shape, default) in known.items():
        value = parameters.get(name, default)
        if value is ... or not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
            complain(f"Invalid rule '{kind}': {name} is missing or of the wrong type")
        kept[name] = [*value] if isinstance(value, list) else value
    if kind == "pull_request" and kept["required_approving_review_count"] not in range(11):
        complain("Invalid rule 'pull_request': required_approving_review_count must be between 0 and 10")
    return {"type": kind, **({"parameters": kept} if known else {})}


def _shown(call: Call, one: Data) -> Data:
    url = f"{call.root}/rulesets/{one['id']}"
    html = f"{call.github.url}/{call.repo['full_name']}/rules/{one['id']}"
    shown = {**one, "node_id": shapes.node("RRS", one["id"]), "_links": {"self": {"href": url}, "html": {"href": html}}}
    shown["current_user_can_bypass"] = _BYPASS[gates.bypass_of(call.github, call.repo, one, call.who)]
    if not call.may("administration", "write"):
        del shown["bypass_actors"]
    return shown
