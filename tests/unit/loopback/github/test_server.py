"""The server itself: pages, conditional requests, versions, limits, planned faults; releases and references."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from lockgate.loopback.github import Fault, GitHub
from lockgate.model.errors import UnknownError
from lockgate.ports import clock
from lockgate.ports.http import Answer, exchange
from tests.hosted import REPOSITORY, Hosted


def ask(hosted: Hosted, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    known = {"Authorization": f"Bearer {hosted.tokens['octo']}", "User-Agent": "test"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange(method, f"{hosted.github.api}/{path}", headers={**known, **named}, body=body)


def test_pages(shared: Hosted) -> None:
    for number in range(5):
        assert shared.ask("POST", "issues", {"title": f"issue {number}", "labels": ["page"]}).status == 201
    place = f"repos/{REPOSITORY}/issues?labels=page&per_page=2"
    first, second, third = (ask(shared, f"{place}&page={page}") for page in (1, 2, 3))
    assert [len(one.json()) for one in (first, second, third)] == [2, 2, 1]  # type: ignore[arg-type]
    assert ['rel="next"' in one.headers["link"] for one in (first, second, third)] == [True, True, False]
    assert ['rel="first"' in one.headers["link"] for one in (first, second, third)] == [False, True, True]
    titles = [one["title"] for one in shared.client().pages(f"repos/{REPOSITORY}/issues", labels="page", per_page=2)]
    assert titles == [f"issue {number}" for number in (4, 3, 2, 1, 0)]
    assert len(ask(shared, f"{place}0000").json()) == 5  # type: ignore[arg-type]
    assert "link" not in ask(shared, f"{place}0000").headers


def test_what_has_not_changed_is_not_sent_again(shared: Hosted) -> None:
    before = ask(shared, f"repos/{REPOSITORY}/rulesets")
    again = ask(shared, f"repos/{REPOSITORY}/rulesets", If_None_Match=before.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    # It does not count, and an answer changes with the state only.
    left = [ask(shared, "rate_limit").headers["x-ratelimit-remaining"] for _ in range(2)]
    ask(shared, f"repos/{REPOSITORY}/rulesets", If_None_Match=before.headers["etag"])
    assert int(ask(shared, "rate_limit").headers["x-ratelimit-remaining"]) == int(left[1]) - 1
    made: Any = shared.ask("POST", "rulesets", {"name": "new", "enforcement": "disabled"}).json()
    assert ask(shared, f"repos/{REPOSITORY}/rulesets", If_None_Match=before.headers["etag"]).status == 200
    assert shared.ask("DELETE", f"rulesets/{made['id']}").status == 204


def test_versions_and_bodies(shared: Hosted) -> None:
    assert ask(shared, "meta", X_GitHub_Api_Version="2022-11-28").status == 200
    assert ask(shared, "meta", X_GitHub_Api_Version="1999-01-01").status == 400
    assert ask(shared, "meta", User_Agent="").status in {200, 403}
    bad = ask(shared, f"repos/{REPOSITORY}/issues", "POST", b"{")
    assert (bad.status, b"Problems parsing JSON" in bad.body) == (400, True)
    assert shared.ask("POST", "issues", []).status == 422


def test_the_primary_limit(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    hosted.github.limit = 3
    monkeypatch.setattr(clock, "now", lambda: 7200.0)
    left: Any = hosted.client().get("rate_limit").json()
    assert left["rate"] == {"limit": 3, "remaining": 2, "used": 1, "reset": 10800}
    answers = [ask(hosted, "meta") for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 403]
    assert (answers[2].headers["x-ratelimit-remaining"], answers[2].headers["x-ratelimit-reset"]) == ("0", "10800")
    assert b"API rate limit exceeded" in answers[2].body
    # Others have their own, and so has the next hour.
    assert hosted.client("mona").get("meta").status == 200
    monkeypatch.setattr(clock, "now", lambda: 10800.0)
    assert ask(hosted, "meta").status == 200


def test_faults(hosted: Hosted) -> None:
    alerts = "vulnerability-alerts"
    wait = Fault(path=f".*/{alerts}", status=403, message="You have exceeded a secondary rate limit.",
                 headers={"Retry-After": "0"})  # fmt: skip
    hosted.github.faults.append(wait)
    assert hosted.ask("GET", alerts).status == 404  # waited, and asked again
    hosted.github.faults.clear()

    def on() -> bool:
        return bool(hosted.state["security"][alerts])

    def put(fault: Fault) -> object:
        hosted.github.faults[:] = [fault]
        try:
            return hosted.ask("PUT", alerts).status
        except UnknownError:
            return "no answer"
        finally:
            hosted.github.faults.clear()

    for fault, said, effect in (
        (Fault(status=502, message="before"), 502, False),
        (Fault(method="PUT", cut="before"), "no answer", False),
        (Fault(method="PUT", nth=2, cut="before"), 204, True),
        (Fault(method="PUT", nth=0, status=500, effect=True), 500, True),
        (Fault(method="PUT", cut="after", message="a"), "no answer", True),
        (Fault(method="DELETE", cut="before", message="b"), 204, True),
    ):
        hosted.change(security=dict.fromkeys(hosted.state["security"], False))
        assert (put(fault), on()) == (said, effect), fault
    hosted.github.faults.append(Fault(path=".*/rulesets", cut="within"))
    assert hosted.ask("GET", "rulesets").status == 200  # cut short once, read again
    assert ("PUT", f"/repos/{REPOSITORY}/{alerts}", 502) in hosted.github.requests


def test_many_at_once(hosted: Hosted) -> None:
    """No change is lost."""
    threads = [
        threading.Thread(target=hosted.ask, args=("POST", "issues", {"title": f"{number}"})) for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    issues = hosted.state["issues"]
    assert len(issues) == len({one["number"] for one in issues}) == len({one["id"] for one in issues}) == 20
    with GitHub(hosted.github.folder) as again:
        assert again.repository(REPOSITORY)["issues"] == issues


@pytest.mark.usefixtures("own_git")
def test_a_bug_of_the_server_is_told(tmp_path: Path, checked: list[object]) -> None:
    github = GitHub(tmp_path)
    github.__enter__()
    hosted = Hosted(github, tmp_path)
    hosted.change(rulesets=[{"broken": True}])
    assert ask(hosted, f"repos/{REPOSITORY}/rulesets").status == 500
    with pytest.raises(KeyError):
        github.__exit__()
    checked.clear()


def test_an_operation_that_is_not_there(hosted: Hosted, checked: list[object]) -> None:
    assert ask(hosted, f"repos/{REPOSITORY}/nothing").status == 404
    assert ask(hosted, f"repos/{REPOSITORY}/rulesets", "PATCH", b"{}").status == 404
    checked.clear()


def test_releases(hosted: Hosted) -> None:
    sha = hosted.begin().git("rev-parse", "HEAD")

    def make(**more: object) -> Answer:
        return hosted.ask("POST", "releases", {"tag_name": "v1", **more})

    def upload(release: Any, name: str = "a.whl", body: bytes | None = b"PK") -> int:  # noqa: ANN401
        address = release["upload_url"].partition("{")[0] + f"?name={name}"
        headers = {"Authorization": f"Bearer {hosted.tokens['octo']}", "User-Agent": "test"}
        return exchange("POST", address, headers=headers, body=body).status

    assert make(tag_name="").status == 422
    assert make(draft="yes").status == 422
    assert make(target_commitish="nothing").status == 422
    assert hosted.ask("GET", "releases/latest").status == 404
    draft: Any = make(draft=True).json()
    place = f"releases/{draft['id']}"
    # A draft has no tag yet, is not found by it, and is not for everybody.
    assert hosted.ask("GET", "git/ref/tags/v1").status == 404
    assert hosted.ask("GET", "releases/tags/v1").status == 404
    assert [hosted.ask("GET", place, None, who).status for who in ("mona", "hubot", None)] == [200, 404, 404]
    assert [upload(draft), upload(draft), upload(draft, "b", b"")] == [201, 422, 400]
    assert hosted.ask("PATCH", place, {"draft": False, "target_commitish": "main"}).status == 200
    ref: Any = hosted.ask("GET", "git/ref/tags/v1").json()
    assert ref["object"]["sha"] == sha
    assert make().status == 422
    assert hosted.ask("DELETE", place).status == 204
    assert hosted.ask("GET", "git/ref/tags/v1").status == 200
    # What is immutable stays.
    assert hosted.ask("PUT", "immutable-releases").status == 204
    fixed: Any = make(draft=True).json()
    assert upload(fixed) == 201
    published: Any = hosted.ask("PATCH", f"releases/{fixed['id']}", {"draft": False}).json()
    assert published["immutable"] is True
    assert upload(fixed, "late.whl") == 422
    assert hosted.ask("DELETE", f"releases/assets/{published['assets'][0]['id']}").status == 422
    assert hosted.ask("PATCH", f"releases/{fixed['id']}", {"tag_name": "v2"}).status == 422
    assert hosted.ask("PATCH", f"releases/{fixed['id']}", {"body": "notes"}).status == 200


def test_references(hosted: Hosted) -> None:
    sha = hosted.begin().git("rev-parse", "HEAD")

    def make(ref: str, target: str = sha) -> int:
        return hosted.ask("POST", "git/refs", {"ref": ref, "sha": target}).status

    assert make("refs/tags/v1") == 201
    assert make("refs/tags/v1") == 422
    assert make("v2") == 422
    assert make("refs/tags/v2", "0" * 40) == 422
    assert make("refs/tags/v2..", sha) == 422
    assert hosted.ask("DELETE", "git/refs/tags/v9").status == 422
    assert hosted.ask("DELETE", "git/refs/tags/v1").status == 204
    wrong = {"tag": "v3", "message": "m", "object": "0" * 40, "type": "commit"}
    assert hosted.ask("POST", "git/tags", wrong).status == 422


def test_compare(hosted: Hosted) -> None:
    clone = hosted.begin()
    clone.git("checkout", "-q", "-b", "a")
    clone.commit("a", {"a b.txt": "a\n", "bin": b"\0\1"})
    clone.git("checkout", "-q", "-b", "b", "main")
    clone.git("rm", "-q", "README.md")
    clone.commit("b", {"c": "c\n"})
    assert hosted.push(clone, "a", "b", who="octo")[0]

    def status(span: str) -> tuple[str, int, int]:
        found: Any = hosted.ask("GET", f"compare/{span}").json()
        return found["status"], found["ahead_by"], found["behind_by"]

    assert status("main...a") == ("ahead", 1, 0)
    assert status("a...main") == ("behind", 0, 1)
    assert status("a...b") == ("diverged", 1, 1)
    assert status("a...a") == ("identical", 0, 0)
    files: Any = hosted.ask("GET", "compare/main...b").json()
    assert {one["filename"]: one["status"] for one in files["files"]} == {"README.md": "removed", "c": "added"}
    listed: Any = hosted.ask("GET", "commits?sha=b").json()
    assert [one["commit"]["message"] for one in listed] == ["b", "Begin"]


def test_reports(hosted: Hosted) -> None:
    sha = hosted.begin().git("rev-parse", "HEAD")

    def report(**more: object) -> Answer:
        return hosted.ask("POST", "check-runs", {"name": "ci", "head_sha": sha, **more}, "actions")

    own = hosted.github.add_token("octo", "fine-grained", {"checks": "write"})
    refused = hosted.ask("POST", "check-runs", {"name": "ci", "head_sha": sha}, own)
    assert b"You must authenticate via a GitHub App." in refused.body
    assert hosted.ask("POST", "check-runs", {"name": "ci"}, "actions").status == 422
    assert hosted.ask("POST", f"statuses/{sha}", {"state": "fine"}).status == 422
    empty: Any = hosted.ask("GET", "commits/main/status").json()
    assert empty["state"] == "pending"
    assert report().status == report(conclusion="failure").status == 201
    suites: Any = hosted.ask("GET", "commits/main/check-suites").json()
    assert [one["conclusion"] for one in suites["check_suites"]] == ["failure"]
    assert report(status="in_progress").status == 201
    suites = hosted.ask("GET", "commits/heads/main/check-suites").json()
    assert [one["status"] for one in suites["check_suites"]] == ["in_progress"]
    latest: Any = hosted.ask("GET", f"commits/{sha}/check-runs?check_name=ci").json()
    every: Any = hosted.ask("GET", f"commits/{sha}/check-runs?filter=all").json()
    assert (latest["total_count"], every["total_count"]) == (1, 3)
    for state, whole in (("success", "success"), ("error", "failure")):
        assert hosted.ask("POST", f"statuses/{sha}", {"state": state, "context": "docs"}).status == 201
        found: Any = hosted.ask("GET", "commits/main/status").json()
        assert found["state"] == whole


def test_issues(hosted: Hosted) -> None:
    assert hosted.ask("POST", "issues", {"body": "no title"}).status == 422
    assert hosted.ask("POST", "issues", {"title": "lockgate: alert"}).status == 201
    assert hosted.ask("POST", "issues/1/comments", {}).status == 422
    assert hosted.ask("POST", "issues/7/comments", {"body": "b"}).status == 404
    assert hosted.ask("PATCH", "issues/1", {"state": "closed", "labels": ["done"]}).status == 200
    assert hosted.ask("PATCH", "issues/1", {"state": "open"}).status == 200
    found: Any = hosted.client().get("search/issues", q=f'repo:{REPOSITORY} "alert"').json()
    assert found["total_count"] == 1
