"""Issues: just enough to keep an alert in one."""

from __future__ import annotations

from typing import Any

from lockgate.loopback.github import gates, shapes
from lockgate.loopback.github.pulls import next_number
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, stamp


@route("GET", "issues", "issues:read")
def issues(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """Those that are open, closed or both, the newest first."""
    state, labels = call.query.get("state", "open"), set(filter(None, call.query.get("labels", "").split(",")))
    found = [one for one in call.repo["issues"] if state in {one["state"], "all"} and labels <= set(one["labels"])]
    return call.page([_shown(call.github, call.repo, one) for one in reversed(found)])


@route("POST", "issues", "issues:write")
def create(call: Call) -> Any:  # noqa: ANN401
    """Open one."""
    given = call.body or {}
    if not given.get("title"):
        raise Refusal(422, "Validation Failed", {"resource": "Issue", "code": "missing_field", "field": "title"})
    made = {"id": call.github.store.new_id(), "number": next_number(call), "title": given["title"],
            "body": given.get("body"), "state": "open", "labels": list(given.get("labels", [])), "comments": [],
            "user": call.who.login, "created_at": stamp(), "updated_at": stamp(), "closed_at": None}  # fmt: skip
    call.repo["issues"].append(made)
    return 201, _shown(call.github, call.repo, made)


@route("GET", "issues/{issue_number}", "issues:read")
def issue(call: Call) -> Any:  # noqa: ANN401
    """One of them."""
    return _shown(call.github, call.repo, call.find(call.repo["issues"], number=call.args["issue_number"]))


@route("PATCH", "issues/{issue_number}", "issues:write")
def change(call: Call) -> Any:  # noqa: ANN401
    """Close it, open it again, or change its text."""
    found, given = call.find(call.repo["issues"], number=call.args["issue_number"]), call.body or {}
    found.update({key: given[key] for key in ("title", "body", "state", "labels") if key in given}, updated_at=stamp())
    found["closed_at"] = None if found["state"] == "open" else found["closed_at"] or stamp()
    return _shown(call.github, call.repo, found)


@route("GET", "issues/{issue_number}/comments", "issues:read")
def comments(call: Call) -> Any:  # noqa: ANN401
    """What was said, oldest first."""
    found = call.find(call.repo["issues"], number=call.args["issue_number"])
    return call.page([_comment(call, found, one) for one in found["comments"]])


@route("POST", "issues/{issue_number}/comments", "issues:write")
def comment(call: Call) -> Any:  # noqa: ANN401
    """Say something."""
    found, given = call.find(call.repo["issues"], number=call.args["issue_number"]), call.body or {}
    if not given.get("body"):
        raise Refusal(422, "Validation Failed", {"resource": "IssueComment", "code": "missing_field", "field": "body"})
    made = {"id": call.github.store.new_id(), "body": given["body"], "user": call.who.login, "created_at": stamp()}
    found["comments"].append(made)
    return 201, _comment(call, found, made)


@route("GET", "/search/issues", None)
def search(call: Call) -> Any:  # noqa: ANN401
    """Issues whose title holds all words of the query; understands `repo:`, `is:` and `in:title`."""
    words = call.query.get("q", "").replace('"', "").split()
    if not words:
        raise Refusal(422, "Validation Failed", {"resource": "Search", "code": "missing", "field": "q"})
    names = {word[5:] for word in words if word.startswith("repo:")}
    states = {word[3:] for word in words if word.startswith("is:")} & {"open", "closed"}
    plain = [word.lower() for word in words if ":" not in word]
    found = [
        {**_shown(call.github, repo, one), "score": 1.0}
        for name, repo in call.data["repositories"].items()
        if (not names or name in names) and gates.role_of(call.github, repo, call.who) != "none"
        for one in reversed(repo["issues"])
        if (not states or one["state"] in states) and all(word in one["title"].lower() for word in plain)
    ]
    return {"total_count": len(found), "incomplete_results": False, "items": call.page(found)}


def _comment(call: Call, one: Data, said: Data) -> Data:
    url = f"{call.root}/issues/{one['number']}"
    page = f"{call.github.url}/{call.repo['full_name']}/issues/{one['number']}#issuecomment-{said['id']}"
    return {
        "id": said["id"], "node_id": shapes.node("IC", said["id"]), "body": said["body"], "html_url": page,
        "user": shapes.user(call.github, said["user"]), "issue_url": url, "author_association": "MEMBER",
        "url": f"{call.root}/issues/comments/{said['id']}", "created_at": said["created_at"],
        "updated_at": said["created_at"],
    }  # fmt: skip


def _shown(github: Any, repo: Data, one: Data) -> Data:  # noqa: ANN401
    root = f"{github.api}/repos/{repo['full_name']}"
    url = f"{root}/issues/{one['number']}"
    return {
        **one, "node_id": shapes.node("I", one["id"]), "user": shapes.user(github, one["user"]), "locked": False,
        "labels": [{"name": name} for name in one["labels"]], "comments": len(one["comments"]), "milestone": None,
        "assignee": None, "assignees": [], "author_association": "MEMBER", "url": url, "repository_url": root,
        "html_url": f"{github.url}/{repo['full_name']}/issues/{one['number']}", "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments", "events_url": f"{url}/events",
    }  # fmt: skip
