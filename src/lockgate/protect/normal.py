"""What GitHub answers, in the form in which it is sent back: nested values by name, lists in a fixed order (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockgate.model.protection import Unseen

# Of branch protection: `{"enabled": …}` in an answer, a plain boolean in a request.
SWITCHES = (
    "enforce_admins",
    "required_linear_history",
    "allow_force_pushes",
    "allow_deletions",
    "block_creations",
    "required_conversation_resolution",
    "lock_branch",
    "allow_fork_syncing",
    "required_signatures",
)
_REVIEWS = ("dismiss_stale_reviews", "require_code_owner_reviews", "require_last_push_approval")
ACTORS = {"users": "login", "teams": "slug", "apps": "slug"}
# Values that belong together: one line of a plan.
_WHOLE = ("restrictions", "dismissal_restrictions", "bypass_pull_request_allowances")
# What nobody has changed.
_USUAL = {
    "allowed_actions": "all",
    "can_admins_bypass": True,
    "allowed_merge_methods": ["merge", "rebase", "squash"],
}


def classic(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Branch protection; an absent section is None, which is what removes it when it is sent."""
    checks, reviews = answer.get("required_status_checks"), answer.get("required_pull_request_reviews")
    found: dict[str, Any] = {
        "required_status_checks": None,
        "required_pull_request_reviews": None,
        "restrictions": _actors(answer.get("restrictions")),
        **{name: bool((answer.get(name) or {}).get("enabled")) for name in SWITCHES},
    }
    if checks is not None:
        # Old servers know contexts only.
        given = checks.get("checks") or [{"context": name, "app_id": None} for name in checks.get("contexts", ())]
        both = [{"context": one["context"], "app_id": one.get("app_id")} for one in given]
        found["required_status_checks"] = {"strict": bool(checks.get("strict")), "checks": ordered(both)}
    if reviews is not None:
        bypass = _actors(reviews.get("bypass_pull_request_allowances"))
        found["required_pull_request_reviews"] = {
            "required_approving_review_count": reviews.get("required_approving_review_count", 0),
            **{name: bool(reviews.get(name)) for name in _REVIEWS},
            # Without anybody on it, it allows nobody anything; a restriction without anybody keeps everybody out.
            "bypass_pull_request_allowances": bypass if bypass and any(bypass.values()) else None,
            "dismissal_restrictions": _actors(reviews.get("dismissal_restrictions")),
        }
    return found


def _actors(answer: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    if answer is None:
        return None
    return {kind: sorted(str(one[name]) for one in answer.get(kind) or ()) for kind, name in ACTORS.items()}


def ruleset(answer: Mapping[str, Any]) -> dict[str, Any]:
    """One ruleset, its rules by type; without `bypass_actors` only somebody who may write it would see them."""
    rules: dict[str, Any] = {}
    for rule in answer.get("rules") or ():
        number = sum(name.partition("#")[0] == rule["type"] for name in rules)
        usual = {"do_not_enforce_on_create": False} if rule["type"] == "required_status_checks" else {}
        parameters = _sorted({**usual, **(rule.get("parameters") or {})})
        rules[f"{rule['type']}#{number + 1}" if number else rule["type"]] = parameters
    actors = answer.get("bypass_actors")
    return {
        "id": answer["id"],
        "target": answer.get("target", "branch"),
        "enforcement": answer["enforcement"],
        "bypass_actors": Unseen("Administration: write") if actors is None else ordered(actors),
        "conditions": _sorted(answer.get("conditions") or {}),
        "rules": rules,
    }


def environment(answer: Mapping[str, Any], policies: Sequence[Mapping[str, Any]], owner: str) -> dict[str, Any]:
    """A deployment environment; `ids` are those of its reviewers as they are sent back."""
    rules = {rule["type"]: rule for rule in answer.get("protection_rules") or ()}
    required = rules.get("required_reviewers", {})
    ids = {reviewer_name(one, owner): {"type": one["type"], "id": one["reviewer"]["id"]}
           for one in required.get("reviewers") or ()}  # fmt: skip
    policy = answer.get("deployment_branch_policy")
    which = "all" if policy is None else "protected" if policy.get("protected_branches") else "custom"
    return {
        "reviewers": sorted(ids),
        "ids": ids,
        "prevent_self_review": bool(required.get("prevent_self_review")),
        "wait_timer": rules.get("wait_timer", {}).get("wait_timer", 0),
        "deployments_from": which,
        "policies": ordered({"name": one["name"], "type": one.get("type", "branch")} for one in policies),
        "policy_ids": {f"{one.get('type', 'branch')} {one['name']}": one["id"] for one in policies},
        "can_admins_bypass": answer.get("can_admins_bypass", True),
        "rules": {name: True for name in rules if name not in {"required_reviewers", "wait_timer", "branch_policy"}},
    }


def reviewer_name(one: Mapping[str, Any], owner: str) -> str:
    """`@login` or `@owner/team`, in lower case: GitHub tells no more than that apart."""
    who = one["reviewer"]
    return f"@{owner}/{who['slug']}".lower() if one["type"] == "Team" else f"@{who['login']}".lower()


def ordered(values: Any) -> list[Any]:  # noqa: ANN401  (JSON)
    """A list whose order says nothing, in one order."""
    return sorted(values, key=repr)


def _sorted(value: Any) -> Any:  # noqa: ANN401  (JSON)
    """Lists of names and of objects in one order, all the way down."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return ordered(map(_sorted, value)) if isinstance(value, list) else value


def flat(section: str, value: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
    """A section's values by dotted key; an empty object is True: it is there."""
    return dict(_flat(section, value))


def _names(value: Any) -> Mapping[str, Any]:  # noqa: ANN401  (JSON)
    return value if isinstance(value, Mapping) else {}


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  (JSON)
    name = key.rpartition(".")[2]
    if name in {"ids", "policy_ids", "id"} and not isinstance(value, Unseen) and "rules" not in _names(value):
        return  # no settings, but what is needed to change some; a ruleset or an environment may be called so
    if isinstance(value, Mapping) and name not in _WHOLE:
        if not value and key.rpartition(".")[0].endswith("rules"):
            yield key, True
        for inner, one in value.items():
            yield from _flat(f"{key}.{inner}", one)
    elif value is not None:
        yield key, value


def is_usual(key: str, value: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether an unmanaged value is what a repository begins with: nothing to tell."""
    name = key.rpartition(".")[2]
    if name == "enforcement":
        return False  # rules that are shown may be none
    if name in _USUAL:
        return bool(value == _USUAL[name])
    return value in ("disabled", None, False, 0) or value == []
