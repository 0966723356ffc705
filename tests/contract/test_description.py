"""Every operation of the embedded GitHub, used as its clients do, against GitHub's own description."""

from __future__ import annotations

import os
import urllib.parse
from typing import Any

import pytest

from lockgate.loopback.github.routes import TABLE
from lockgate.ports.http import exchange
from lockgate.ports.service import Reply, Request
from tests.contract import described
from tests.contract.description import Description
from tests.hosted import REPOSITORY, Hosted

pytestmark = pytest.mark.usefixtures("own_git")

CHECKS = {"strict": True, "contexts": [], "checks": [{"context": "ci"}, {"context": "lint", "app_id": -1}]}
REVIEWS = {"dismiss_stale_reviews": True, "require_code_owner_reviews": False, "required_approving_review_count": 1}
PROTECTION = {
    "required_status_checks": CHECKS, "enforce_admins": True, "required_pull_request_reviews": REVIEWS,
    "restrictions": None, "required_linear_history": True, "allow_force_pushes": False, "allow_deletions": False,
}  # fmt: skip
RULES = [
    {"type": "deletion"}, {"type": "non_fast_forward"}, {"type": "required_linear_history"}, {"type": "update"},
    {"type": "required_signatures"}, {"type": "creation"},
    {"type": "pull_request", "parameters": {
        "dismiss_stale_reviews_on_push": True, "require_code_owner_review": False, "require_last_push_approval": False,
        "required_approving_review_count": 1, "required_review_thread_resolution": False}},
    {"type": "required_status_checks", "parameters": {
        "strict_required_status_checks_policy": True, "required_status_checks": [{"context": "ci"}]}},
]  # fmt: skip
RULESET = {
    "name": "main", "target": "branch", "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}, "rules": RULES,
    "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "pull_request"}],
}  # fmt: skip


@pytest.fixture
def description() -> Description:
    known = described()
    if isinstance(known, Description):
        return known
    if os.environ.get("CI"):
        pytest.fail(f"the contract with GitHub was not checked: {known}")
    pytest.skip(f"the contract with GitHub was NOT checked: {known}")


def test_every_operation_is_one_of_githubs(description: Description) -> None:
    assert description.missing == []


def test_every_operation_keeps_the_contract(
    description: Description, hosted: Hosted, checked: list[tuple[Request, Reply]]
) -> None:
    everything(hosted)
    done = set()
    for request, reply in checked:
        short = urllib.parse.urlsplit(request.target).path.removeprefix("/api/v3").removeprefix("/api/uploads")
        route = next((one for one in TABLE if one.method == request.method and one.pattern.fullmatch(short)), None)
        if route and reply.status < 300:
            done.add(f"{route.method} {route.template}")
    assert {f"{one.method} {one.template}" for one in TABLE} - done == set()
    assert len(description.operations) > 80
    assert [reply.body for _, reply in checked if reply.status >= 500] == []


def everything(hosted: Hosted) -> None:
    """Use all operations once with success at least."""
    begun = hosted.begin()
    sha = begun.git("rev-parse", "HEAD")
    settings(hosted)
    topic(hosted, begun, sha)
    publishing(hosted, sha)
    issues(hosted)


def ok(hosted: Hosted, method: str, path: str, body: object = None, who: str | None = "octo") -> Any:  # noqa: ANN401
    answer = hosted.ask(method, path, body, who)
    assert answer.status < 300, (method, path, answer.status, answer.body)
    return answer.json() if answer.body else None


def settings(hosted: Hosted) -> None:
    for path in ("", "branches", "branches/main", "collaborators", "collaborators/mona/permission", "teams",
                 "environments", "rulesets", "pulls", "releases", "issues", "actions/secrets", "dependabot/secrets",
                 "actions/organization-secrets", "code-scanning/default-setup"):  # fmt: skip
        ok(hosted, "GET", path)
    ok(hosted, "PATCH", "", {"allow_merge_commit": False, "description": "d",
                             "security_and_analysis": {"secret_scanning": {"status": "enabled"}}})  # fmt: skip
    place = "branches/main/protection"
    ok(hosted, "PUT", place, PROTECTION)
    ok(hosted, "GET", place)
    ok(hosted, "GET", "branches/main")
    ok(hosted, "POST", f"{place}/required_signatures")
    ok(hosted, "GET", f"{place}/required_signatures")
    ok(hosted, "DELETE", f"{place}/required_signatures")
    ok(hosted, "DELETE", f"{place}/enforce_admins")
    ok(hosted, "POST", f"{place}/enforce_admins")
    ok(hosted, "GET", f"{place}/enforce_admins")
    ok(hosted, "DELETE", place)
    rulesets_and_environments(hosted)
    switches(hosted)


