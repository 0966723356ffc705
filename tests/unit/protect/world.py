"""A repository on the embedded GitHub, and what protects it told independently of lockgate's own comparison."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from hypothesis import strategies as st

from lockgate.flows.protect_look import Compared, Desk, compare
from lockgate.flows.protect_rounds import carry_out
from lockgate.loopback.github import GitHub
from lockgate.loopback.github.state import new_repository
from lockgate.model.config import Config
from lockgate.model.protection import Step
from lockgate.ports.console import Console
from lockgate.ports.github import GitHub as Client
from lockgate.ports.service import Reply, Request
from lockgate.protect import normal

REPOSITORY = "acme/sample"
CONTEXTS = ("test-matrix (3.8)", "test-matrix (3.12)", "quality-checks", "coverage-report", "security-scan")
State = dict[str, Any]


class Watched(GitHub):
    """Remembers the repository after every request that may have changed it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.moments: list[State] = []

    def respond(self, request: Request) -> Reply:
        """Answer, and look."""
        reply = super().respond(request)
        if request.method != "GET":
            self.moments.append(self.repository(REPOSITORY))
        return reply


class World:
    """One server with people, a team and a repository with one commit on main."""

    def __init__(self, server: Watched, folder: Path) -> None:
        self.server = server
        server.limit = 10**9
        server.add_user("ada")
        server.add_user("bob")
        server.add_user("acme", kind="Organization", owners={"ada"})
        server.add_repository(REPOSITORY)
        self.token = server.add_token("ada")
        self.fresh()
        git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        for command in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "Begin"],
                        ["push", "-q", server.remote(REPOSITORY, self.token), "main"]):  # fmt: skip
            subprocess.run([*git, *command], cwd=folder, check=True, capture_output=True)

    def fresh(self, **state: Any) -> None:  # noqa: ANN401  (JSON)
        """Begin again, with this in the repository's state."""
        with self.server.changing() as data:
            made = new_repository(1, REPOSITORY, "team", private=False)
            teams = [{"id": 77, "slug": "crew", "name": "Crew", "permission": "push", "members": ["bob"]}]
            data["repositories"][REPOSITORY] = {**made, "teams": teams, **copy.deepcopy(state)}
        self.server.faults.clear()
        self.server.requests.clear()
        self.server.moments.clear()

    @property
    def state(self) -> State:
        """What is there."""
        return self.server.repository(REPOSITORY)

    def desk(self, config: Config, token: str | None = None) -> Desk:
        """Who compares."""
        return Desk(
            config=config,
            contexts=CONTEXTS,
            github=Client(self.server.api, token or self.token),
            credential="GH_TOKEN",
            repository=REPOSITORY,
            reviewers_at="pyproject.toml:1",
        )

    def apply(self, config: Config) -> tuple[tuple[Step, ...], Compared]:
        """Plan and apply."""
        desk = self.desk(config)
        return carry_out(desk, compare(desk), Console(quiet=True))

    def writes(self) -> list[tuple[str, str, int]]:
        """What was asked beside reading."""
        return [one for one in self.server.requests if one[0] != "GET"]


