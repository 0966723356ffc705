"""Environments: reviewers, wait timer, and which branches and tags may deploy."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lockgate.loopback.github import shapes
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, stamp

_MOST_REVIEWERS = 6
_MOST_MINUTES = 43_200
_POLICIES = "environments/{environment_name}/deployment-branch-policies"
_POLICY = _POLICIES + "/{branch_policy_id}"


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
def environments(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """All of them."""
    found = call.repo["environments"]
    return {"total_count": len(found), "environments": call.page([_shown(call, found[name]) for name in sorted(found)])}


@route("GET", "environments/{environment_name}", "actions:read")
def environment(call: Call) -> Any:  # noqa: ANN401
    """One of them."""
    return _shown(call, _found(call))


@route("PUT", "environments/{environment_name}", "administration:write")
def put(call: Call) -> Any:  # noqa: ANN401
    """Make one, or replace its settings: what is not said is off."""
    given, name = call.given(_Environment), call.args["environment_name"]
    policy = given.deployment_branch_policy
    if policy is not None and policy.protected_branches == policy.custom_branch_policies:
        raise Refusal(422, "protected_branches and custom_branch_policies cannot have the same value")
    reviewers = msgspec.to_builtins(given.reviewers or [])
    if len(reviewers) > _MOST_REVIEWERS:
        raise Refusal(422, f"Reviewers: no more than {_MOST_REVIEWERS} can be added")
    if not 0 <= given.wait_timer <= _MOST_MINUTES:
        raise Refusal(422, f"wait_timer must be between 0 and {_MOST_MINUTES}")
    known = {one["id"] for one in (*call.data["users"].values(), *call.repo["teams"])}
    if any(one["id"] not in known for one in reviewers):
        raise Refusal(422, "Validation Failed", "Reviewers: could not be found")
    fresh = {"id": call.github.store.new_id(), "name": name, "created_at": stamp(), "policies": [], "secrets": [],
             "wait_timer": 0, "prevent_self_review": False, "reviewers": [], "deployment_branch_policy": None,
             "rules": [call.github.store.new_id() for _ in range(3)]}  # fmt: skip
    found = call.repo["environments"].setdefault(name, fresh)
    found["updated_at"] = stamp()
    if call.repo["private"] and call.repo["plan"] != "enterprise" and (reviewers or given.wait_timer):
        # The environment is there nevertheless, without any protection: as on GitHub.
        which = "required reviewers" if reviewers else "wait timer"
        raise Refusal(422, "Failed to create the environment protection rule. Please ensure the billing plan supports "
                           f"the {which} protection rule.")  # fmt: skip
    found |= {"wait_timer": given.wait_timer, "prevent_self_review": given.prevent_self_review,
              "reviewers": reviewers, "deployment_branch_policy": msgspec.to_builtins(policy)}  # fmt: skip
    if policy is None or not policy.custom_branch_policies:
        found["policies"] = []
    return _shown(call, found)


@route("DELETE", "environments/{environment_name}", "administration:write")
def delete(call: Call) -> None:
    """Remove one, its secrets with it."""
    del call.repo["environments"][_found(call)["name"]]


@route("GET", _POLICIES, "actions:read")
def policies(call: Call) -> Any:  # noqa: ANN401
    """The patterns of branches and tags that may deploy."""
    found = _found(call)["policies"]
    return {"total_count": len(found), "branch_policies": [_policy(one) for one in call.page(found)]}


@route("POST", _POLICIES, "administration:write")
def add_policy(call: Call) -> Any:  # noqa: ANN401
    """Add a pattern; one that is there already answers 303."""
    found, given = _found(call), call.given(_Pattern)
    if not (found["deployment_branch_policy"] or {}).get("custom_branch_policies"):
        raise Refusal(404, "Not Found")
    wanted = msgspec.to_builtins(given) | {"type": given.type}
    for one in found["policies"]:
        if {"name": one["name"], "type": one["type"]} == wanted:
            call.headers["Location"] = f"{call.address}/{one['id']}"
            return 303, None
    found["policies"].append({"id": call.github.store.new_id(), **wanted})
    return _policy(found["policies"][-1])


@route("GET", _POLICY, "actions:read")
def policy(call: Call) -> Any:  # noqa: ANN401
    """One pattern."""
    return _policy(call.find(_found(call)["policies"], id=call.args["branch_policy_id"]))


@route("PUT", _POLICY, "administration:write")
def change_policy(call: Call) -> Any:  # noqa: ANN401
    """Rename a pattern."""
    found = call.find(_found(call)["policies"], id=call.args["branch_policy_id"])
    found["name"] = call.given(_Pattern).name
    return _policy(found)


@route("DELETE", _POLICY, "administration:write")
def delete_policy(call: Call) -> None:
    """Remove a pattern."""
    found = _found(call)["policies"]
    found.remove(call.find(found, id=call.args["branch_policy_id"]))


def _found(call: Call) -> Data:
    found = call.repo["environments"].get(call.args["environment_name"])
    if found is None:
        raise Refusal(404, "Not Found")
    known: Data = found
    return known


def _policy(one: Data) -> Data:
    return {**one, "node_id": shapes.node("DBP", one["id"])}


def _shown(call: Call, one: Data) -> Data:
    numbers, rules = one["rules"], []
    if one["wait_timer"]:
        rules.append({"id": numbers[0], "type": "wait_timer", "wait_timer": one["wait_timer"]})
    if one["reviewers"]:
        people = {known["id"]: login for login, known in call.data["users"].items()}
        teams = {known["id"]: known for known in call.repo["teams"]}
        rules.append({
            "id": numbers[1], "type": "required_reviewers", "prevent_self_review": one["prevent_self_review"],
            "reviewers": [{"type": who["type"], "reviewer": shapes.user(call.github, people[who["id"]])
                           if who["type"] == "User" else shapes.team(call.github, teams[who["id"]])}
                          for who in one["reviewers"]],
        })  # fmt: skip
    if one["deployment_branch_policy"] is not None:
        rules.append({"id": numbers[2], "type": "branch_policy"})
    return {
        "id": one["id"], "node_id": shapes.node("EN", one["id"]), "name": one["name"],
        "url": f"{call.root}/environments/{one['name']}", "created_at": one["created_at"],
        "html_url": f"{call.github.url}/{call.repo['full_name']}/deployments", "updated_at": one["updated_at"],
        "protection_rules": [{**rule, "node_id": shapes.node("GA", rule["id"])} for rule in rules],
        "deployment_branch_policy": one["deployment_branch_policy"],
    }  # fmt: skip