def rulesets_and_environments(hosted: Hosted) -> None:
    made = ok(hosted, "POST", "rulesets", RULESET)
    ok(hosted, "GET", f"rulesets/{made['id']}")
    ok(hosted, "GET", "rulesets")
    ok(hosted, "GET", "rules/branches/main")
    ok(hosted, "PUT", f"rulesets/{made['id']}", {"enforcement": "disabled"})
    ok(hosted, "DELETE", f"rulesets/{made['id']}")
    identity = hosted.github.store.data["users"]["octo"]["id"]
    policy = {"protected_branches": False, "custom_branch_policies": True}
    reviewers = [{"type": "User", "id": identity}]
    place = "environments/pypi-publishing"
    ok(hosted, "PUT", place, {"wait_timer": 5, "reviewers": reviewers, "deployment_branch_policy": policy})
    ok(hosted, "GET", place)
    ok(hosted, "GET", "environments")
    ok(hosted, "GET", f"{place}/secrets")
    made = ok(hosted, "POST", f"{place}/deployment-branch-policies", {"name": "v*", "type": "tag"})
    # The same again: GitHub points to the one that is there.
    again = hosted.ask("POST", f"{place}/deployment-branch-policies", {"name": "v*", "type": "tag"})
    assert again.status == 303  # it is there already
    ok(hosted, "GET", f"{place}/deployment-branch-policies")
    ok(hosted, "GET", f"{place}/deployment-branch-policies/{made['id']}")
    ok(hosted, "PUT", f"{place}/deployment-branch-policies/{made['id']}", {"name": "release/*"})
    ok(hosted, "DELETE", f"{place}/deployment-branch-policies/{made['id']}")
    ok(hosted, "DELETE", place)


def switches(hosted: Hosted) -> None:
    place = "actions/permissions"
    ok(hosted, "PUT", place, {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True})
    ok(hosted, "PUT", f"{place}/selected-actions", {"patterns_allowed": ["octo/*"]})
    ok(hosted, "PUT", f"{place}/workflow", {"default_workflow_permissions": "read"})
    for part in ("", "/selected-actions", "/workflow"):
        ok(hosted, "GET", f"{place}{part}")
    for name in ("vulnerability-alerts", "automated-security-fixes", "private-vulnerability-reporting",
                 "immutable-releases"):  # fmt: skip
        ok(hosted, "PUT", name)
        ok(hosted, "GET", name)
    for name in ("automated-security-fixes", "vulnerability-alerts", "private-vulnerability-reporting",
                 "immutable-releases"):  # fmt: skip
        ok(hosted, "DELETE", name)
    assert hosted.ask("GET", "vulnerability-alerts").status == 404
    ok(hosted, "PATCH", "code-scanning/default-setup", {"state": "configured", "query_suite": "extended"})
    hosted.github.add_user("acme", kind="Organization", owners=["octo"])
    hosted.github.add_repository("acme/other", private=True, plan="team")
    with hosted.github.changing() as data:
        crew = {"id": 7, "slug": "crew", "permission": "push", "members": ["mona"]}
        data["repositories"]["acme/other"]["teams"].append(crew)
    for path in ("users/mona", "user", "meta", "rate_limit", "apps/github-actions", "orgs/acme/teams/crew",
                 "repos/acme/other/teams", "repos/acme/other/collaborators"):  # fmt: skip
        assert hosted.client().get(path).status == 200, path


def topic(hosted: Hosted, begun: Any, sha: str) -> None:  # noqa: ANN401
    begun.git("checkout", "-q", "-b", "topic")
    tip = begun.commit("Add a file", {"a.txt": "a\nb\n"})
    assert hosted.push(begun, "topic")[0]
    opened = ok(hosted, "POST", "pulls", {"title": "Add", "head": "topic", "base": "main"}, "mona")
    place = f"pulls/{opened['number']}"
    assert (opened["mergeable_state"], opened["head"]["sha"], opened["commits"]) == ("clean", tip, 1)
    ok(hosted, "PATCH", place, {"title": "Add a file"}, "mona")
    assert ok(hosted, "GET", f"{place}/files")[0]["filename"] == "a.txt"
    assert ok(hosted, "GET", f"{place}/commits")[0]["sha"] == tip
    ok(hosted, "POST", f"{place}/reviews", {"event": "APPROVE"})
    ok(hosted, "GET", f"{place}/reviews")
    ok(hosted, "POST", "check-runs", {"name": "ci", "head_sha": tip, "conclusion": "success"}, "actions")
    ok(hosted, "POST", f"statuses/{tip}", {"state": "success", "context": "docs"}, "mona")
    for part in ("check-runs", "check-suites", "statuses", "status"):
        ok(hosted, "GET", f"commits/topic/{part}")
    ok(hosted, "GET", f"compare/{sha}...topic")
    ok(hosted, "PUT", f"{place}/merge", {"merge_method": "squash"})
    assert ok(hosted, "GET", place)["merged"] is True
    assert [one["number"] for one in ok(hosted, "GET", "pulls?state=closed&sort=updated&direction=desc")] == [1]