def rich(kind: str) -> State:
    """Weak where the table asks for more, and full of what it says nothing of; both forms are there."""
    team = {"users": ["bob"], "teams": ["crew"], "apps": []}
    stamps = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    pull = {
        "dismiss_stale_reviews_on_push": False, "require_code_owner_review": False, "require_last_push_approval": True,
        "required_approving_review_count": 0, "required_review_thread_resolution": True, "required_reviewers": [],
        "allowed_merge_methods": ["squash"],
    }  # fmt: skip

    def ruleset(name: str, number: int, source: str, more: list[State]) -> State:
        return {
            "id": number, "name": name, "source_type": source, "source": "acme", "target": "branch",
            "enforcement": "active", "bypass_actors": [{"actor_id": 77, "actor_type": "Team", "bypass_mode": "always"}],
            "conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": ["refs/heads/x"]}},
            "rules": [{"type": "deletion"}, *more], **stamps,
        }  # fmt: skip

    signed: list[State] = [{"type": "required_signatures"}, {"type": "pull_request", "parameters": pull}]
    own = signed if kind == "ruleset" else []
    reviews = {
        "dismissal_restrictions": team, "bypass_pull_request_allowances": team, "dismiss_stale_reviews": False,
        "require_code_owner_reviews": False, "required_approving_review_count": 0, "require_last_push_approval": True,
    }  # fmt: skip
    more = kind == "classic"
    return {
        "protection": {"main": {
            "required_status_checks": {"strict": False, "checks": [{"context": "old-check", "app_id": None}]},
            "required_pull_request_reviews": reviews if more else None, "restrictions": team if more else None,
            **dict.fromkeys(normal.SWITCHES, False), "allow_force_pushes": True, "allow_deletions": True,
            "required_signatures": more, "required_conversation_resolution": more, "block_creations": more,
        }},
        "rulesets": [ruleset("lockgate", 11, "Repository", own), ruleset("other", 12, "Repository", signed),
                     ruleset("wide", 13, "Organization", signed)],
        "environments": {
            "pypi-publishing": {
                "id": 5, "name": "pypi-publishing", **stamps, "secrets": [], "rules": [91, 92, 93], "wait_timer": 7,
                "prevent_self_review": True, "reviewers": [{"type": "Team", "id": 77}],
                "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
                "policies": [{"id": 901, "name": "v*", "type": "tag"}],
            },
            "docs": {
                "id": 6, "name": "docs", **stamps, "secrets": [], "rules": [94, 95, 96], "wait_timer": 0,
                "prevent_self_review": False, "reviewers": [{"type": "Team", "id": 77}],
                "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
                "policies": [{"id": 902, "name": "main", "type": "branch"}],
            },
        },
        "actions": {
            "permissions": {"enabled": True, "allowed_actions": "local_only", "sha_pinning_required": False},
            "selected-actions": {},
            "workflow": {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": True},
        },
        "security_and_analysis": {"secret_scanning": "disabled", "secret_scanning_push_protection": "disabled",
                                  "secret_scanning_non_provider_patterns": "enabled"},
    }  # fmt: skip


def table(**tables: Mapping[str, Any]) -> Config:
    """A configuration."""
    return msgspec.convert(tables, Config)


def configs() -> st.SearchStrategy[Config]:
    """Every combination of what the table can say of protection."""
    protection = st.fixed_dictionaries({
        "kind": st.sampled_from(["classic", "ruleset"]),
        "approvals": st.integers(0, 6),
        "admins": st.booleans(),
        "code-owners": st.booleans(),
    })  # fmt: skip
    people = st.lists(st.sampled_from(["@ada", "@Bob", "@acme/crew"]), unique=True)
    return st.builds(lambda one, who: table(protection=one, publish={"reviewers": who}), protection, people)


_ACTORS = st.fixed_dictionaries({
    "users": st.sampled_from([[], ["bob"]]), "teams": st.sampled_from([[], ["crew"]]), "apps": st.just([]),
})  # fmt: skip
_DISMISSERS = _ACTORS.filter(lambda one: any(one.values()))  # an empty list of them switches it off
_CHECKS = st.lists(st.sampled_from([*CONTEXTS, "old-check"]), unique=True).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), st.sampled_from([15368, None, 99])) for name in names))
)  # fmt: skip


