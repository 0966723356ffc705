"""Pull requests: opened, reviewed and merged, as far as the base branch's protection lets them."""

from __future__ import annotations

from lockgate.loopback.github import gates, git, merges, shapes
from lockgate.loopback.github.routes import Call, Invalid, Refusal, route
from lockgate.loopback.github.state import LONG_AGO, Data, Json, stamp
from lockgate.ports.repository import Repository

_METHODS = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}
_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@route("GET", "pulls", "pull_requests:read")
def _pulls(call: Call) -> Json:
    """Those that are open, closed or both, the newest first unless told otherwise."""
    query = call.query
    found = [one for one in call.repo["pulls"] if query.get("state", "open") in {one["state"], "all"}]
    found = [one for one in found if query.get("base") in {None, one["base"]}]
    found = [one for one in found if query.get("head") in {None, f"{_owner(call)}:{one['head']}"}]
    key = {"updated": "updated_at", "created": "created_at"}.get(query.get("sort", "created"), "created_at")
    down = query.get("direction", "asc" if "sort" in query and key != "created_at" else "desc") == "desc"
    found.sort(key=lambda one: (one[key], one["number"]), reverse=down)
    return [_shown(call, one) for one in call.page(found)]


@route("POST", "pulls", "pull_requests:write")
def _create(call: Call) -> Json:
    given = call.body or {}
    head, base = str(given.get("head", "")).removeprefix(f"{_owner(call)}:"), str(given.get("base", ""))
    repository = git.opened(call)
    sha, onto = git.resolve(repository, f"refs/heads/{head}"), git.resolve(repository, f"refs/heads/{base}")
    for name, found in (("head", sha), ("base", onto)):
        if found is None:
            raise Invalid(name, code="invalid")
    if any(one["state"] == "open" and (one["head"], one["base"]) == (head, base) for one in call.repo["pulls"]):
        raise Invalid("head", f"A pull request already exists for {_owner(call)}:{head}.")
    if gates.is_ancestor(repository, str(sha), str(onto)):
        raise Invalid("head", f"No commits between {base} and {head}")
    made: Data = {
        "number": next_number(call), "id": call.github.store.new_id(), "title": given.get("title") or head,
        "body": given.get("body"), "state": "open", "draft": bool(given.get("draft")), "user": call.who.login,
        "head": head, "base": base, "sha": sha, "pushed_by": call.who.login, "labels": [],
        "created_at": stamp(), "updated_at": stamp(), "closed_at": None, "merged_at": None, "merged_by": None,
        "merge_commit_sha": None, "reviews": [], "base_sha": onto,
    }  # fmt: skip
    repository.git("update-ref", f"refs/pull/{made['number']}/head", str(sha))
    call.repo["pulls"].append(made)
    return 201, _whole(call, made)


def next_number(call: Call) -> int:
    """The number of the next pull request or issue: they share one count."""
    return 1 + max((int(one["number"]) for one in (*call.repo["pulls"], *call.repo["issues"])), default=0)


def _owner(call: Call) -> str:
    return str(call.repo["full_name"].split("/")[0])


def _found(call: Call) -> Data:
    return call.find(call.repo["pulls"], number=call.args["pull_number"])


@route("GET", "pulls/{pull_number}", "pull_requests:read")
def _pull(call: Call) -> Json:
    return _whole(call, _found(call))


def _whole(call: Call, one: Data) -> Data:
    changed, between = _files(call, one), _commits(call, one)
    state = _mergeable(call, one) if one["state"] == "open" else "unknown"
    return {
        **_shown(call, one), "merged": one["merged_at"] is not None, "mergeable_state": state,
        "mergeable": None if state == "unknown" else state != "dirty", "rebaseable": None,
        "merged_by": shapes.user(call.github, one["merged_by"]) if one["merged_by"] else None,
        "comments": 0, "review_comments": 0, "maintainer_can_modify": False, "commits": len(between),
        "additions": sum(file["additions"] for file in changed), "changed_files": len(changed),
        "deletions": sum(file["deletions"] for file in changed),
    }  # fmt: skip


