"""Any single change of the remote state shows up: every field of it is mutated, whatever it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from lockgate.flows.protect_look import Compared, compare
from lockgate.model.protection import verdict_of
from tests.unit.protect.world import CONTEXTS, REPOSITORY, State, World, rich, table, weaker

# The server's own bookkeeping, and what is no rule.
META = {"id", "created_at", "updated_at", "source", "source_type", "secrets", "selected-actions", "full_name"}
PARTS = ("protection", "rulesets", "environments", "actions", "security_and_analysis", "security")
Path = tuple[str | int, ...]
# What somebody could add to a list.
MORE: dict[str | int, list[Any]] = {
    "bypass_actors": [{"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "pull_request"}],
    "exclude": ["refs/heads/main"],
    "include": ["~ALL"],
    "checks": [{"context": "more", "app_id": None}],
    "required_status_checks": [{"context": "quality-checks"}],
    "policies": [{"id": 99, "name": "x/*", "type": "branch"}],
    "reviewers": [{"type": "User", "id": 1002}],
    "users": ["ada"],
}


def fields(value: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401
    """Every place in the state, from the whole of something down to single values."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        is_number = path[:1] == ("environments",) and name == "rules"
        if name not in META and not is_number and not (name == "type" and "reviewers" in path):
            yield from fields(one, (*path, name))


