"""Check runs, check suites and commit statuses."""

from __future__ import annotations

from lockgate.loopback.github import git, shapes
from lockgate.loopback.github.routes import Call, Invalid, Refusal, route
from lockgate.loopback.github.state import LONG_AGO, Data, Json, stamp


def _sha(call: Call, name: str) -> str:
    found = git.resolve(git.opened(call), name.removeprefix("heads/").removeprefix("tags/"))
    if found is None:
        raise Refusal(422, f"No commit found for SHA: {name}")
    return found


def _latest(items: list[Data], *names: str) -> list[Data]:
    """The newest of those that share these values, newest first."""
    return sorted({tuple(one[name] for name in names): one for one in items}.values(), key=lambda one: -int(one["id"]))


@route("GET", "commits/{ref}/check-runs", "checks:read")
def _check_runs(call: Call) -> Json:
    sha, query = _sha(call, call.args["ref"]), call.query
    found = [one for one in call.repo["check_runs"] if one["head_sha"] == sha]
    found = found if query.get("filter") == "all" else _latest(found, "name", "app_id")
    wanted = {"check_name": "name", "status": "status", "app_id": "app_id"}
    found = [one for one in found if all(query.get(key) in {None, str(one[name])} for key, name in wanted.items())]
    return {"total_count": len(found), "check_runs": [_run(call, one) for one in call.page(found)]}


@route("POST", "check-runs", "checks:write")
def _report(call: Call) -> Json:
    if not call.who.is_app:
        raise Refusal(403, "You must authenticate via a GitHub App.")
    given = call.wanted("name", "head_sha")
    done = given.get("conclusion") is not None
    made = {
        "id": call.github.store.new_id(), "name": given["name"], "head_sha": _sha(call, given["head_sha"]),
        "status": "completed" if done else given.get("status", "queued"), "conclusion": given.get("conclusion"),
        "app_id": call.who.app_id, "started_at": stamp(), "completed_at": stamp() if done else None,
    }  # fmt: skip
    call.repo["check_runs"].append(made)
    return 201, _run(call, made)


def _run(call: Call, one: Data) -> Data:
    url, number = f"{call.root}/check-runs/{one['id']}", one["id"]
    texts = dict.fromkeys(("title", "summary", "text"))
    return {
        **{key: one.get(key) for key in ("id", "name", "head_sha", "status", "conclusion", "completed_at")},
        "started_at": one.get("started_at") or LONG_AGO, "app": shapes.app(call.github, one["app_id"]),
        "node_id": shapes.node("CR", number), "url": url, "html_url": call.page_of(f"runs/{number}"),
        "details_url": None, "external_id": "", "pull_requests": [], "check_suite": {"id": number},
        "output": {**texts, "annotations_count": 0, "annotations_url": f"{url}/annotations"},
    }  # fmt: skip


@route("GET", "commits/{ref}/check-suites", "checks:read")
def _check_suites(call: Call) -> Json:
    """One for each app that reported."""
    sha = _sha(call, call.args["ref"])
    about, suites = git.commits(call, git.opened(call), "-1", sha)[0]["commit"], []
    people = {who: {key: about[who][key] for key in ("name", "email")} for who in ("author", "committer")}
    reports = [one for one in call.repo["check_runs"] if one["head_sha"] == sha]
    for number in dict.fromkeys(one["app_id"] for one in reports):
        latest = _latest([one for one in reports if one["app_id"] == number], "name")
        done = all(one["status"] == "completed" for one in latest)
        bad = [one["conclusion"] for one in latest if one["conclusion"] not in {"success", "neutral", "skipped"}]
        first, begun = latest[-1]["id"], latest[-1].get("started_at") or LONG_AGO
        url = f"{call.root}/check-suites/{first}"
        suites.append({
            "id": first, "node_id": shapes.node("CS", first), "head_branch": None, "head_sha": sha, "url": url,
            "status": "completed" if done else "in_progress", "conclusion": (bad or ["success"])[0] if done else None,
            "before": None, "after": sha, "created_at": begun, "updated_at": begun, "pull_requests": [],
            "app": shapes.app(call.github, number), "repository": shapes.repository(call.github, call.repo),
            "latest_check_runs_count": len(latest), "check_runs_url": f"{url}/check-runs",
            "head_commit": {"id": sha, "tree_id": about["tree"]["sha"], "message": about["message"],
                            "timestamp": about["committer"]["date"], **people},
        })  # fmt: skip
    return {"total_count": len(suites), "check_suites": call.page(suites)}


@route("POST", "statuses/{sha}", "statuses:write")
def _set_status(call: Call) -> Json:
    given = call.wanted("state")
    if given["state"] not in {"error", "failure", "pending", "success"}:
        raise Invalid("state", "State is not included in the list")
    made = {"id": call.github.store.new_id(), "sha": _sha(call, call.args["sha"]), "context": "default",
            **given, "creator": call.who.login, "created_at": stamp()}  # fmt: skip
    call.repo["statuses"].append(made)
    return 201, _status(call, made)


def _status(call: Call, one: Data) -> Data:
    creator, when = shapes.user(call.github, one.get("creator") or "ghost"), one.get("created_at") or LONG_AGO
    return {
        **{key: one.get(key) for key in ("id", "state", "context", "description", "target_url")}, "creator": creator,
        "node_id": shapes.node("SC", one["id"]), "avatar_url": creator["avatar_url"], "created_at": when,
        "updated_at": when, "url": f"{call.root}/statuses/{one['sha']}",
    }  # fmt: skip


@route("GET", "commits/{ref}/statuses", "statuses:read")
def _statuses(call: Call) -> Json:
    sha = _sha(call, call.args["ref"])
    return call.page([_status(call, one) for one in reversed(call.repo["statuses"]) if one["sha"] == sha])


@route("GET", "commits/{ref}/status", "statuses:read")
def _combined(call: Call) -> Json:
    sha = _sha(call, call.args["ref"])
    latest = _latest([one for one in call.repo["statuses"] if one["sha"] == sha], "context")
    states = {one["state"] for one in latest}
    whole = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    shown = [{key: value for key, value in _status(call, one).items() if key != "creator"} for one in latest]
    url = f"{call.root}/commits/{sha}"
    return {"state": whole, "statuses": call.page(shown), "sha": sha, "total_count": len(shown), "url": f"{url}/status",
            "commit_url": url, "repository": shapes.repository(call.github, call.repo)}  # fmt: skip
