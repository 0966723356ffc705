"""Environments: reviewers, wait timer, and which branches and tags may deploy."""

from __future__ import annotations

from typing import Literal

import msgspec

from lockgate.loopback.github import shapes
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, Json, stamp

_MOST_REVIEWERS, _MOST_MINUTES = 6, 43_200
_PLACE = "environments/{environment_name}"
_POLICIES = f"{_PLACE}/deployment-branch-policies"


class _Reviewer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["User", "Team"]
    id: int


class _BranchPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    protected_branches: bool
    custom_branch_policies: bool


class _Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    wait_timer: int = 0
    prevent_self_review: bool = False
    reviewers: list[_Reviewer] | None = None
    deployment_branch_policy: _BranchPolicy | None = None


class _Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    type: Literal["branch", "tag"] = "branch"


@route("GET", "environments", "actions:read")
def _environments(call: Call) -> Json:
    found = call.repo["environments"]
    return {"total_count": len(found), "environments": call.page([_shown(call, found[name]) for name in sorted(found)])}


@route("GET", _PLACE, "actions:read")
@route("DELETE", _PLACE, "administration:write")
def _environment(call: Call) -> Json:
    found = _found(call)
    if call.method == "DELETE":
        del call.repo["environments"][found["name"]]
        return None
    return _shown(call, found)


@route("PUT", _PLACE, "administration:write")
def _put(call: Call) -> Json:
    """Make one, or replace its settings: what is not said is off."""
    given, name, new_id = call.given(_Environment), call.args["environment_name"], call.github.store.new_id
    policy, reviewers = given.deployment_branch_policy, msgspec.to_builtins(given.reviewers or [])
    if policy is not None and policy.protected_branches == policy.custom_branch_policies:
        raise Refusal(422, "protected_branches and custom_branch_policies cannot have the same value")
    known = {one["id"] for one in (*call.data["users"].values(), *call.repo["teams"])}
    if len(reviewers) > _MOST_REVIEWERS or not {one["id"] for one in reviewers} <= known:
        raise Refusal(422, f"Reviewers: no more than {_MOST_REVIEWERS}, and each has to be known")
    if not 0 <= given.wait_timer <= _MOST_MINUTES:
        raise Refusal(422, f"wait_timer must be between 0 and {_MOST_MINUTES}")
    found = call.repo["environments"].setdefault(name, {
        "id": new_id(), "name": name, "created_at": stamp(), "policies": [], "secrets": [], "wait_timer": 0,
        "prevent_self_review": False, "reviewers": [], "deployment_branch_policy": None,
    })  # fmt: skip
    found["updated_at"] = stamp()
    if call.repo["private"] and call.repo["plan"] != "enterprise" and (reviewers or given.wait_timer):
        # The environment is there nevertheless, without any protection: as on GitHub.
        which = "required reviewers" if reviewers else "wait timer"
        raise Refusal(422, "Failed to create the environment protection rule. Please ensure the billing plan supports "
                           f"the {which} protection rule.")  # fmt: skip
    found |= {**msgspec.to_builtins(given), "reviewers": reviewers}
    if policy is None or not policy.custom_branch_policies:
        found["policies"] = []
    return _shown(call, found)


@route("GET", _POLICIES, "actions:read")
def _policies(call: Call) -> Json:
    found = _found(call)["policies"]
    return {"total_count": len(found), "branch_policies": [_policy(one) for one in call.page(found)]}


@route("POST", _POLICIES, "administration:write")
def _add_policy(call: Call) -> Json:
    """A pattern; one that is there already answers 303."""
    found, wanted = _found(call), msgspec.to_builtins(call.given(_Pattern))
    if not (found["deployment_branch_policy"] or {}).get("custom_branch_policies"):
        raise Refusal(404, "Not Found")
    for one in found["policies"]:
        if {**one, **wanted} == one:
            call.headers["Location"] = f"{call.address}/{one['id']}"
            return 303, None
    found["policies"].append({"id": call.github.store.new_id(), **wanted})
    return _policy(found["policies"][-1])


@route("GET", _POLICIES + "/{branch_policy_id}", "actions:read")
@route("PUT", _POLICIES + "/{branch_policy_id}", "administration:write")
@route("DELETE", _POLICIES + "/{branch_policy_id}", "administration:write")
def _one_policy(call: Call) -> Json:
    """See it, rename it, remove it."""
    found = _found(call)["policies"]
    one = call.find(found, id=call.args["branch_policy_id"])
    if call.method == "DELETE":
        return found.remove(one)
    if call.method == "PUT":
        one["name"] = call.given(_Pattern).name
    return _policy(one)


def _found(call: Call) -> Data:
    return call.find(call.repo["environments"].values(), name=call.args["environment_name"])


def _policy(one: Data) -> Data:
    return {**one, "node_id": shapes.node("DBP", one["id"])}


def _shown(call: Call, one: Data) -> Data:
    people = {known["id"]: login for login, known in call.data["users"].items()}
    teams = {known["id"]: known for known in call.repo["teams"]}
    reviewers = [{"type": who["type"], "reviewer": shapes.user(call.github, people[who["id"]])
                  if who["type"] == "User" else shapes.team(call.github, teams[who["id"]])}
                 for who in one["reviewers"]]  # fmt: skip
    rules: list[Data] = [{"type": "wait_timer", "wait_timer": one["wait_timer"]}] if one["wait_timer"] else []
    if reviewers:
        self_review = {"prevent_self_review": one["prevent_self_review"]}
        rules.append({"type": "required_reviewers", "reviewers": reviewers, **self_review})
    rules += [{"type": "branch_policy"}] if one["deployment_branch_policy"] else []
    return {
        **{key: one[key] for key in ("id", "name", "created_at", "updated_at", "deployment_branch_policy")},
        "node_id": shapes.node("EN", one["id"]), "url": f"{call.root}/environments/{one['name']}",
        "html_url": call.page_of("deployments"), "protection_rules": [
            {"id": one["id"] * 10 + number, "node_id": shapes.node("GA", number), **rule}
            for number, rule in enumerate(rules)],
    }  # fmt: skip
