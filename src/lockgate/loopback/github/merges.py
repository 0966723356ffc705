"""What stands in the way of merging a pull request: reviews, code owners, checks, strictness, methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lockgate.loopback.github import gates
from lockgate.loopback.github.routes import Who
from lockgate.loopback.github.state import Data
from lockgate.ports.repository import Repository

if TYPE_CHECKING:
    from lockgate.loopback.github.service import GitHub


def merge_problems(
    github: GitHub, repo: Data, repository: Repository, pull: Data, method: str, who: Who
) -> dict[str, gates.Rule]:
    """What stands in the way of merging a pull request, by its text; what the asker may pass by left out."""
    base = repository.git("rev-parse", f"refs/heads/{pull['base']}").text
    return {
        text: rule
        for rule in gates.rules_for(github, repo, f"refs/heads/{pull['base']}", who)
        if rule.bypass == "never"
        for text in _broken(github, repo, repository, pull, rule, (base, method, who))
    }


def _broken(
    github: GitHub, repo: Data, repository: Repository, pull: Data, rule: gates.Rule, how: tuple[str, str, Who]
) -> Iterator[str]:
    base, method, who = how
    if rule.kind == "pull_request":
        methods = rule.parameters.get("allowed_merge_methods", [method])
        if method not in methods:
            yield f"This branch only allows {' or '.join(methods)} merges."
        yield from _review_problems(github, repo, repository, pull, rule)
    if rule.kind == "required_status_checks":
        yield from gates.check_problems(repo, rule, pull["sha"])
        strict = rule.parameters.get("strict", rule.parameters.get("strict_required_status_checks_policy"))
        if strict and not gates.is_ancestor(repository, base, pull["sha"]):
            yield "Head branch is out of date. Update it with the base branch and try again."
    if rule.kind == "required_linear_history" and method == "merge":
        yield "This branch must not contain merge commits."
    if rule.kind == "required_signatures" and method != "squash":
        yield from gates.commit_problems(repository, rule, [pull["sha"], "--not", base])
    if rule.kind == "restrictions" and not gates.is_among(repo, rule.parameters, who):
        yield "You're not authorized to push to this branch."
    if rule.kind in {"update", "lock"}:
        yield "Cannot update this protected ref."


def approvals(github: GitHub, repo: Data, pull: Data, *, last_push: bool) -> tuple[set[str], set[str]]:
    """Who has approved, and who asks for changes: the last word of each who may push and is not the author."""
    last = {one["user"]: one["state"] for one in pull["reviews"] if one["state"] != "COMMENTED"}
    said: dict[str, set[str]] = {"APPROVED": set(), "CHANGES_REQUESTED": set(), "DISMISSED": set()}
    for login, state in last.items():
        if (
            gates.may_push(github, repo, Who(login, "classic"))
            and login != pull["user"]
            and not (last_push and login == pull["pushed_by"])
        ):
            said[state].add(login)
    return said["APPROVED"], said["CHANGES_REQUESTED"]


def _review_problems(github: GitHub, repo: Data, repository: Repository, pull: Data, rule: gates.Rule) -> Iterator[str]:
    needs = rule.parameters
    last_push = bool(needs.get("require_last_push_approval"))
    yes, no = approvals(github, repo, pull, last_push=last_push)
    count = needs["required_approving_review_count"]
    if no:
        yield "Changes were requested by a reviewer with write access."
    if len(yes) < count:
        plural = "s are" if count > 1 else " is"
        yield f"At least {count} approving review{plural} required by reviewers with write access."
    elif last_push and not yes:
        yield "New changes require approval from someone other than the last pusher."
    if needs.get("require_code_owner_reviews") or needs.get("require_code_owner_review"):
        for owners in _code_owners(repository, pull):
            teams = {f"@{repo['full_name'].split('/')[0]}/{one['slug']}": one["members"] for one in repo["teams"]}
            people = {name.lower() for owner in owners for name in teams.get(owner, [owner.removeprefix("@")])}
            if not people & {name.lower() for name in yes}:
                yield f"Waiting on code owner review from {', '.join(sorted(owners))}."


def _code_owners(repository: Repository, pull: Data) -> set[frozenset[str]]:
    """The owners of the changed files, as the base branch's CODEOWNERS names them."""
    base, text = f"refs/heads/{pull['base']}", ""
    for place in (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"):
        text = text or repository.git("show", f"{base}:{place}", codes=(0, 128)).text
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    owned = set()
    for name in filter(None, repository.git("diff", "-z", "--name-only", f"{base}...{pull['sha']}").text.split("\0")):
        owners = next((line[1:] for line in reversed(lines) if line and owns(line[0], name)), [])
        if owners:
            owned.add(frozenset(owners))
    return owned


def owns(pattern: str, name: str) -> bool:
    """As in a .gitignore: a pattern with a slash stands at the root, one without anywhere; a folder holds its files."""
    rooted = pattern.lstrip("/") if "/" in pattern.rstrip("/") else f"**/{pattern}"
    return gates.is_glob(rooted, name) or gates.is_glob(f"{rooted.rstrip('/')}/**/*", name)


def dismiss_stale(github: GitHub, repo: Data, pull: Data) -> None:
    """What happens to approvals when something new is pushed to a pull request."""
    for rule in gates.rules_for(github, repo, f"refs/heads/{pull['base']}", Who()):
        if rule.parameters.get("dismiss_stale_reviews") or rule.parameters.get("dismiss_stale_reviews_on_push"):
            for review in pull["reviews"]:
                if review["state"] == "APPROVED" and review["commit_id"] != pull["sha"]:
                    review["state"] = "DISMISSED"
