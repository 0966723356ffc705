"""`lockgate push` at a repository that is protected as on GitHub: refused with GitHub's words, and let in elsewhere."""

from __future__ import annotations

import pytest

from tests.contract import checked
from tests.hosted import REPOSITORY, Hosted, hosted

__all__ = ["checked", "hosted"]
pytestmark = pytest.mark.usefixtures("own_git", "checked")

OFF = {"required_status_checks": None, "enforce_admins": True, "restrictions": None}
CONDITIONS = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
PULL = {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": True, "require_code_owner_review": False,
        "require_last_push_approval": False, "required_review_thread_resolution": False}  # fmt: skip


@pytest.mark.parametrize("kind", ["classic", "ruleset"])
def test_the_protected_branch_stays_human(hosted: Hosted, kind: str) -> None:
    hosted.begin()
    clone = hosted.clone("bot", "actions")
    if kind == "classic":
        body = {**OFF, "required_pull_request_reviews": {"required_approving_review_count": 1}}
        assert hosted.ask("PUT", "branches/main/protection", body).status == 200
    else:
        rules = [{"type": "pull_request", "parameters": PULL}]
        ruleset = {"name": "main", "enforcement": "active", "conditions": CONDITIONS, "rules": rules}
        assert hosted.ask("POST", "rulesets", ruleset).status == 201
    clone.commit("report", {"report.json": "{}\n"})
    refused = clone.push()
    assert refused.code == 4
    assert ("GH006" if kind == "classic" else "GH013") in refused.err
    assert "Changes must be made through a pull request." in refused.err
    assert "--branch NAME" in refused.err
    assert hosted.tokens["actions"] not in refused.err + refused.out
    taken = clone.push("--branch", "lockgate-reports")
    assert taken.code == 0, taken.err
    branches = [one["name"] for one in hosted.client().pages(f"repos/{REPOSITORY}/branches")]
    assert branches == ["lockgate-reports", "main"]


def test_a_token_without_the_permission(hosted: Hosted) -> None:
    hosted.begin()
    hosted.tokens["reader"] = hosted.github.add_token("github-actions[bot]", "workflow", {"contents": "read"})
    clone = hosted.clone("bot", "reader")
    clone.commit("report", {"report.json": "{}\n"})
    refused = clone.push()
    assert (refused.code, "permissions: contents: write" in refused.err) == (4, True), refused.err
