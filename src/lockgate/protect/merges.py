"""Reads the last merges into a branch: about six requests for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lockgate.model.protection import Unseen
from lockgate.ports.github import GitHub, PageRefusedError, said
from lockgate.protect.replay import Merged, Ran, Review, Rules

REQUESTS = 6
_DECIDING = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
_OK = 200


def last(github: GitHub, repository: str, branch: str, count: int) -> list[Mapping[str, Any]]:
    """The last `count` merged pull requests as GitHub lists them, the last one first.

    Raises:
        UnknownError: They cannot be listed.
    """
    found: list[Mapping[str, Any]] = []
    pages = github.pages(f"repos/{repository}/pulls", state="closed", base=branch, sort="updated", direction="desc")
    for one in pages:
        # Whatever follows was updated, and so merged, before this one.
        if len(found) >= count and one["updated_at"] < sorted(each["merged_at"] for each in found)[-count]:
            break
        if one.get("merged_at"):
            found.append(one)
    return sorted(found, key=lambda each: (each["merged_at"], each["number"]), reverse=True)[:count]


def read(
    github: GitHub, repository: str, listed: Mapping[str, Any], rules: Rules, writers: tuple[str, ...] | Unseen
) -> Merged:
    """All that the rules ask of one merged pull request.

    Raises:
        UnknownError: GitHub gives no answer (any more): the rate limit, or no connection.
    """
    at, number, head = f"repos/{repository}", listed["number"], listed["head"]["sha"]
    reviewed = rules.approvals > 0 or rules.owners is not None
    pull = _get(github, f"{at}/pulls/{number}", "Pull requests: read")
    detail = {} if isinstance(pull, Unseen) else pull
    # The commit that the branch got, and on the way what of the head it does not hold itself.
    landed = _get(github, f"{at}/compare/{listed['merge_commit_sha']}...{head}", "Contents: read")
    merge = landed if isinstance(landed, Unseen) else landed["base_commit"]
    return Merged(
        number=number,
        title=str(listed.get("title") or ""),
        author=_login(listed),
        merged_by=_login(detail, "merged_by"),
        merged_at=listed["merged_at"],
        head=head,
        checks=_checks(github, f"{at}/commits/{head}") if rules.contexts else (),
        reviews=_reviews(github, f"{at}/pulls/{number}/reviews", writers) if reviewed else (),
        behind=merge if isinstance(merge, Unseen) else _behind(github, at, merge, head, detail.get("commits", 1)),
        parents=merge if isinstance(merge, Unseen) else len(merge["parents"]),
        files=_listed(github, f"{at}/pulls/{number}/files", "Pull requests: read", lambda one: str(one["filename"]))
        if rules.owners is not None
        else (),
    )


def _login(thing: Mapping[str, Any], key: str = "user") -> str:
    return str((thing.get(key) or {}).get("login") or "ghost")


def _get(github: GitHub, path: str, permission: str, **query: str | int) -> Any:  # noqa: ANN401
    answer = github.get(path, **query)
    return answer.json() if answer.status == _OK else Unseen(permission, said(answer))


def _listed(github: GitHub, path: str, permission: str, make: Callable[[Any], Any], **query: str) -> Any:  # noqa: ANN401
    try:
        return tuple(make(one) for one in github.pages(path, **query))
    except PageRefusedError as error:
        return Unseen(permission, said(error.answer))


def _checks(github: GitHub, at: str) -> tuple[Ran, ...] | Unseen:
    def run(one: Mapping[str, Any]) -> Ran:
        return Ran(one["name"], one["started_at"] or "", one["completed_at"], str(one["conclusion"]))

    def status(one: Mapping[str, Any]) -> Ran:
        pending = one["state"] == "pending"
        return Ran(one["context"], one["created_at"], None if pending else one["created_at"], one["state"])

    runs = _listed(github, f"{at}/check-runs", "Checks: read", run, filter="all")
    statuses = _listed(github, f"{at}/statuses", "Commit statuses: read", status)
    return next((one for one in (runs, statuses) if isinstance(one, Unseen)), None) or runs + statuses


def _reviews(github: GitHub, path: str, writers: tuple[str, ...] | Unseen) -> tuple[Review, ...] | Unseen:
    def review(one: Mapping[str, Any]) -> Review:
        user = _login(one)
        writes = None if isinstance(writers, Unseen) else user in writers
        return Review(user, one["state"], one.get("submitted_at") or "", str(one["commit_id"]), writes)

    found = _listed(github, path, "Pull requests: read", review)
    return found if isinstance(found, Unseen) else tuple(one for one in found if one.state in _DECIDING)


def _behind(github: GitHub, at: str, merge: Mapping[str, Any], head: str, commits: int) -> int | Unseen:
    """How many commits of the branch the head lacked when it was merged, by a merge, a squash or a rebase."""
    compared = _get(github, f"{at}/compare/{merge['parents'][0]['sha']}...{head}", "Contents: read")
    if isinstance(compared, Unseen):
        return compared
    ours = compared["commits"]
    # A rebase puts every commit anew behind the branch, the last one with its message; a squash has its own.
    rebased = commits > 1 and len(merge["parents"]) == 1 and ours and _message(ours[-1]) == _message(merge)
    if compared["behind_by"] and rebased:
        chain = _get(github, f"{at}/commits", "Contents: read", sha=merge["sha"], per_page=min(100, commits + 1))
        if isinstance(chain, Unseen) or len(chain) <= commits:
            return Unseen("Contents: read", f"where the branch was before {commits} commits were rebased onto it")
        compared = _get(github, f"{at}/compare/{chain[commits]['sha']}...{head}", "Contents: read")
    return compared if isinstance(compared, Unseen) else int(compared["behind_by"])


def _message(commit: Mapping[str, Any]) -> str:
    return str(commit["commit"]["message"]).strip()