def _mergeable(call: Call, one: Data) -> str:
    repository = git.opened(call)
    base = git.tip(repository, one["base"])
    if git.merged_tree(repository, one, base) is None:
        return "dirty"
    problems = merges.merge_problems(call.github, call.repo, repository, one, "squash", call.who)
    behind = [text for text in problems if "out of date" in text]
    if one["draft"]:
        return "draft"
    return "blocked" if len(problems) > len(behind) else "behind" if behind else "clean"


@route("PATCH", "pulls/{pull_number}", "pull_requests:write")
def _change(call: Call) -> Json:
    one, given = _found(call), call.body or {}
    if one["merged_at"] and given.get("state") == "open":
        raise Invalid("state", "state cannot be changed. The pull request was merged.")
    one.update({key: given[key] for key in ("title", "body", "state", "base") if key in given}, updated_at=stamp())
    one["closed_at"] = None if one["state"] == "open" else one["closed_at"] or stamp()
    return _whole(call, one)


@route("GET", "pulls/{pull_number}/files", "pull_requests:read")
def _changed(call: Call) -> Json:
    return call.page(_files(call, _found(call)))


@route("GET", "pulls/{pull_number}/commits", "pull_requests:read")
def _between(call: Call) -> Json:
    return call.page(_commits(call, _found(call)))


def _files(call: Call, one: Data) -> list[Data]:
    repository = git.opened(call)
    return one["files"] if "files" in one else git.files(call, repository, _begin(repository, one), one["sha"])


def _commits(call: Call, one: Data) -> list[Data]:
    repository = git.opened(call)
    return one["commits"] if "commits" in one else git.commits(
        call, repository, f"{_begin(repository, one)}..{one['sha']}")  # fmt: skip


def _begin(repository: Repository, one: Data) -> str:
    """Where it left its base; of a merged one, what the base was before."""
    onto = f"refs/heads/{one['base']}" if one["state"] == "open" else one.get("base_sha") or one["sha"]
    return repository.git("merge-base", onto, one["sha"]).text


@route("GET", "pulls/{pull_number}/reviews", "pull_requests:read")
def _reviews(call: Call) -> Json:
    one = _found(call)
    return call.page([_reviewed(call, one, review) for review in one["reviews"]])


@route("POST", "pulls/{pull_number}/reviews", "pull_requests:write")
def _review(call: Call) -> Json:
    """Approve, ask for changes, or comment; nobody approves their own."""
    one, given = _found(call), call.body or {}
    event = given.get("event", "COMMENT")
    if event not in _STATES:
        raise Refusal(422, "Unprocessable Entity", "event is not included in the list")
    if event != "COMMENT" and call.who.login == one["user"]:
        verb = "approve" if event == "APPROVE" else "request changes on"
        raise Refusal(422, "Unprocessable Entity", f"Can not {verb} your own pull request")
    if (
        event == "APPROVE"
        and call.who.is_app
        and not call.repo["actions"]["workflow"]["can_approve_pull_request_reviews"]
    ):
        raise Refusal(422, "Unprocessable Entity", "GitHub Actions is not permitted to approve pull requests.")
    made = {"id": call.github.store.new_id(), "user": call.who.login, "state": _STATES[event],
            "body": given.get("body"),
            "commit_id": given.get("commit_id") or one["sha"], "submitted_at": stamp()}  # fmt: skip
    one["reviews"].append(made)
    return _reviewed(call, one, made)


def _reviewed(call: Call, one: Data, review: Data) -> Data:
    url = f"{call.root}/pulls/{one['number']}"
    page = f"{call.github.url}/{call.repo['full_name']}/pull/{one['number']}"
    return {
        "id": review["id"], "node_id": shapes.node("PRR", review["id"]), "state": review["state"],
        "user": shapes.user(call.github, review["user"]), "body": review.get("body") or "",
        "commit_id": review["commit_id"], "submitted_at": review.get("submitted_at") or LONG_AGO,
        "author_association": "MEMBER", "html_url": page, "pull_request_url": url,
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
    }  # fmt: skip