def _protection() -> st.SearchStrategy[State]:
    reviews = st.fixed_dictionaries({
        "dismissal_restrictions": st.none() | _DISMISSERS, "bypass_pull_request_allowances": st.none() | _ACTORS,
        "dismiss_stale_reviews": st.booleans(), "require_code_owner_reviews": st.booleans(),
        "required_approving_review_count": st.integers(0, 6), "require_last_push_approval": st.booleans(),
    })  # fmt: skip
    checks = st.builds(
        lambda strict, named: {"strict": strict, "checks": [{"context": n, "app_id": a} for n, a in named]},
        st.booleans(), _CHECKS,
    )  # fmt: skip
    return st.fixed_dictionaries({
        "required_status_checks": st.none() | checks, "required_pull_request_reviews": st.none() | reviews,
        "restrictions": st.none() | _ACTORS, **{name: st.booleans() for name in normal.SWITCHES},
    })  # fmt: skip


def _rules() -> st.SearchStrategy[list[State]]:
    pull = st.fixed_dictionaries({
        "dismiss_stale_reviews_on_push": st.booleans(), "require_code_owner_review": st.booleans(),
        "require_last_push_approval": st.booleans(), "required_approving_review_count": st.integers(0, 6),
        "required_review_thread_resolution": st.booleans(), "required_reviewers": st.just([]),
        "allowed_merge_methods": st.sampled_from([["merge", "squash", "rebase"], ["squash"]]),
    })  # fmt: skip
    checks = st.builds(
        lambda strict, create, named: {
            "strict_required_status_checks_policy": strict, "do_not_enforce_on_create": create,
            "required_status_checks": [{"context": n, **({"integration_id": a} if a else {})} for n, a in named],
        },
        st.booleans(), st.booleans(), _CHECKS,
    )  # fmt: skip
    kinds = ("deletion", "non_fast_forward", "required_linear_history", "required_signatures", "creation")
    none: st.SearchStrategy[list[State]] = st.just([])
    plain = [none | st.just([{"type": kind}]) for kind in kinds]
    both = [
        none | pull.map(lambda one: [{"type": "pull_request", "parameters": one}]),
        none | checks.map(lambda one: [{"type": "required_status_checks", "parameters": one}]),
    ]
    return st.tuples(*plain, *both).map(lambda parts: [rule for part in parts for rule in part])


