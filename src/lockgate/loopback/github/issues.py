"""Issues: just enough to keep an alert in one."""

from __future__ import annotations

from lockgate.loopback.github import gates, shapes
from lockgate.loopback.github.pulls import next_number
from lockgate.loopback.github.routes import Call, route
from lockgate.loopback.github.state import Data, Json, stamp


@route("GET", "issues", "issues:read")
def _issues(call: Call) -> Json:
    state, labels = call.query.get("state", "open"), set(filter(None, call.query.get("labels", "").split(",")))
    found = [one for one in call.repo["issues"] if state in {one["state"], "all"} and labels <= set(one["labels"])]
    return call.page([_shown(call, call.repo, one) for one in reversed(found)])


@route("POST", "issues", "issues:write")
def _create(call: Call) -> Json:
    given = call.wanted("title")
    made = {"id": call.github.store.new_id(), "number": next_number(call), "title": given["title"],
            "body": given.get("body"), "state": "open", "labels": list(given.get("labels", [])), "comments": [],
            "user": call.who.login, "created_at": stamp(), "updated_at": stamp(), "closed_at": None}  # fmt: skip
    call.repo["issues"].append(made)
    return 201, _shown(call, call.repo, made)


@route("PATCH", "issues/{issue_number}", "issues:write")
def _change(call: Call) -> Json:
    found, given = call.find(call.repo["issues"], number=call.args["issue_number"]), call.body or {}
    found.update({key: given[key] for key in ("title", "body", "state", "labels") if key in given}, updated_at=stamp())
    found["closed_at"] = None if found["state"] == "open" else found["closed_at"] or stamp()
    return _shown(call, call.repo, found)


@route("POST", "issues/{issue_number}/comments", "issues:write")
def _comment(call: Call) -> Json:
    found, given = call.find(call.repo["issues"], number=call.args["issue_number"]), call.wanted("body")
    number, when, url = call.github.store.new_id(), stamp(), f"{call.root}/issues/{found['number']}"
    found["comments"].append({"id": number, "body": given["body"], "user": call.who.login, "created_at": when})
    return 201, {
        "id": number, "node_id": shapes.node("IC", number), "body": given["body"], "author_association": "MEMBER",
        "user": shapes.user(call.github, call.who.login), "issue_url": url, "created_at": when, "updated_at": when,
        "url": f"{call.root}/issues/comments/{number}", "html_url": f"{call.page_of('issues')}/{found['number']}",
    }  # fmt: skip


@route("GET", "/search/issues", None)
def _search(call: Call) -> Json:
    """Those whose title holds all words; of qualifiers it knows `repo:` and `is:`."""
    words = call.query.get("q", "").replace('"', "").split()
    names = {word[5:] for word in words if word.startswith("repo:")}
    states = {word[3:] for word in words if word.startswith("is:")} & {"open", "closed"}
    plain = [word.lower() for word in words if ":" not in word]
    found = [
        {**_shown(call, repo, one), "body": one["body"] or "", "score": 1.0}
        for name, repo in call.data["repositories"].items()
        if (not names or name in names) and gates.role_of(call.github, repo, call.who) != "none"
        for one in reversed(repo["issues"])
        if (not states or one["state"] in states) and all(word in one["title"].lower() for word in plain)
    ]
    return {"total_count": len(found), "incomplete_results": False, "search_type": "lexical", "items": call.page(found)}


def _shown(call: Call, repo: Data, one: Data) -> Data:
    root, page = f"{call.github.api}/repos/{repo['full_name']}", f"{call.github.url}/{repo['full_name']}/issues"
    url = f"{root}/issues/{one['number']}"
    return {
        **one, "node_id": shapes.node("I", one["id"]), "user": shapes.user(call.github, one["user"]), "locked": False,
        "labels": [{"name": name} for name in one["labels"]], "comments": len(one["comments"]), "milestone": None,
        "assignee": None, "assignees": [], "author_association": "MEMBER", "url": url, "repository_url": root,
        "html_url": f"{page}/{one['number']}", "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments", "events_url": f"{url}/events",
    }  # fmt: skip