@route("PUT", "pulls/{pull_number}/merge", "contents:write")
def _merge(call: Call) -> Json:
    """Merge it, where everything that is required of it is there."""
    one, given = _found(call), call.body or {}
    method = given.get("merge_method", "merge")
    if one["state"] != "open" or one["draft"] or method not in _METHODS:
        raise Refusal(405, "Pull Request is not mergeable")
    if given.get("sha", one["sha"]) != one["sha"]:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    if not call.repo["settings"][f"allow_{'merge_commit' if method == 'merge' else f'{method}_merge'}"]:
        raise Refusal(405, f"{_METHODS[method]} are not allowed on this repository.")
    repository = git.opened(call)
    problems = merges.merge_problems(call.github, call.repo, repository, one, method, call.who)
    if problems:
        words, ruled = "\n\n".join(problems), any(rule.by == "ruleset" for rule in problems.values())
        raise Refusal(405, f"Repository rule violations found\n\n{words}\n\n" if ruled else words)
    base = git.tip(repository, one["base"])
    title = given.get("commit_title") or (
        f"Merge pull request #{one['number']} from {_owner(call)}/{one['head']}" if method == "merge"
        else f"{one['title']} (#{one['number']})")  # fmt: skip
    message = f"{title}\n\n{given.get('commit_message') or one['title']}"
    made = git.merged(repository, one, base, method, message, call.who.login)
    if made is None:
        raise Refusal(405, "Pull Request is not mergeable")
    if not git.swap(repository, f"refs/heads/{one['base']}", made, base):
        raise Refusal(409, "Base branch was modified. Review and try the merge again.")
    one.update(state="closed", merged_at=stamp(), closed_at=stamp(), updated_at=stamp(), base_sha=base,
               merged_by=call.who.login, merge_commit_sha=made)  # fmt: skip
    if call.repo["settings"]["delete_branch_on_merge"]:
        git.swap(repository, f"refs/heads/{one['head']}", None, one["sha"])
    git.follow(call.github, call.repo, call.who.login)
    return {"sha": made, "merged": True, "message": "Pull Request successfully merged"}


def _shown(call: Call, one: Data) -> Data:
    number = one["number"]
    url, page = f"{call.root}/pulls/{number}", f"{call.github.url}/{call.repo['full_name']}/pull/{number}"
    issue, statuses = f"{call.root}/issues/{number}", f"{call.root}/statuses/{one['sha']}"
    links = {"self": url, "html": page, "issue": issue, "comments": f"{issue}/comments", "statuses": statuses,
             "commits": f"{url}/commits", "review_comments": f"{url}/comments",
             "review_comment": f"{call.root}/pulls/comments{{/number}}"}  # fmt: skip
    repository = shapes.repository(call.github, call.repo)

    def end(name: str, sha: str) -> Data:
        return {"label": f"{_owner(call)}:{name}", "ref": name, "sha": sha, "repo": repository,
                "user": repository["owner"]}  # fmt: skip

    return {
        "id": one["id"], "node_id": shapes.node("PR", one["id"]), "number": number, "state": one["state"],
        "locked": False, "title": one["title"], "body": one["body"], "user": shapes.user(call.github, one["user"]),
        "draft": one["draft"], "labels": [], "milestone": None, "assignee": None, "assignees": [],
        "requested_reviewers": [], "requested_teams": [], "author_association": "MEMBER", "auto_merge": None,
        **{key: one[key] for key in ("created_at", "updated_at", "closed_at", "merged_at", "merge_commit_sha")},
        "head": end(one["head"], one["sha"]), "base": end(one["base"], one.get("base_sha") or one["sha"]),
        "url": url, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch", "issue_url": issue,
        **{f"{key}_url": links[key] for key in links if key not in {"self", "html", "issue"}},
        "_links": {key: {"href": value} for key, value in links.items()},
    }  # fmt: skip
