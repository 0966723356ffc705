"""Check runs, check suites and commit statuses."""

from __future__ import annotations

from typing import Any

from lockgate.loopback.github import git, shapes
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, stamp


def _sha(call: Call, name: str) -> str:
    with git.opened(call.github, call.repo["full_name"]) as repository:
        found = git.resolve(repository, name.removeprefix("heads/").removeprefix("tags/"))
    if found is None:
        raise Refusal(422, f"No commit found for SHA: {name}")
    return found


def _latest(items: list[Data], *names: str) -> list[Data]:
    """The newest of those that share these values, newest first."""
    newest = {tuple(one[name] for name in names): one for one in items}
    return sorted(newest.values(), key=lambda one: -int(one["id"]))


@route("GET", "commits/{ref}/check-runs", "checks:read")
def check_runs(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """What checks reported of a commit: the latest of each, unless `filter=all`."""
    sha, query = _sha(call, call.args["ref"]), call.query
    found = [one for one in call.repo["check_runs"] if one["head_sha"] == sha]
    found = found if query.get("filter") == "all" else _latest(found, "name", "app_id")
    wanted = {"check_name": "name", "status": "status", "app_id": "app_id"}
    found = [one for one in found if all(query.get(key) in {None, str(one[name])} for key, name in wanted.items())]
    return {"total_count": len(found), "check_runs": [_run(call, one) for one in call.page(found)]}


@route("POST", "check-runs", "checks:write")
def report(call: Call) -> Any:  # noqa: ANN401
    """Report a check: only apps do."""
    if not call.who.is_app:
        raise Refusal(403, "You must authenticate via a GitHub App.")
    given = call.body or {}
    if not given.get("name") or not given.get("head_sha"):
        raise Refusal(422, 'Invalid request.\n\n"name" and "head_sha" weren\'t supplied.')
    done = given.get("conclusion") is not None
    made = {
        "id": call.github.store.new_id(), "name": given["name"], "head_sha": _sha(call, given["head_sha"]),
        "status": "completed" if done else given.get("status", "queued"), "conclusion": given.get("conclusion"),
        "app_id": call.who.app_id, "details_url": given.get("details_url"), "started_at": stamp(),
        "completed_at": stamp() if done else None,
    }  # fmt: skip
    call.repo["check_runs"].append(made)
    return 201, _run(call, made)


def _run(call: Call, one: Data) -> Data:
    """A check run; a state set by hand may leave out all but name, commit, conclusion and app."""
    url, number = f"{call.root}/check-runs/{one['id']}", one["id"]
    return {
        "id": number, "node_id": shapes.node("CR", number), "name": one["name"], "head_sha": one["head_sha"],
        "status": one["status"], "conclusion": one["conclusion"], "url": url, "external_id": "", "pull_requests": [],
        "html_url": f"{call.github.url}/{call.repo['full_name']}/runs/{number}", "check_suite": {"id": number},
        "details_url": one.get("details_url"), "started_at": one.get("started_at") or stamp(),
        "completed_at": one.get("completed_at"), "app": shapes.app(call.github, one["app_id"]),
        "output": {"title": None, "summary": None, "text": None, "annotations_count": 0,
                   "annotations_url": f"{url}/annotations"},
    }  # fmt: skip


@route("GET", "commits/{ref}/check-suites", "checks:read")
def check_suites(call: Call) -> Any:  # noqa: ANN401
    """One suite for each app that reported."""
    sha = _sha(call, call.args["ref"])
    with git.opened(call.github, call.repo["full_name"]) as repository:
        commit = git.commits(call, repository, "-1", sha)[0]
    about = commit["commit"]
    apps: dict[int, list[Data]] = {}
    for one in call.repo["check_runs"]:
        if one["head_sha"] == sha and call.query.get("app_id") in {None, str(one["app_id"])}:
            apps.setdefault(one["app_id"], []).append(one)
    suites = []
    for number, runs in apps.items():
        latest = _latest(runs, "name")
        done = all(one["status"] == "completed" for one in latest)
        bad = [one["conclusion"] for one in latest if one["conclusion"] not in {"success", "neutral", "skipped"}]
        url = f"{call.root}/check-suites/{runs[0]['id']}"
        suites.append({
            "id": runs[0]["id"], "node_id": shapes.node("CS", runs[0]["id"]), "head_branch": None, "head_sha": sha,
            "status": "completed" if done else "in_progress", "url": url, "before": None, "after": sha,
            "conclusion": None if not done else bad[0] if bad else "success", "created_at": stamp(),
            "updated_at": stamp(), "app": shapes.app(call.github, number), "pull_requests": [],
            "latest_check_runs_count": len(latest), "check_runs_url": f"{url}/check-runs",
            "repository": shapes.repository(call.github, call.repo),
            "head_commit": {"id": sha, "tree_id": about["tree"]["sha"], "message": about["message"],
                            "timestamp": about["committer"]["date"],
                            **{who: {key: about[who][key] for key in ("name", "email")}
                               for who in ("author", "committer")}},
        })  # fmt: skip
    return {"total_count": len(suites), "check_suites": call.page(suites)}


@route("POST", "statuses/{sha}", "statuses:write")
def set_status(call: Call) -> Any:  # noqa: ANN401
    """Report a commit status."""
    given = call.body or {}
    if given.get("state") not in {"error", "failure", "pending", "success"}:
        raise Refusal(422, "Validation Failed", "State is not included in the list")
    made = {
        "id": call.github.store.new_id(), "sha": _sha(call, call.args["sha"]), "state": given["state"],
        "context": given.get("context", "default"), "description": given.get("description"),
        "target_url": given.get("target_url"), "creator": call.who.login, "created_at": stamp(),
    }  # fmt: skip
    call.repo["statuses"].append(made)
    return 201, _status(call, made)


def _status(call: Call, one: Data) -> Data:
    creator = shapes.user(call.github, one.get("creator") or "ghost")
    return {
        "id": one["id"], "node_id": shapes.node("SC", one["id"]), "state": one["state"], "context": one["context"],
        "description": one.get("description"), "target_url": one.get("target_url"), "creator": creator,
        "avatar_url": creator["avatar_url"], "url": f"{call.root}/statuses/{one['sha']}",
        "created_at": one.get("created_at") or stamp(), "updated_at": one.get("created_at") or stamp(),
    }  # fmt: skip


@route("GET", "commits/{ref}/statuses", "statuses:read")
def statuses(call: Call) -> Any:  # noqa: ANN401
    """All statuses of a commit, newest first."""
    sha = _sha(call, call.args["ref"])
    return call.page([_status(call, one) for one in reversed(call.repo["statuses"]) if one["sha"] == sha])


@route("GET", "commits/{ref}/status", "statuses:read")
def status(call: Call) -> Any:  # noqa: ANN401
    """The latest of each context, and what they come to."""
    sha = _sha(call, call.args["ref"])
    latest = _latest([one for one in call.repo["statuses"] if one["sha"] == sha], "context")
    states = {one["state"] for one in latest}
    whole = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    shown = [{key: value for key, value in _status(call, one).items() if key != "creator"} for one in latest]
    return {
        "state": whole, "statuses": call.page(shown), "sha": sha, "total_count": len(shown),
        "repository": shapes.repository(call.github, call.repo), "url": f"{call.root}/commits/{sha}/status",
        "commit_url": f"{call.root}/commits/{sha}",
    }  # fmt: skip
