"""Pull requests merged, or not, by what the server's own state requires."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.loopback.github import merges
from tests.e2e.clones import Clone
from tests.hosted import REPOSITORY, Hosted

OFF = {"required_status_checks": None, "enforce_admins": True, "required_pull_request_reviews": None,
       "restrictions": None}  # fmt: skip
REVIEWS = {"required_approving_review_count": 1, "dismiss_stale_reviews": True}


class Topic:
    """A pull request of mona's with one commit, against main."""

    def __init__(self, hosted: Hosted, files: dict[str, str] | None = None) -> None:
        self.hosted = hosted
        self.main = hosted.begin(files)
        self.clone = hosted.clone("topic")
        self.clone.git("checkout", "-q", "-b", "topic")
        self.number = 0

    def open(self, files: dict[str, str] | None = None, **more: Any) -> Topic:  # noqa: ANN401
        self.push(files or {"a.txt": "a\n"})
        made = self.hosted.ask("POST", "pulls", {"title": "Add", "head": "topic", "base": "main", **more}, "mona")
        assert made.status == 201, made.body
        body: Any = made.json()
        self.number = body["number"]
        return self

    def push(self, files: dict[str, str], who: str = "mona") -> str:
        tip = self.clone.commit("change", files)
        taken, said = self.hosted.push(self.clone, "topic", who=who)
        assert taken, said
        return tip

    def protect(self, **settings: Any) -> None:  # noqa: ANN401
        answer = self.hosted.ask("PUT", "branches/main/protection", {**OFF, **settings})
        assert answer.status == 200, answer.body

    def review(self, event: str, who: str = "octo") -> int:
        return self.hosted.ask("POST", f"pulls/{self.number}/reviews", {"event": event}, who).status

    def merge(self, method: str = "squash", who: str = "octo", **more: Any) -> tuple[int, str]:  # noqa: ANN401
        body = {"merge_method": method, **more}
        answer = self.hosted.ask("PUT", f"pulls/{self.number}/merge", body, who)
        said: Any = answer.json()
        return answer.status, said["message"]

    @property
    def state(self) -> str:
        found: Any = self.hosted.ask("GET", f"pulls/{self.number}").json()
        return str(found["mergeable_state"])


@pytest.fixture
def topic(hosted: Hosted) -> Topic:
    return Topic(hosted)


def subjects(clone: Clone) -> list[str]:
    clone.git("fetch", "-q", "origin")
    return clone.git("log", "--format=%s %P", "origin/main").splitlines()


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_three_methods(topic: Topic, method: str) -> None:
    topic.open()
    topic.push({"b.txt": "b\n"})
    topic.main.commit("meanwhile", {"m.txt": "m\n"})
    topic.hosted.store(topic.main, "main")
    assert topic.state == "clean"
    assert topic.merge(method)[0] == 200
    lines = subjects(topic.clone)
    assert len(lines) == {"merge": 5, "squash": 3, "rebase": 4}[method]
    listed: Any = topic.hosted.ask("GET", "pulls?state=closed&base=main").json()
    assert listed[0]["merged_at"] is not None
    assert topic.merge()[0] == 405


def test_what_is_not_allowed_here(topic: Topic) -> None:
    topic.open()
    topic.hosted.ask("PATCH", "", {"allow_merge_commit": False})
    assert topic.merge("merge") == (405, "Merge commits are not allowed on this repository.")
    assert topic.merge("octopus")[0] == 405
    assert topic.merge(sha="0" * 40) == (409, "Head branch was modified. Review and try the merge again.")
    topic.protect(required_linear_history=True)
    topic.hosted.ask("PATCH", "", {"allow_merge_commit": True})
    assert topic.merge("merge") == (405, "This branch must not contain merge commits.")
    assert topic.merge("rebase")[0] == 200