def publishing(hosted: Hosted, sha: str) -> None:
    about = {"tag": "v1", "message": "One", "object": sha, "type": "commit",
             "tagger": {"name": "octo", "email": "octo@example.org"}}  # fmt: skip
    tag = ok(hosted, "POST", "git/tags", about)
    ok(hosted, "GET", f"git/tags/{tag['sha']}")
    ok(hosted, "POST", "git/refs", {"ref": "refs/tags/v1", "sha": tag["sha"]})
    ok(hosted, "GET", "git/ref/tags/v1")
    ok(hosted, "GET", f"commits?sha={sha}")
    ok(hosted, "DELETE", "git/refs/heads/topic")
    made = ok(hosted, "POST", "releases", {"tag_name": "v1", "draft": True, "name": "1", "body": "notes"})
    place = f"releases/{made['id']}"
    upload = made["upload_url"].partition("{")[0] + "?name=a.whl"
    headers = {"Authorization": f"Bearer {hosted.tokens['octo']}", "Content-Type": "application/zip", "User-Agent": "t"}
    uploaded = exchange("POST", upload, headers=headers, body=b"PK")
    assert uploaded.status == 201
    asset: Any = uploaded.json()
    ok(hosted, "GET", f"{place}/assets")
    ok(hosted, "GET", f"releases/assets/{asset['id']}")
    bytes_of = exchange("GET", asset["url"], headers={**headers, "Accept": "application/octet-stream"})
    assert bytes_of.body == b"PK"
    ok(hosted, "PATCH", place, {"draft": False})
    for path in (place, "releases/latest", "releases/tags/v1"):
        assert ok(hosted, "GET", path)["tag_name"] == "v1"
    ok(hosted, "DELETE", f"releases/assets/{asset['id']}")
    ok(hosted, "DELETE", place)


def issues(hosted: Hosted) -> None:
    made = ok(hosted, "POST", "issues", {"title": "lockgate: the scan fails", "body": "b", "labels": ["lockgate"]})
    place = f"issues/{made['number']}"
    ok(hosted, "POST", f"{place}/comments", {"body": "still"})
    ok(hosted, "PATCH", place, {"state": "closed"})
    found: Any = hosted.client().get("search/issues", q=f"repo:{REPOSITORY} is:closed in:title lockgate scan").json()
    assert found["total_count"] == 1


def test_a_departure_from_the_description_is_found(description: Description) -> None:
    """The checker itself can fail: unknown keys, parameters, statuses, shapes."""
    place = f"/api/v3/repos/{REPOSITORY}"

    def wrong(method: str, path: str, body: bytes | None, reply: Reply) -> str:
        asked = Request(method=method, target=f"{place}{path}", headers={}, body=body)
        return "\n".join(description.problems(asked, reply))

    empty = Reply(204)
    assert wrong("PUT", "/actions/permissions", b'{"enabled": true, "sha_pinning": true}', empty)
    assert wrong("PUT", "/actions/permissions", b'{"enabled": "yes"}', empty)
    assert wrong("PUT", "/actions/permissions", b'{"allowed_actions": "all"}', empty)
    assert wrong("PUT", "/actions/permissions", b'{"enabled": true}', empty) == ""
    assert wrong("PUT", "/actions/permissions", b'{"enabled": true}', Reply(200, body=b'{"a": 1}'))
    assert "needs a body" in wrong("PUT", "/actions/permissions", None, empty)
    assert "takes no body" in wrong("PUT", "/vulnerability-alerts", b"{}", empty)
    assert "'pages' is not known" in wrong("GET", "/rulesets?pages=2", None, Reply(200, body=b"[]"))
    assert "query parameter per_page" in wrong("GET", "/rulesets?per_page=many", None, Reply(200, body=b"[]"))
    assert wrong("GET", "/rulesets?per_page=5", None, Reply(200, body=b"[]")) == ""
    assert wrong("GET", "/rulesets", None, Reply(200, body=b'[{"id": 1}]'))
    assert wrong("GET", "/actions/permissions", None, Reply(200, body=b'{"enabled": true, "more": 1}'))
    assert "status 418" in wrong("GET", "/rulesets", None, Reply(418, body=b"{}"))
    assert "no such operation" in wrong("GET", "/nothing", None, Reply(404, body=b"{}"))
    nested = b'{"required_status_checks": {"strict": true, "checks": [{"context": "a", "app": 1}]}, "enforce_admins": '
    nested += b'true, "required_pull_request_reviews": null, "restrictions": null}'
    said = wrong("PUT", "/branches/main/protection", nested, Reply(404, body=b'{"message": "x"}'))
    assert said == ""
    assert "'app' was unexpected" in wrong("PUT", "/branches/main/protection", nested, Reply(200, body=b'{"url": "x"}'))