def mutants(value: Any, name: str | int) -> list[Any]:  # noqa: ANN401
    """What somebody could make of a value."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 0] if value else [1]
    if isinstance(value, str):
        known = {"enabled": "disabled", "disabled": "enabled", "read": "write", "branch": "tag", "tag": "branch",
                 "active": "disabled", "local_only": "all", "always": "pull_request"}  # fmt: skip
        return [known.get(value, f"{value}x")]
    if value is None:
        return [{"protected_branches": True, "custom_branch_policies": False}] if "policy" in str(name) else []
    return [type(value)()] if value and isinstance(value, list) else []


def changed(state: State) -> Iterator[tuple[Path, str, State]]:
    """The state with one change each: a value replaced, or something removed."""
    for path in fields({part: state[part] for part in PARTS}):
        parent, name = path[:-1], path[-1]
        place: Any = state
        for key in parent:
            place = place[key]
        for new in mutants(place[name], name):
            made = copy.deepcopy(state)
            at(made, parent)[name] = new
            yield path, f"{place[name]!r} → {new!r}", made
        if isinstance(place[name], list) and name in MORE:
            made = copy.deepcopy(state)
            at(made, path).extend(MORE[name])
            yield path, "more", made
        # Whole things can vanish: a list's element, a named object, a section.
        if isinstance(place, list) or (len(path) == 2 and path[0] in {"protection", "environments"}):
            made = copy.deepcopy(state)
            del at(made, parent)[name]
            yield path, "removed", made
        elif isinstance(place[name], dict) and parent[:1] == ("protection",) and any(place[name].values()):
            made = copy.deepcopy(state)
            at(made, parent)[name] = None
            yield path, "switched off", made


def at(state: State, path: Path) -> Any:  # noqa: ANN401
    for key in path:
        state = state[key]  # type: ignore[index]
    return state


def managed(path: Path, kind: str, state: State) -> bool:
    """Whether the table speaks of it; written down here, not asked of lockgate."""
    match path:
        case ("protection", *rest):
            named = {"enforce_admins", "required_linear_history", "allow_force_pushes", "allow_deletions", "main"}
            reviews = {"required_approving_review_count", "dismiss_stale_reviews", "require_code_owner_reviews",
                       "required_pull_request_reviews"}  # fmt: skip
            whole = {"required_status_checks", "bypass_pull_request_allowances"}
            return kind == "classic" and (bool(whole & {*rest[1:]}) or rest[-1] in named | reviews)
        case ("rulesets",):
            return kind == "ruleset"
        case ("rulesets", int(number), *rest):
            rule = state["rulesets"][number]["rules"][rest[1]]["type"] if rest[:1] == ["rules"] and rest[1:] else ""
            beside = {"required_signatures", "required_review_thread_resolution", "require_last_push_approval",
                      "required_reviewers", "allowed_merge_methods"}  # fmt: skip
            ours = kind == "ruleset" and state["rulesets"][number]["name"] == "lockgate"
            return ours and rule not in beside and not beside & set(map(str, rest))
        case ("environments", "pypi-publishing", *rest):
            return not rest or rest[0] in {"reviewers", "deployment_branch_policy", "policies", "name"}
        case ("actions", *rest):
            return rest[-1] != "allowed_actions" and len(rest) == 2
        case ("security_and_analysis", *rest):
            return rest != ["secret_scanning_non_provider_patterns"]
        case ("security", *_):
            return True
        case _:
            return False


def settled(world: World, kind: str) -> tuple[State, Any]:
    config = table(protection={"kind": kind, "code-owners": True}, publish={"reviewers": ["@ada", "@acme/crew"]})
    world.fresh(**rich(kind))
    _, found = world.apply(config)
    assert verdict_of(found.changes) == "pass"
    return world.state, config


@pytest.mark.parametrize("kind", ["classic", "ruleset"])
def test_every_single_remote_change_shows_up(world: World, kind: str) -> None:
    state, config = settled(world, kind)
    desk = world.desk(config)
    usual = compare(desk)
    count, missed = 0, []
    for path, what, made in changed(state):
        with world.server.changing() as data:
            data["repositories"][REPOSITORY] = made
        found: Compared = compare(desk)
        count += 1
        drifted = verdict_of(found.changes) == "fail"
        if found.changes == usual.changes or found.remote.digest() == usual.remote.digest():
            missed.append((path, what, "is not shown"))
        elif managed(path, kind, state) and not drifted:
            missed.append((path, what, "is no drift"))
        elif drifted and not managed(path, kind, state):
            missed.append((path, what, "is drift"))
    assert not missed, "\n".join(map(str, missed))
    assert count > 120
    assert {request[0] for request in world.server.requests[-10:]} == {"GET"}


def test_somebody_on_a_bypass_list_is_drift(world: World) -> None:
    state, config = settled(world, "classic")
    for who in ({"users": ["bob"], "teams": [], "apps": []}, {"users": [], "teams": ["crew"], "apps": []}):
        made = copy.deepcopy(state)
        made["protection"]["main"]["required_pull_request_reviews"]["bypass_pull_request_allowances"] = who
        with world.server.changing() as data:
            data["repositories"][REPOSITORY] = made
        assert weaker(made, state, config) != []
        lines = {line.key: line for line in compare(world.desk(config)).changes}
        line = lines["classic.required_pull_request_reviews.bypass_pull_request_allowances"]
        assert (line.kind, line.before, line.after) == ("remove", who, None)


def test_names_and_switched_off_rulesets_hide_nothing(world: World) -> None:
    state = rich("classic")
    state["rulesets"][1] |= {"name": "id", "enforcement": "disabled"}
    state["rulesets"][2]["name"] = "team.policy_ids"
    state["environments"]["ids"] = {**state["environments"].pop("docs"), "name": "ids"}
    world.fresh(**state)
    lines = {line.key: line for line in compare(world.desk(table())).changes}
    assert lines["rulesets.id.enforcement"].before == "disabled"
    assert "rulesets.team.policy_ids (Organization acme).rules.deletion" in lines
    assert lines["environments.ids.reviewers"].before == ["@acme/crew"]
    assert not any("policy_ids." in key or key.endswith(".ids") for key in lines)


def test_the_contexts_are_those_of_the_rendered_workflows(world: World) -> None:
    state, _ = settled(world, "classic")
    checks = state["protection"]["main"]["required_status_checks"]["checks"]
    assert {(one["context"], one["app_id"]) for one in checks} == {(name, 15368) for name in CONTEXTS}