def test_a_conflict_and_a_draft(topic: Topic) -> None:
    topic.open({"README.md": "theirs\n"}, draft=True)
    assert topic.state == "draft"
    assert topic.merge()[0] == 405
    with topic.hosted.github.changing() as data:
        data["repositories"][REPOSITORY]["pulls"][0]["draft"] = False
    topic.main.commit("ours", {"README.md": "ours\n"})
    assert topic.hosted.push(topic.main, "main", who="octo")[0]
    assert topic.state == "dirty"
    for method in ("squash", "rebase", "merge"):
        assert topic.merge(method) == (405, "Pull Request is not mergeable")


def test_reviews(topic: Topic) -> None:
    topic.open()
    topic.protect(required_pull_request_reviews=REVIEWS)
    needed = "At least 1 approving review is required by reviewers with write access."
    assert topic.state == "blocked"
    assert topic.merge() == (405, needed)
    assert topic.review("APPROVE", "mona") == 422
    assert topic.review("REQUEST_CHANGES", "mona") == 422
    assert topic.review("APPROVE", "hubot") == 403
    with topic.hosted.github.changing() as data:
        reviews = data["repositories"][REPOSITORY]["pulls"][0]["reviews"]
        # A reader's approval does not count.
        reviews.append({"id": 1, "user": "hubot", "state": "APPROVED", "commit_id": "0" * 40})
    assert topic.merge() == (405, needed)
    assert topic.review("REQUEST_CHANGES") == 200
    assert "Changes were requested" in topic.merge()[1]
    assert topic.review("SOMETHING") == 422
    assert topic.review("APPROVE") == 200
    assert topic.review("COMMENT") == 200
    # What is pushed afterwards has nobody's approval.
    topic.push({"b.txt": "b\n"})
    states: Any = topic.hosted.ask("GET", f"pulls/{topic.number}/reviews").json()
    assert [one["state"] for one in states] == ["DISMISSED", "CHANGES_REQUESTED", "DISMISSED", "COMMENTED"]
    assert topic.merge() == (405, needed)
    assert topic.review("APPROVE") == 200
    assert topic.merge()[0] == 200


def test_an_administrator_passes_where_they_are_not_bound(topic: Topic) -> None:
    topic.open()
    topic.protect(required_pull_request_reviews=REVIEWS, enforce_admins=False)
    assert topic.merge(who="mona")[0] == 405
    assert topic.merge(who="octo")[0] == 200


def test_checks_and_strictness(topic: Topic) -> None:
    topic.open()
    topic.protect(required_status_checks={"strict": True, "contexts": ["ci"]})
    sha = topic.clone.git("rev-parse", "HEAD")
    assert topic.merge() == (405, 'Required status check "ci" is expected.')
    assert topic.hosted.ask("POST", f"statuses/{sha}", {"state": "pending", "context": "ci"}).status == 201
    assert topic.merge() == (405, 'Required status check "ci" is expected.')
    assert topic.hosted.ask("POST", f"statuses/{sha}", {"state": "error", "context": "ci"}).status == 201
    assert topic.merge() == (405, 'Required status check "ci" is failing.')
    assert topic.hosted.ask("POST", f"statuses/{sha}", {"state": "success", "context": "ci"}).status == 201
    assert topic.state == "clean"
    topic.hosted.change(protection={})
    topic.main.commit("meanwhile", {"m.txt": "m\n"})
    topic.hosted.store(topic.main, "main")
    topic.protect(required_status_checks={"strict": True, "contexts": ["ci"]})
    assert topic.state == "behind"
    assert "out of date" in topic.merge()[1]
    topic.protect(required_status_checks={"strict": False, "contexts": ["ci"]})
    assert topic.merge()[0] == 200


def test_the_last_pusher_does_not_approve(topic: Topic) -> None:
    topic.open()
    topic.hosted.change(collaborators={"mona": "push", "hubot": "push"})
    topic.protect(
        required_pull_request_reviews={"required_approving_review_count": 0, "require_last_push_approval": True}
    )
    topic.push({"b.txt": "b\n"}, who="hubot")
    assert topic.review("APPROVE", "hubot") == 200
    assert "other than the last pusher" in topic.merge()[1]
    assert topic.review("APPROVE", "octo") == 200
    assert topic.merge()[0] == 200


