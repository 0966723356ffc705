"""Who may see and do what: 401, 403 and 404 as GitHub gives them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hosted import Hosted

PROTECTION = "branches/main/protection"


def said(hosted: Hosted, path: str, who: str | None) -> tuple[int, str]:
    answer = hosted.ask("GET", path, None, who)
    body: Any = answer.json() if answer.body else {}
    return answer.status, body.get("message", "") if isinstance(body, dict) else ""


def test_a_token_that_nobody_has(shared: Hosted) -> None:
    assert said(shared, "", "ghp_unknown") == (401, "Bad credentials")
    assert shared.client("ghp_unknown").get("meta").status == 401


@pytest.mark.parametrize(
    ("who", "path", "status", "message"),
    [
        (None, PROTECTION, 401, "Requires authentication"),
        (None, "rulesets", 200, ""),
        (None, "collaborators", 403, "Must have push access to view repository collaborators."),
        ("hubot", PROTECTION, 404, "Not Found"),
        ("hubot", "actions/secrets", 403, "Must have collaborator access to repository"),
        ("mona", PROTECTION, 404, "Not Found"),
        ("mona", "actions/permissions", 404, "Not Found"),
        ("mona", "collaborators", 200, ""),
        ("octo", PROTECTION, 404, "Branch not protected"),
        ("octo", "branches/nothing", 404, "Branch not found"),
        ("octo", "environments/nothing", 404, "Not Found"),
        ("octo", "environments/nothing/secrets", 404, "Not Found"),
        ("octo", "commits/nothing/check-runs", 422, "No commit found for SHA: nothing"),
        ("octo", "compare/main...nothing", 404, "Not Found"),
        ("octo", "commits?sha=nothing", 404, "Not Found"),
        ("octo", "git/ref/heads/nothing", 404, "Not Found"),
        ("octo", "git/tags/main", 404, "Not Found"),
        ("octo", "releases/7", 404, "Not Found"),
        ("octo", "actions/permissions/selected-actions", 409, "Allowed actions are not set to selected"),
    ],
)
def test_on_a_public_repository(shared: Hosted, who: str | None, path: str, status: int, message: str) -> None:
    assert said(shared, path, who) == (status, message)


def test_a_private_repository_does_not_exist_for_strangers(shared: Hosted) -> None:
    shared.change(private=True, plan="pro")
    try:
        stranger = shared.github.add_token("mallory")
        for who in (None, stranger):
            assert said(shared, "", who) == (404, "Not Found")
        assert said(shared, "", "hubot")[0] == 200
        assert shared.ask("POST", "issues", {"title": "t"}, "hubot").status == 404
        assert shared.client().get("search/issues", q="t").status == 200
    finally:
        shared.change(private=False, plan="free")


@pytest.mark.parametrize(
    ("kind", "permissions", "path", "status"),
    [
        ("fine-grained", {}, PROTECTION, 403),
        ("fine-grained", {"contents": "write"}, PROTECTION, 403),
        ("fine-grained", {"administration": "read"}, PROTECTION, 404),
        ("fine-grained", {}, "rulesets", 200),
        ("fine-grained", {}, "actions/secrets", 403),
        ("fine-grained", {"secrets": "read"}, "actions/secrets", 200),
        ("app", {}, PROTECTION, 403),
        ("app", {"administration": "write"}, "actions/permissions", 200),
        ("workflow", {"contents": "write"}, PROTECTION, 403),
        ("workflow", {"contents": "write"}, "environments", 200),
    ],
)
def test_named_permissions(shared: Hosted, kind: str, permissions: dict[str, str], path: str, status: int) -> None:
    token = shared.github.add_token("octo", kind, permissions)
    answer = shared.ask("GET", path, None, token)
    assert answer.status == status
    if status == 403:
        whose = "personal access token" if kind == "fine-grained" else "integration"
        assert f"Resource not accessible by {whose}".encode() in answer.body
        wanted = "secrets=read" if "secrets" in path else "administration=read"
        assert answer.headers["x-accepted-github-permissions"] == wanted


def test_reading_is_not_writing(shared: Hosted) -> None:
    token = shared.github.add_token("octo", "fine-grained", {"administration": "read"})
    answer = shared.ask("PUT", "vulnerability-alerts", None, token)
    assert (answer.status, answer.headers["x-accepted-github-permissions"]) == (403, "administration=write")
    assert shared.state["security"]["vulnerability-alerts"] is False
    assert shared.ask("DELETE", PROTECTION, None, "hubot").status == 404


def test_a_fine_grained_token_of_a_writer_is_no_administrators(shared: Hosted) -> None:
    token = shared.github.add_token("mona", "fine-grained", {"administration": "write"})
    assert shared.ask("GET", PROTECTION, None, token).status == 403


def test_a_token_for_other_repositories_sees_nothing_private(shared: Hosted) -> None:
    token = shared.github.add_token("octo", "fine-grained", {"administration": "write"}, repositories=["octo/other"])
    assert shared.ask("GET", PROTECTION, None, token).status == 403
    shared.change(private=True, plan="pro")
    try:
        assert said(shared, "", token) == (404, "Not Found")
    finally:
        shared.change(private=False, plan="free")


def test_the_plan_decides(shared: Hosted) -> None:
    upgrade = "Upgrade to GitHub Pro or make this repository public to enable this feature."
    shared.change(private=True)
    try:
        for path in (PROTECTION, "rulesets", "rulesets/1", "rules/branches/main"):
            assert said(shared, path, "octo") == (403, upgrade)
        assert said(shared, "code-scanning/default-setup", "octo")[0] == 403
        assert said(shared, "private-vulnerability-reporting", "octo")[0] == 422
        repository: Any = shared.ask("GET", "").json()
        assert set(repository["security_and_analysis"]) <= {
            "dependabot_security_updates", "secret_scanning", "secret_scanning_push_protection",
            "secret_scanning_non_provider_patterns", "secret_scanning_validity_checks"}  # fmt: skip
        number = shared.github.store.data["users"]["octo"]["id"]
        body = {"reviewers": [{"type": "User", "id": number}]}
        refused = shared.ask("PUT", "environments/release", body)
        assert refused.status == 422
        assert b"billing plan supports the required reviewers protection rule" in refused.body
        # Refused, and there nevertheless: without anybody who reviews.
        made: Any = shared.ask("GET", "environments/release").json()
        assert made["protection_rules"] == []
    finally:
        shared.change(private=False)


def test_settings_are_for_administrators(shared: Hosted) -> None:
    def keys(who: str | None) -> set[str]:
        found: Any = shared.ask("GET", "", None, who).json()
        return set(found)

    seen = {who: keys(who) for who in (None, "hubot", "mona", "octo")}
    assert "permissions" not in seen[None]
    assert "permissions" in seen["hubot"]
    assert "allow_squash_merge" not in seen["hubot"]
    assert "allow_squash_merge" in seen["mona"]
    assert "security_and_analysis" not in seen["mona"]
    assert "security_and_analysis" in seen["octo"]


def test_the_bypass_list_is_for_who_may_change_it(shared: Hosted) -> None:
    admins = [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]
    body = {"name": "hidden", "enforcement": "disabled", "bypass_actors": admins, "rules": [{"type": "deletion"}]}
    made: Any = shared.ask("POST", "rulesets", body).json()
    read = shared.github.add_token("octo", "fine-grained", {"administration": "read"})
    for who, sees in (("octo", True), ("mona", False), (read, False), (None, False)):
        seen: Any = shared.ask("GET", f"rulesets/{made['id']}", None, who).json()
        assert ("bypass_actors" in seen) is sees
        assert seen["rules"] == [{"type": "deletion"}]
    assert shared.ask("DELETE", f"rulesets/{made['id']}").status == 204


def test_who_asks(shared: Hosted) -> None:
    assert shared.client(None).get("user").status == 401
    assert shared.client("actions").get("user").status == 403
    assert shared.client().get("users/nobody").status == 404
    assert shared.client().get("apps/nothing").status == 404
    roles = {"octo": ("admin", "admin"), "mona": ("write", "write"), "hubot": ("read", "read")}
    shared.change(collaborators={"mona": "maintain", "hubot": "triage"})
    try:
        for who, (legacy, role) in {**roles, "mona": ("write", "maintain"), "hubot": ("read", "triage")}.items():
            found: Any = shared.ask("GET", f"collaborators/{who}/permission").json()
            assert (found["permission"], found["role_name"]) == (legacy, role)
        direct: Any = shared.ask("GET", "collaborators?affiliation=direct&permission=push").json()
        assert [one["login"] for one in direct] == ["mona"]
    finally:
        shared.change(collaborators={"mona": "push", "hubot": "pull"})
