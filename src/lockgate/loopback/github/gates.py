"""What protection lets through: classic settings and rulesets as one list of rules, held against a push or a merge.

Nothing here knows how a setting got there: pushes and merges meet the state itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from lockgate.loopback.github import shapes
from lockgate.loopback.github.routes import ROLES, Who
from lockgate.loopback.github.state import Data
from lockgate.ports.repository import Repository

if TYPE_CHECKING:
    from lockgate.loopback.github.service import GitHub

_ROLE_IDS = {1: "pull", 2: "maintain", 3: "triage", 4: "push", 5: "admin"}
_GOOD = {"success", "neutral", "skipped"}
# A classic rule that binds administrators too, whatever `enforce_admins` says.
_ABSOLUTE = {"non_fast_forward", "deletion"}


class Update(msgspec.Struct, frozen=True):
    """A reference that somebody wants to move; None is no commit."""

    ref: str
    old: str | None
    new: str | None


class Rule(msgspec.Struct, frozen=True):
    """One rule for one reference.

    Attributes:
        kind: As in a ruleset.
        by: `classic` protection (GH006), or a `ruleset` (GH013).
        bypass: When the asker may pass it by.
    """

    kind: str
    by: Literal["classic", "ruleset"]
    parameters: Data
    bypass: Literal["never", "always", "pull_request"]


def role_of(github: GitHub, repo: Data, who: Who) -> str:
    """What the asker may do in a repository."""
    if who.repositories is not None and repo["full_name"] not in who.repositories:
        return "none" if repo["private"] else "pull"
    if who.is_app:
        return "push" if who.permissions.get("contents") == "write" else "pull"
    roles = [repo["collaborators"].get(who.login, "none"), "none" if repo["private"] else "pull"]
    owner = repo["full_name"].split("/")[0]
    if who.login and (who.login == owner or who.login in github.store.data["users"][owner].get("owners", ())):
        roles.append("admin")
    roles += [one["permission"] for one in repo["teams"] if who.login in one["members"]]
    return str(max(roles, key=ROLES.index))


def may_push(github: GitHub, repo: Data, who: Who) -> bool:
    """Whether the asker may push at all, rules aside."""
    granted = who.kind == "classic" or who.permissions.get("contents") == "write"
    return granted and ROLES.index(role_of(github, repo, who)) >= ROLES.index("push")


def rules_for(github: GitHub, repo: Data, ref: str, who: Who) -> list[Rule]:
    """The rules that hold for a reference, classic ones first."""
    rules: list[Rule] = []
    if repo["private"] and repo["plan"] == "free":
        return rules
    classic = repo["protection"].get(ref.removeprefix("refs/heads/")) if ref.startswith("refs/heads/") else None
    if classic is not None:
        rules += _classic(github, repo, classic, who)
    for ruleset in repo["rulesets"]:
        if ruleset["enforcement"] == "active" and matches(repo, ruleset, ref):
            bypass = bypass_of(github, repo, ruleset, who)
            rules += [Rule(one["type"], "ruleset", one.get("parameters") or {}, bypass) for one in ruleset["rules"]]
    return rules


def _classic(github: GitHub, repo: Data, settings: Data, who: Who) -> Iterator[Rule]:
    admin = role_of(github, repo, who) == "admin" and not settings["enforce_admins"]
    reviews, checks = settings["required_pull_request_reviews"], settings["required_status_checks"]
    kinds: dict[str, Data | None] = {
        "pull_request": reviews,
        "required_status_checks": checks,
        "restrictions": settings["restrictions"],
        "required_linear_history": {} if settings["required_linear_history"] else None,
        "required_signatures": {} if settings["required_signatures"] else None,
        "lock": {} if settings["lock_branch"] else None,
        "non_fast_forward": None if settings["allow_force_pushes"] else {},
        "deletion": None if settings["allow_deletions"] else {},
    }
    allowed = (reviews or {}).get("bypass_pull_request_allowances") or {}
    for kind, parameters in kinds.items():
        if parameters is not None:
            passes = admin and kind not in _ABSOLUTE
            passes = passes or (kind == "pull_request" and is_among(repo, allowed, who))
            yield Rule(kind, "classic", parameters, "always" if passes else "never")


def is_among(repo: Data, actors: Data, who: Who) -> bool:
    """Whether the asker is one of the users, teams and apps of a classic setting."""
    teams = {one["slug"] for one in repo["teams"] if who.login in one["members"]}
    return who.login in actors.get("users", ()) or bool(teams & set(actors.get("teams", ()))) or (
        who.app_id is not None and shapes.app_slug(who.app_id) in actors.get("apps", ())
    )  # fmt: skip


def bypass_of(github: GitHub, repo: Data, ruleset: Data, who: Who) -> Literal["never", "always", "pull_request"]:
    """When the asker may pass a ruleset by."""
    role, owner = role_of(github, repo, who), github.store.data["users"][repo["full_name"].split("/")[0]]
    identity = github.store.data["users"].get(who.login, {}).get("id")
    teams = {one["id"] for one in repo["teams"] if who.login in one["members"]}
    best: Literal["never", "always", "pull_request"] = "never"
    for actor in ruleset["bypass_actors"]:
        kind, number = actor["actor_type"], actor["actor_id"]
        meant = {
            "RepositoryRole": not who.is_app and ROLES.index(role) >= ROLES.index(_ROLE_IDS.get(number, "admin")),
            "OrganizationAdmin": who.login in owner.get("owners", ()),
            "Team": number in teams,
            "Integration": number is not None and number == who.app_id,
            "User": not who.is_app and number == identity,
        }.get(kind, False)
        if meant and best != "always":
            best = "pull_request" if actor["bypass_mode"] == "pull_request" else "always"
    return best


def matches(repo: Data, ruleset: Data, ref: str) -> bool:
    """Whether a ruleset is about a reference."""
    if not ref.startswith({"branch": "refs/heads/", "tag": "refs/tags/"}.get(ruleset["target"], "never")):
        return False
    names = (ruleset.get("conditions") or {}).get("ref_name") or {}

    def hit(pattern: str) -> bool:
        default = ref == f"refs/heads/{repo['default_branch']}"
        return pattern == "~ALL" or (default if pattern == "~DEFAULT_BRANCH" else is_glob(pattern, ref))

    return any(map(hit, names.get("include", ()))) and not any(map(hit, names.get("exclude", ())))


def is_glob(pattern: str, text: str) -> bool:
    """Ruby's fnmatch with pathnames: `*` stays within a segment, `**/` takes any number of them."""
    parts = re.split(r"(\*\*/|\*|\?)", pattern)
    words = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(words.get(part, re.escape(part)) for part in parts), text) is not None