OWNERS = """\
*           @octo
/docs/      @hubot   # the writers
*.cfg       @octo/crew
src/*.py    @Hubot @octo/crew
vendor/
"""


@pytest.mark.parametrize(
    ("name", "pattern", "owned"),
    [
        ("src/a.py", "*", True),
        ("docs/a/b.md", "/docs/", True),
        ("a/docs/b.md", "/docs/", False),
        ("a/docs/b.md", "docs/", True),
        ("deep/in/a.cfg", "*.cfg", True),
        ("src/a.py", "src/*.py", True),
        ("src/deep/a.py", "src/*.py", False),
        ("src/deep/a.py", "src/**/*.py", True),
        ("src/a.py", "/src", True),
        ("srcs/a.py", "/src", False),
    ],
)
def test_what_a_pattern_of_code_owners_holds(name: str, pattern: str, owned: bool) -> None:
    assert merges.owns(pattern, name) is owned


def test_code_owners(hosted: Hosted) -> None:
    topic = Topic(hosted, {".github/CODEOWNERS": OWNERS}).open(
        {"src/a.py": "x\n", "docs/a.md": "x\n", "vendor/b": "x\n"}
    )
    crew = {"id": 9, "slug": "crew", "permission": "push", "members": ["ann"]}
    hosted.change(collaborators={"mona": "push", "hubot": "push"}, teams=[crew])
    topic.protect(
        required_pull_request_reviews={"required_approving_review_count": 0, "require_code_owner_reviews": True}
    )
    hosted.github.add_user("ann")
    ann = hosted.github.add_token("ann")
    # The last line that fits decides: the folder without owners has none, and the others are not octo's.
    assert topic.review("APPROVE", "octo") == 200
    said = topic.merge()[1]
    assert "Waiting on code owner review from @Hubot, @octo/crew." in said
    assert "Waiting on code owner review from @hubot." in said
    assert topic.review("APPROVE", ann) == 200
    assert topic.merge()[1] == "Waiting on code owner review from @hubot."
    assert topic.review("APPROVE", "hubot") == 200
    assert topic.merge()[0] == 200


def ruleset(hosted: Hosted, *rules: object, **more: object) -> None:
    names = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    body = {"name": "main", "enforcement": "active", "conditions": names, "rules": rules, **more}
    made = hosted.ask("POST", "rulesets", body)
    assert made.status == 201, made.body


PULL = {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": True, "require_code_owner_review": False,
        "require_last_push_approval": False, "required_review_thread_resolution": False,
        "allowed_merge_methods": ["squash"]}  # fmt: skip


def test_a_ruleset(topic: Topic) -> None:
    topic.open()
    ruleset(topic.hosted, {"type": "pull_request", "parameters": PULL})
    status, said = topic.merge("rebase")
    assert status == 405
    assert said.startswith("Repository rule violations found\n\nThis branch only allows squash merges.")
    assert topic.review("APPROVE") == 200
    topic.push({"b.txt": "b\n"})
    assert topic.merge()[0] == 405
    assert topic.review("APPROVE") == 200
    assert topic.merge()[0] == 200


def test_a_ruleset_that_may_be_passed_by_in_a_pull_request(topic: Topic) -> None:
    topic.open()
    admins = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "pull_request"}
    ruleset(topic.hosted, {"type": "pull_request", "parameters": PULL}, bypass_actors=[admins])
    assert not topic.hosted.push(topic.clone, "topic:main", who="octo")[0]
    assert topic.merge(who="mona")[0] == 405
    assert topic.merge("rebase", who="octo")[0] == 200


