"""Settings: what is taken, what is refused, and what GET says of it afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hosted import REPOSITORY, Hosted

PLACE = "branches/main/protection"
OFF: dict[str, Any] = {"required_status_checks": None, "enforce_admins": None, "required_pull_request_reviews": None,
                       "restrictions": None}  # fmt: skip
SWITCHES = ("required_linear_history", "allow_force_pushes", "allow_deletions", "block_creations",
            "required_conversation_resolution", "lock_branch", "allow_fork_syncing")  # fmt: skip


def shown(hosted: Hosted, path: str) -> Any:  # noqa: ANN401
    answer = hosted.ask("GET", path)
    assert answer.status == 200, answer.body
    return answer.json()


def test_a_null_section_is_no_key_and_a_boolean_an_object(shared: Hosted) -> None:
    assert shared.ask("PUT", PLACE, OFF).status == 200
    found = shown(shared, PLACE)
    assert not {"required_status_checks", "required_pull_request_reviews", "restrictions"} & set(found)
    assert {name: found[name] for name in SWITCHES} == {name: {"enabled": False} for name in SWITCHES}
    assert found["enforce_admins"]["enabled"] is False


def test_put_replaces_everything_but_signatures(shared: Hosted) -> None:
    full = {**OFF, "enforce_admins": True, "required_linear_history": True,
            "required_pull_request_reviews": {"required_approving_review_count": 2}}  # fmt: skip
    assert shared.ask("PUT", PLACE, full).status == 200
    assert shared.ask("POST", f"{PLACE}/required_signatures").status == 200
    assert shared.ask("PUT", PLACE, OFF).status == 200
    found = shown(shared, PLACE)
    assert found["required_signatures"]["enabled"] is True
    assert found["required_linear_history"] == {"enabled": False}
    assert "required_pull_request_reviews" not in found
    assert shared.ask("DELETE", f"{PLACE}/required_signatures").status == 204


_CHECKS = st.lists(st.sampled_from(["a", "b c", "test (3.8)"]), unique=True).map(
    lambda names: [{"context": name, "app_id": number * 7 or -1} for number, name in enumerate(names)]
)


@given(
    st.fixed_dictionaries({
        "required_status_checks": st.none() | st.fixed_dictionaries({
            "strict": st.booleans(), "contexts": st.just([]), "checks": _CHECKS}),
        "enforce_admins": st.booleans(),
        "required_pull_request_reviews": st.none() | st.fixed_dictionaries({
            "required_approving_review_count": st.integers(0, 6), "dismiss_stale_reviews": st.booleans(),
            "require_code_owner_reviews": st.booleans(), "require_last_push_approval": st.booleans()}),
        "restrictions": st.none(),
        **{name: st.booleans() for name in SWITCHES},
    })
)  # fmt: skip
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_put_is_what_is_got(shared: Hosted, wanted: dict[str, Any]) -> None:
    assert shared.ask("PUT", PLACE, wanted).status == 200
    found = shown(shared, PLACE)
    assert {name: found[name]["enabled"] for name in (*SWITCHES, "enforce_admins")} == {
        name: wanted[name] for name in (*SWITCHES, "enforce_admins")
    }
    checks, reviews = wanted["required_status_checks"], wanted["required_pull_request_reviews"]
    if checks is None:
        assert "required_status_checks" not in found
    else:
        given_checks = [{**one, "app_id": None if one["app_id"] == -1 else one["app_id"]} for one in checks["checks"]]
        assert found["required_status_checks"]["checks"] == given_checks
        assert found["required_status_checks"]["contexts"] == [one["context"] for one in given_checks]
        assert found["required_status_checks"]["strict"] is checks["strict"]
    if reviews is not None:
        assert reviews.items() <= found["required_pull_request_reviews"].items()


def test_a_check_has_to_come_from_where_it_came_last(hosted: Hosted) -> None:
    sha = hosted.begin().git("rev-parse", "HEAD")
    body = {"name": "ci", "head_sha": sha, "conclusion": "success"}
    assert hosted.ask("POST", "check-runs", body, "actions").status == 201
    for given_checks, app in (
        ({"contexts": ["ci"]}, 15368),
        ({"contexts": [], "checks": [{"context": "ci", "app_id": -1}]}, None),
    ):
        assert (
            hosted.ask("PUT", PLACE, {**OFF, "required_status_checks": {"strict": True, **given_checks}}).status == 200
        )
        assert shown(hosted, PLACE)["required_status_checks"]["checks"] == [{"context": "ci", "app_id": app}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "required_status_checks"),
        ({**OFF, "required_pull_request_reviews": {"required_approving_review_count": 7}}, "between 0 and 6"),
        ({**OFF, "lock_branch": "yes"}, "lock_branch"),
        ({**OFF, "surprise": True}, "surprise"),
        (
            {**OFF, "required_pull_request_reviews": {"dismissal_restrictions": {"users": ["mona"]}}},
            "Only organization",
        ),
    ],
)
def test_protection_that_is_refused(shared: Hosted, body: dict[str, Any], message: str) -> None:
    answer = shared.ask("PUT", PLACE, body)
    assert answer.status == 422
    assert message.encode() in answer.body
    assert shared.ask("PUT", "branches/nothing/protection", OFF).status == 404


def test_an_organization_may_name_people(hosted: Hosted) -> None:
    hosted.begin()
    with hosted.github.changing() as data:
        data["users"]["octo"]["type"] = "Organization"
        crew = {"id": 7, "slug": "crew", "permission": "push", "members": ["mona"]}
        data["repositories"][REPOSITORY]["teams"].append(crew)
        data["users"]["octo"]["owners"] = ["hubot"]
    people = {"users": ["mona"], "teams": ["crew"], "apps": ["app-7"]}
    reviews = {"required_approving_review_count": 1, "dismissal_restrictions": people,
               "bypass_pull_request_allowances": people}  # fmt: skip
    boss = hosted.github.add_token("hubot")
    assert hosted.ask("PUT", PLACE, {**OFF, "required_pull_request_reviews": reviews}, boss).status == 200
    found: Any = hosted.ask("GET", PLACE, None, boss).json()
    for name in ("dismissal_restrictions", "bypass_pull_request_allowances"):
        actors = found["required_pull_request_reviews"][name]
        assert [one["slug"] for one in actors["teams"]] == ["crew"]
        assert [one["id"] for one in actors["apps"]] == [7]
    names: Any = hosted.ask("GET", "collaborators", None, boss).json()
    assert [one["login"] for one in names] == ["hubot", "mona"]
    # Whoever may pass the review requirement by pushes.
    clone = hosted.clone("passing")
    clone.commit("direct", {"d.txt": "d"})
    assert hosted.push(clone, "main")[0]
    bypass = [{"actor_id": number, "actor_type": kind, "bypass_mode": "always"}
              for number, kind in ((1, "OrganizationAdmin"), (7, "Team"), (15368, "Integration"))]  # fmt: skip
    rules = {"name": "o", "enforcement": "active", "bypass_actors": bypass,
             "rules": [{"type": "merge_queue", "parameters": {
                 "check_response_timeout_minutes": 60, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5,
                 "max_entries_to_merge": 5, "merge_method": "SQUASH", "min_entries_to_merge": 1,
                 "min_entries_to_merge_wait_minutes": 5}}]}  # fmt: skip
    made: Any = hosted.ask("POST", "rulesets", rules, boss).json()
    assert made["current_user_can_bypass"] == "always"


def rules_refused(hosted: Hosted, **more: object) -> bytes:
    answer = hosted.ask("POST", "rulesets", {"name": "r", "enforcement": "active", **more})
    assert answer.status == 422, answer.body
    return answer.body


def test_rulesets_that_are_refused(shared: Hosted) -> None:
    assert b"Please upgrade to Enterprise" in rules_refused(shared, enforcement="evaluate")
    assert b"not included in the list" in rules_refused(shared, enforcement="sometimes")
    assert b"`enforcement`" in shared.ask("POST", "rulesets", {"name": "r"}).body
    assert b"Invalid rule 'flying'" in rules_refused(shared, rules=[{"type": "flying"}])
    assert b"Invalid rule 'merge_queue'" in rules_refused(shared, rules=[{"type": "merge_queue"}])
    assert b"Invalid rule 'pull_request'" in rules_refused(shared, rules=[{"type": "pull_request"}])
    many = {"dismiss_stale_reviews_on_push": True, "require_code_owner_review": False,
            "require_last_push_approval": False, "required_review_thread_resolution": False,
            "required_approving_review_count": 11}  # fmt: skip
    assert b"between 0 and 10" in rules_refused(shared, rules=[{"type": "pull_request", "parameters": many}])
    odd = {"update_allows_fetch_and_merge": True, "more": 1}
    assert b"not a known parameter" in rules_refused(shared, rules=[{"type": "update", "parameters": odd}])
    actor = {"actor_id": 15368, "actor_type": "Integration"}
    assert b"must be part of the ruleset source" in rules_refused(shared, bypass_actors=[actor])
    made: Any = shared.ask("POST", "rulesets", {"name": "twice", "enforcement": "active"}).json()
    assert b"Name must be unique" in rules_refused(shared, name="twice")
    assert shared.ask("DELETE", f"rulesets/{made['id']}").status == 204
    assert shared.ask("PUT", f"rulesets/{made['id']}", {}).status == 404


def test_rulesets_of_the_organization_are_seen_and_not_changed(shared: Hosted) -> None:
    own: Any = shared.ask(
        "POST", "rulesets", {"name": "own", "enforcement": "active", "rules": [{"type": "update"}]}
    ).json()
    parent = {**shared.state["rulesets"][0], "id": 1, "name": "theirs", "source_type": "Organization",
              "conditions": {"ref_name": {"include": ["~ALL"], "exclude": []}}, "rules": [{"type": "deletion"}],
              "source": "octo"}  # fmt: skip
    shared.change(rulesets=[*shared.state["rulesets"], parent])
    try:
        names = [one["name"] for one in shown(shared, "rulesets")]
        assert names == ["own", "theirs"]
        assert [one["name"] for one in shown(shared, "rulesets?includes_parents=false")] == ["own"]
        assert "rules" not in shown(shared, "rulesets")[0]
        assert shared.ask("DELETE", "rulesets/1").status == 404
        assert [(one["type"], one["ruleset_source"]) for one in shown(shared, "rules/branches/any/branch")] == [
            ("deletion", "octo")
        ]
        changed: Any = shared.ask(
            "PUT", f"rulesets/{own['id']}", {"bypass_actors": [], "rules": [{"type": "update"}]}
        ).json()
        assert changed["enforcement"] == "active"
        # GitHub fills in what was not said.
        assert changed["rules"] == [{"type": "update", "parameters": {"update_allows_fetch_and_merge": False}}]
    finally:
        shared.change(rulesets=[])


def test_environments(shared: Hosted) -> None:
    place = "environments/pypi%2Fpublishing"
    both = {"protected_branches": True, "custom_branch_policies": True}
    for body in ({"deployment_branch_policy": both}, {"wait_timer": 50_000},
                 {"reviewers": [{"type": "User", "id": 999_999}]},
                 {"reviewers": [{"type": "User", "id": number} for number in range(7)]}):  # fmt: skip
        assert shared.ask("PUT", place, body).status == 422
    number = shared.github.store.data["users"]["mona"]["id"]
    full = {"wait_timer": 30, "prevent_self_review": True, "reviewers": [{"type": "User", "id": number}],
            "deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}  # fmt: skip
    assert shared.ask("PUT", place, full).status == 200
    found = shown(shared, place)
    assert found["name"] == "pypi/publishing"
    assert [one["type"] for one in found["protection_rules"]] == ["wait_timer", "required_reviewers", "branch_policy"]
    assert found["protection_rules"][1]["reviewers"][0]["reviewer"]["login"] == "mona"
    assert shared.ask("POST", f"{place}/deployment-branch-policies", {"name": "main"}).status == 404
    # What is not said is off.
    assert shared.ask("PUT", place, None).status == 200
    assert shown(shared, place)["protection_rules"] == []
    crew = {"id": 7, "slug": "crew", "permission": "push", "members": []}
    shared.change(teams=[crew])
    assert shared.ask("PUT", place, {"reviewers": [{"type": "Team", "id": 7}]}).status == 200
    assert shown(shared, place)["protection_rules"][0]["reviewers"][0]["reviewer"]["slug"] == "crew"
    assert shared.ask("DELETE", place).status == 204
    shared.change(teams=[])


def test_secrets_have_names_and_ages_only(shared: Hosted) -> None:
    secret = {"name": "PYPI_TOKEN", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-02-01T00:00:00Z"}
    shared.change(secrets={"actions": [{**secret, "value": "s3cr3t"}], "organization": [], "dependabot": []})
    answer = shared.ask("GET", "actions/secrets")
    assert answer.json() == {"total_count": 1, "secrets": [secret]}
    assert b"s3cr3t" not in answer.body


def test_switches_depend_on_each_other(shared: Hosted) -> None:
    refused = shared.ask("PUT", "automated-security-fixes")
    assert (refused.status, b"Vulnerability alerts must be enabled" in refused.body) == (422, True)
    for name in ("vulnerability-alerts", "automated-security-fixes"):
        assert shared.ask("PUT", name).status == 204
    assert shown(shared, "")["security_and_analysis"]["dependabot_security_updates"] == {"status": "enabled"}
    assert shared.ask("DELETE", "vulnerability-alerts").status == 204
    assert shown(shared, "automated-security-fixes") == {"enabled": False, "paused": False}
    assert b"Vulnerability alerts are disabled." in shared.ask("GET", "vulnerability-alerts").body


def test_the_repository(shared: Hosted) -> None:
    def scanning(states: dict[str, str]) -> int:
        body = {"security_and_analysis": {name: {"status": state} for name, state in states.items()}}
        return shared.ask("PATCH", "", body).status

    assert scanning({"secret_scanning": "disabled"}) == 200
    found = shown(shared, "")["security_and_analysis"]
    assert found["secret_scanning_push_protection"] == {"status": "disabled"}
    # Taken without a word, and nothing has changed.
    assert scanning({"secret_scanning_ai_detection": "enabled"}) == 200
    assert "secret_scanning_ai_detection" not in shown(shared, "")["security_and_analysis"]
    assert scanning({"secret_scanning": "perhaps"}) == 422
    assert scanning({"advanced_security": "enabled"}) == 422
    assert shared.ask("PATCH", "", {"name": "other"}).status == 422
    assert shared.ask("PATCH", "", {"visibility": "private"}).status == 200
    assert shown(shared, "")["private"] is True
    assert shared.ask("PATCH", "", {"private": False}).status == 200


def test_actions(shared: Hosted) -> None:
    assert shared.ask("PUT", "actions/permissions", {"enabled": True, "allowed_actions": "some"}).status == 422
    assert shared.ask("PUT", "actions/permissions", {"enabled": False}).status == 204
    assert shown(shared, "actions/permissions") == {"enabled": False}
    assert shared.ask("PUT", "actions/permissions", {"enabled": True}).status == 204
    assert shown(shared, "actions/permissions")["allowed_actions"] == "all"
    assert shared.ask("PUT", "actions/permissions/selected-actions", {"verified_allowed": True}).status == 409


def test_default_setup(shared: Hosted) -> None:
    assert shown(shared, "code-scanning/default-setup")["state"] == "not-configured"
    assert shared.ask("PATCH", "code-scanning/default-setup", {"state": "configured"}).status == 202
    assert shown(shared, "code-scanning/default-setup")["schedule"] == "weekly"
    assert shared.ask("PATCH", "code-scanning/default-setup", {"state": "not-configured"}).status == 200


def test_branches(shared: Hosted) -> None:
    assert (
        shared.ask("PUT", PLACE, {**OFF, "required_status_checks": {"strict": True, "contexts": ["ci"]}}).status == 200
    )
    assert [one["name"] for one in shown(shared, "branches?protected=true")] == ["main"]
    assert "main" not in [one["name"] for one in shown(shared, "branches?protected=false")]
    seen: Any = shared.ask("GET", "branches/main", None, None).json()
    assert seen["protection"]["required_status_checks"]["enforcement_level"] == "non_admins"
    assert shared.ask("DELETE", PLACE).status == 204
    assert shared.ask("DELETE", PLACE).status == 404