def is_ancestor(repository: Repository, old: str, new: str) -> bool:
    """Whether `new` holds everything that `old` does."""
    return repository.git("merge-base", "--is-ancestor", old, new, codes=(0, 1)).code == 0


def judge_push(github: GitHub, repo: Data, repository: Repository, update: Update, who: Who) -> tuple[list[str], bool]:
    """What to say to whoever pushes, and whether it is taken."""
    ref = update.ref
    if not may_push(github, repo, who):
        return [f"error: Permission to {repo['full_name']}.git denied to {who.login}."], False
    if ref.startswith("refs/pull/"):
        return [f"error: {ref}: deny updating a hidden ref"], False
    broken = [(rule, text) for rule in rules_for(github, repo, ref, who)
              for text in _push_broken(repo, repository, update, rule, who)]  # fmt: skip
    standing = [(rule, text) for rule, text in broken if rule.bypass != "always"]
    if broken and not standing:
        return [f"Bypassed rule violations for {ref}:", *_listed(text for _, text in broken)], True
    lines = []
    for by, head in (
        ("classic", [f"error: GH006: Protected branch update failed for {ref}."]),
        ("ruleset", [f"error: GH013: Repository rule violations found for {ref}.",
                     f"Review all repository rules at {github.url}/{repo['full_name']}/rules"]),
    ):  # fmt: skip
        texts = [text for rule, text in standing if rule.by == by]
        lines += [*head, *_listed(texts)] if texts else []
    return lines, not standing