@pytest.mark.parametrize(("rule", "method"), [("required_signatures", "merge"), ("update", "squash")])
def test_other_rules(topic: Topic, rule: str, method: str) -> None:
    topic.open()
    ruleset(topic.hosted, {"type": rule})
    assert topic.merge(method)[0] == 405
    if rule == "required_signatures":
        # GitHub signs what it squashes.
        assert topic.merge("squash")[0] == 200


def test_what_cannot_be_opened(topic: Topic) -> None:
    topic.open()

    def refused(**body: str) -> bytes:
        answer = topic.hosted.ask("POST", "pulls", {"title": "T", **body}, "mona")
        assert answer.status == 422
        return answer.body

    assert b'"head"' in refused(head="nothing", base="main")
    assert b'"base"' in refused(head="topic", base="nothing")
    assert b"already exists" in refused(head="octo:topic", base="main")
    assert b"No commits between" in refused(head="main", base="topic")


def test_closed_opened_and_followed(topic: Topic) -> None:
    topic.open()
    place = f"pulls/{topic.number}"
    assert topic.hosted.ask("PATCH", place, {"state": "closed"}, "mona").status == 200
    assert topic.merge()[0] == 405
    assert topic.hosted.ask("PATCH", place, {"state": "open"}, "mona").status == 200
    # Its branch pushed to main, it is merged; its branch gone, another is closed.
    assert topic.hosted.push(topic.clone, "topic:main", who="octo")[0]
    pull: Any = topic.hosted.ask("GET", place).json()
    assert (pull["merged"], pull["merged_by"]["login"]) == (True, "octo")
    assert topic.hosted.ask("PATCH", place, {"state": "open"}, "mona").status == 422
    topic.push({"c.txt": "c\n"})
    made: Any = topic.hosted.ask("POST", "pulls", {"title": "T", "head": "topic", "base": "main"}, "mona").json()
    assert topic.hosted.push(topic.clone, ":topic")[0]
    pull = topic.hosted.ask("GET", f"pulls/{made['number']}").json()
    assert (pull["state"], pull["merged"]) == ("closed", False)


def test_the_branch_is_removed_where_that_is_the_setting(topic: Topic) -> None:
    topic.hosted.ask("PATCH", "", {"delete_branch_on_merge": True})
    assert topic.open().merge()[0] == 200
    assert topic.hosted.ask("GET", "branches/topic").status == 404
    files: Any = topic.hosted.ask("GET", f"pulls/{topic.number}/files").json()
    assert [one["filename"] for one in files] == ["a.txt"]


def test_only_those_who_may_push_to_a_restricted_branch_merge(topic: Topic) -> None:
    topic.open()
    with topic.hosted.github.changing() as data:
        data["users"]["octo"].update(type="Organization", owners=["hubot"])
    actors = {"users": ["mona"], "teams": [], "apps": []}
    answer = topic.hosted.ask("PUT", "branches/main/protection", {**OFF, "restrictions": actors}, "hubot")
    assert answer.status == 200
    assert topic.merge(who="hubot") == (405, "You're not authorized to push to this branch.")
    assert topic.merge(who="mona")[0] == 200


def test_an_approval_of_actions_needs_the_setting(topic: Topic) -> None:
    topic.open()
    actions = topic.hosted.github.add_token("github-actions[bot]", "workflow", {"pull_requests": "write"})
    assert topic.review("APPROVE", actions) == 422
    assert (
        topic.hosted.ask("PUT", "actions/permissions/workflow", {"can_approve_pull_request_reviews": True}).status
        == 204
    )
    assert topic.review("APPROVE", actions) == 200


def test_a_pull_request_set_by_hand(topic: Topic) -> None:
    """What a replay reads may be plain data: no branch, no commits."""
    topic.open()
    with topic.hosted.github.changing() as data:
        pulls = data["repositories"][REPOSITORY]["pulls"]
        pulls[0].update(files=[], commits=[])
    assert topic.hosted.ask("GET", f"pulls/{topic.number}/files").json() == []
    assert topic.hosted.ask("GET", f"pulls/{topic.number}/commits").json() == []