def _ruleset(name: str, number: int, source: str = "Repository") -> st.SearchStrategy[list[State]]:
    actors = st.sampled_from([
        [], [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
        [{"actor_id": 77, "actor_type": "Team", "bypass_mode": "pull_request"}],
    ])  # fmt: skip
    made = st.fixed_dictionaries({
        "id": st.just(number), "source_type": st.just(source), "name": st.just(name),
        "source": st.just(REPOSITORY if source == "Repository" else "acme"),
        "target": st.just("branch"), "enforcement": st.sampled_from(["active", "disabled"]), "bypass_actors": actors,
        "conditions": st.sampled_from(["refs/heads/main", "~DEFAULT_BRANCH", "refs/heads/other"]).map(
            lambda ref: {"ref_name": {"include": [ref], "exclude": []}}),
        "rules": _rules(), "created_at": st.just("2026-01-01T00:00:00Z"), "updated_at": st.just("2026-01-01T00:00:00Z"),
    })  # fmt: skip
    return st.just([]) | made.map(lambda one: [one])


def _environments() -> st.SearchStrategy[State]:
    policies = st.lists(st.sampled_from([("main", "branch"), ("release/*", "branch"), ("v*", "tag")]), unique=True)
    made = st.builds(
        lambda wait, own, who, which, named: {
            "id": 5, "name": "pypi-publishing", "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "secrets": [], "rules": [91, 92, 93],
            "wait_timer": wait, "prevent_self_review": own and bool(who), "reviewers": who,
            "deployment_branch_policy": which and {"protected_branches": which == 1,
                                                   "custom_branch_policies": which == 2},
            "policies": [{"id": 900 + n, "name": name, "type": kind} for n, (name, kind) in enumerate(named)]
            if which == 2 else [],
        },
        st.integers(0, 3), st.booleans(),
        st.sampled_from([[], [{"type": "Team", "id": 77}], [{"type": "User", "id": 1002}]]),
        st.sampled_from([None, 1, 2]), policies,
    )  # fmt: skip
    return st.just({}) | made.map(lambda one: {"pypi-publishing": one})


def states() -> st.SearchStrategy[State]:
    """What may be there before: either form, both, rulesets of others, anything switched on or off."""
    on = st.sampled_from(["enabled", "disabled"])
    switches = ("vulnerability-alerts", "automated-security-fixes", "private-vulnerability-reporting",
                "immutable-releases")  # fmt: skip
    return st.fixed_dictionaries({
        "protection": st.just({}) | _protection().map(lambda one: {"main": one}),
        "rulesets": st.tuples(_ruleset("lockgate", 11), _ruleset("other", 12), _ruleset("wide", 13, "Organization"))
        .map(lambda parts: [one for part in parts for one in part]),
        "environments": _environments(),
        "actions": st.builds(
            lambda pinned, which, token, approve: {
                "permissions": {"enabled": True, "allowed_actions": which, "sha_pinning_required": pinned},
                "selected-actions": {},
                "workflow": {"default_workflow_permissions": token, "can_approve_pull_request_reviews": approve},
            },
            st.booleans(), st.sampled_from(["all", "local_only"]), st.sampled_from(["read", "write"]), st.booleans(),
        ),
        "security_and_analysis": st.fixed_dictionaries({
            "secret_scanning": on, "secret_scanning_push_protection": on, "secret_scanning_non_provider_patterns": on,
        }),
        "security": st.fixed_dictionaries({name: st.booleans() for name in switches}),
    })  # fmt: skip


# --- What protects, told from the server's own state -----------------------------------------------------------------

Strength = dict[str, Any]
Who = Literal["writer", "admin", "bob"]


def _classic_rules(state: State, who: Who) -> Iterator[tuple[str, Any]]:
    one = state["protection"].get("main")
    if one is None:
        return
    bound = who != "admin" or one["enforce_admins"]
    yield "no force pushes", not one["allow_force_pushes"]
    yield "no deletion", not one["allow_deletions"]
    if not bound:
        return
    for name in ("required_linear_history", "required_signatures", "lock_branch", "required_conversation_resolution"):
        yield (
            {"required_linear_history": "linear", "required_conversation_resolution": "conversations"}.get(name, name),
            one[name],
        )
    yield (
        "pushers",
        None
        if one["restrictions"] is None
        else frozenset(f"{kind}:{name}" for kind, names in one["restrictions"].items() for name in names),
    )
    checks = one["required_status_checks"]
    if checks is not None:
        yield "contexts", frozenset(check["context"] for check in checks["checks"])
        yield "sources", frozenset((c["context"], c["app_id"]) for c in checks["checks"] if c["app_id"] is not None)
        yield "strict", bool(checks["strict"] and checks["checks"])
    reviews = one["required_pull_request_reviews"]
    allowed = (reviews or {}).get("bypass_pull_request_allowances") or {"users": [], "teams": []}
    if reviews is not None and not (who == "bob" and ("bob" in allowed["users"] or "crew" in allowed["teams"])):
        yield "pull request", True
        yield "approvals", reviews["required_approving_review_count"]
        yield "stale", reviews["dismiss_stale_reviews"]
        yield "owners", reviews["require_code_owner_reviews"]
        yield "last push", reviews["require_last_push_approval"]
        yield "dismissers", None if reviews["dismissal_restrictions"] is None else True


def _ruleset_rules(state: State, who: Who) -> Iterator[tuple[str, Any]]:
    for one in state["rulesets"]:
        if one["enforcement"] != "active" or one["conditions"]["ref_name"]["include"] == ["refs/heads/other"]:
            continue
        kinds = {actor["actor_type"] for actor in one["bypass_actors"]}
        if (who == "admin" and "RepositoryRole" in kinds) or (who == "bob" and "Team" in kinds):
            continue
        for rule in one["rules"]:
            given = rule.get("parameters", {})
            names = {
                "non_fast_forward": "no force pushes",
                "deletion": "no deletion",
                "required_linear_history": "linear",
            }
            if rule["type"] == "pull_request":
                yield "pull request", True
                yield "approvals", given["required_approving_review_count"]
                yield "stale", given["dismiss_stale_reviews_on_push"]
                yield "owners", given["require_code_owner_review"]
                yield "last push", given["require_last_push_approval"]
                yield "conversations", given["required_review_thread_resolution"]
            elif rule["type"] == "required_status_checks":
                checks = given["required_status_checks"]
                yield "contexts", frozenset(check["context"] for check in checks)
                yield (
                    "sources",
                    frozenset((c["context"], c["integration_id"]) for c in checks if c.get("integration_id")),
                )
                yield "strict", bool(given["strict_required_status_checks_policy"] and checks)
            else:
                yield names.get(rule["type"], rule["type"]), True


def strength(state: State) -> Strength:
    """How strong each protection is: booleans, numbers, and sets of what is required; None is no protection."""
    found: Strength = {}
    for who in ("writer", "admin", "bob"):
        for name, value in (*_classic_rules(state, who), *_ruleset_rules(state, who)):
            key = f"{name} for {who}"
            known = found.get(key)
            if name == "pushers":
                # Of those fewer is stronger: they have to stay as they are.
                found[key] = value if value is not None else 0
            elif isinstance(value, frozenset):
                found[key] = (known or frozenset()) | value
            else:
                found[key] = max(known or 0, value or 0)
    environment = state["environments"].get("pypi-publishing")
    policy = environment and environment["deployment_branch_policy"]
    names = [one["name"] for one in environment["policies"]] if environment else []
    custom = bool(policy and policy["custom_branch_policies"])
    found["release reviewed"] = bool(environment and environment["reviewers"])
    found["release waits"] = environment["wait_timer"] if environment else 0
    for ref in ("release/1", "v1"):
        pattern = {"release/1": "release/*", "v1": "v*"}[ref]
        found[f"no release from {ref}"] = bool(policy) and not (custom and pattern in names)
    found["pinned"] = state["actions"]["permissions"]["sha_pinning_required"]
    found["read-only token"] = state["actions"]["workflow"]["default_workflow_permissions"] == "read"
    found["no approving workflow"] = not state["actions"]["workflow"]["can_approve_pull_request_reviews"]
    found |= {name: value == "enabled" for name, value in state["security_and_analysis"].items()}
    return {**found, **state["security"]}


def wanted(config: Config) -> Strength:
    """What the table asks for; of everything else, what was there before has to stay."""
    asked = config.protection
    rules: Strength = {
        "contexts": frozenset(CONTEXTS), "sources": frozenset((name, 15368) for name in CONTEXTS), "strict": True,
        "pull request": True, "approvals": asked.approvals, "stale": True, "owners": asked.code_owners,
        "linear": True, "no force pushes": True, "no deletion": True,
    }  # fmt: skip
    found = {f"{name} for {who}": value for who in ("writer", "admin", "bob") for name, value in rules.items()}
    found |= {"no release from release/1": True, "no release from v1": True, "pinned": True, "read-only token": True}
    return {**found, **({"release reviewed": True} if config.publish.reviewers else {})}


def weaker(now: State, before: State, config: Config) -> list[str]:
    """Protections that `now` has less of than `before`, and less than the table asks for."""
    this, old, new = strength(now), strength(before), wanted(config)
    # With `admins = false` the table frees administrators of all of it.
    names = [name for name in old if config.protection.admins or not name.endswith("for admin")]
    return [name for name in names if not _holds(this.get(name), old[name], new.get(name))]


def _holds(this: Any, old: Any, new: Any) -> bool:  # noqa: ANN401
    if isinstance(old, frozenset) and new is None:
        return bool(this == old)
    if isinstance(old, frozenset):
        return this is not None and this >= (old & new)
    return bool((this or 0) >= (old or 0) or (new is not None and (this or 0) >= new))