def _listed(texts: Iterable[str]) -> list[str]:
    return [line for text in dict.fromkeys(texts) for line in ("", f"- {text}")] + [""]


def _push_broken(repo: Data, repository: Repository, update: Update, rule: Rule, who: Who) -> Iterator[str]:
    old, new = update.old, update.new
    if new is None:
        if rule.kind == "deletion":
            yield "Cannot delete this branch"
        return
    if rule.kind == "creation" and old is None:
        yield "Cannot create ref due to creations being restricted."
    if rule.kind == "update" and old is not None:
        yield "Cannot update this protected ref."
    if rule.kind == "lock":
        yield "Cannot change this locked branch"
    if rule.kind == "non_fast_forward" and old is not None and not is_ancestor(repository, old, new):
        yield "Cannot force-push to this branch"
    if rule.kind == "restrictions" and not is_among(repo, rule.parameters, who):
        yield "You're not authorized to push to this branch."
    if rule.kind == "pull_request" and old is not None:
        yield "Changes must be made through a pull request."
    fresh = [new, *(["--not", old] if old else ["--not", "--all"])]
    yield from commit_problems(repository, rule, fresh)
    if rule.kind == "required_status_checks" and not (old is None and rule.parameters.get("do_not_enforce_on_create")):
        yield from check_problems(repo, rule, new)


def commit_problems(repository: Repository, rule: Rule, revisions: Sequence[str]) -> Iterator[str]:
    """What is wrong with commits that would come onto the branch."""
    if rule.kind == "required_linear_history" and repository.git("rev-list", "--min-parents=2", *revisions).out:
        yield "This branch must not contain merge commits."
    if rule.kind == "required_signatures":
        for commit in repository.git("rev-list", *revisions).text.split():
            head = repository.git("cat-file", "commit", commit).out.partition(b"\n\n")[0]
            if b"\ngpgsig" not in head:
                yield "Commits must have verified signatures."
                return


def check_problems(repo: Data, rule: Rule, sha: str) -> Iterator[str]:
    """Which required status checks the commit lacks."""
    wanted = rule.parameters.get("checks", rule.parameters.get("required_status_checks")) or ()
    states = [(one["context"], check_state(repo, sha, one["context"], one.get("app_id", one.get("integration_id"))))
              for one in wanted]  # fmt: skip
    missing = [(name, state) for name, state in states if state not in _GOOD]
    words = {name: "failing" if state == "failure" else "expected" for name, state in missing}
    if len(missing) == 1:
        yield f'Required status check "{missing[0][0]}" is {words[missing[0][0]]}.'
    elif missing and "failing" not in words.values():
        yield f"{len(missing)} of {len(states)} required status checks are expected."
    elif missing:
        said = [f"{sum(one == word for one in words.values())} {word}" for word in ("failing", "expected")]
        counts = " and ".join(one for one in said if not one.startswith("0"))
        yield f"{len(missing)} of {len(states)} required status checks have not succeeded: {counts}."


def check_state(repo: Data, sha: str, context: str, app: int | None) -> str | None:
    """How the newest report of a check on a commit stands; None without one, or while it runs."""
    runs = [one for one in repo["check_runs"]
            if one["head_sha"] == sha and one["name"] == context and app in {None, -1, one["app_id"]}]  # fmt: skip
    if runs:
        last = max(runs, key=lambda one: one["id"])
        if last["status"] != "completed":
            return None
        return str(last["conclusion"]) if last["conclusion"] in _GOOD else "failure"
    statuses = [one for one in repo["statuses"] if one["sha"] == sha and one["context"] == context]
    if not statuses or app not in {None, -1}:
        return None
    state = str(max(statuses, key=lambda one: one["id"])["state"])
    return {"pending": None, "error": "failure"}.get(state, state)
