"""The desired state, from the table and the rendered workflows: each setting with one sentence why (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from lockgate.model.config import Config
from lockgate.model.protection import Setting
from lockgate.protect.normal import ordered

RULESET = "lockgate"  # the name of ours
_ADMIN_ROLE = 5  # GitHub's id of the repository role "admin"

_STRICT = "two pull requests that pass alone can break together: each must pass on top of what is there"
_CHECKS = "these are the names under which the rendered workflows report; any other name would be waited for in vain"
_STALE = "an approval is for the commits that were seen, not for those pushed behind it"
_OWNERS = "`protection.code-owners` says whether the owners of a file have to approve its changes"
_BYPASS = "who is on this list is bound by nothing above"
_LINEAR = "a linear history can be bisected, and what was reviewed is what lands"
_FORCE = "a force push rewrites what others have, and what was released"
_DELETE = "who can delete the branch can push it again, past every rule"


def desired(config: Config, contexts: Sequence[str], *, app: int | None, public: bool) -> tuple[Setting, ...]:
    """Every setting that the table asks for.

    Args:
        config: The table.
        contexts: Names that the required checks report under.
        app: Id of GitHub Actions on this GitHub, the only app whose reports count; None: whoever reports.
        public: What only public repositories have is asked for, too.
    """
    everywhere = (*form(config.protection.kind, config, contexts, app), *_environment(config), *_ACTIONS, *_SECURITY)
    return (*everywhere, *_PUBLIC) if public else everywhere


def form(
    kind: Literal["classic", "ruleset"], config: Config, contexts: Sequence[str], app: int | None
) -> tuple[Setting, ...]:
    """The branch's rules in one of GitHub's two forms."""
    return (_classic if kind == "classic" else _ruleset)(config, contexts, app)


def _classic(config: Config, contexts: Sequence[str], app: int | None) -> tuple[Setting, ...]:
    wanted = config.protection
    checks, reviews = "classic.required_status_checks", "classic.required_pull_request_reviews"
    return (
        Setting(f"{checks}.strict", value=True, why=_STRICT),
        Setting(f"{checks}.checks", ordered({"context": name, "app_id": app} for name in contexts), _CHECKS),
        Setting("classic.enforce_admins", wanted.admins, _admins(config)),
        Setting(f"{reviews}.required_approving_review_count", wanted.approvals, _approvals(config)),
        Setting(f"{reviews}.dismiss_stale_reviews", value=True, why=_STALE),
        Setting(f"{reviews}.require_code_owner_reviews", wanted.code_owners, _OWNERS),
        Setting(f"{reviews}.bypass_pull_request_allowances", None, _BYPASS),
        Setting("classic.required_linear_history", value=True, why=_LINEAR),
        Setting("classic.allow_force_pushes", value=False, why=_FORCE),
        Setting("classic.allow_deletions", value=False, why=_DELETE),
    )


def _ruleset(config: Config, contexts: Sequence[str], app: int | None) -> tuple[Setting, ...]:
    wanted = config.protection
    checks, reviews = "ruleset.rules.required_status_checks", "ruleset.rules.pull_request"
    source = {} if app is None else {"integration_id": app}
    bypass: list[dict[str, Any]] = []
    if not wanted.admins:
        bypass = [{"actor_id": _ADMIN_ROLE, "actor_type": "RepositoryRole", "bypass_mode": "always"}]
    return (
        Setting("ruleset.target", "branch", "the rules are those of a branch"),
        Setting("ruleset.enforcement", "active", "a ruleset that is not active stops nothing"),
        Setting("ruleset.conditions.ref_name.include", [f"refs/heads/{wanted.branch}"], "the branch that is protected"),
        Setting("ruleset.conditions.ref_name.exclude", [], "what is excluded is not protected"),
        Setting("ruleset.bypass_actors", bypass, _BYPASS if wanted.admins else _admins(config)),
        Setting(f"{checks}.strict_required_status_checks_policy", value=True, why=_STRICT),
        Setting(f"{checks}.required_status_checks", ordered({"context": name, **source} for name in contexts), _CHECKS),
        Setting(f"{checks}.do_not_enforce_on_create", value=False, why=_DELETE),
        Setting(f"{reviews}.required_approving_review_count", wanted.approvals, _approvals(config)),
        Setting(f"{reviews}.dismiss_stale_reviews_on_push", value=True, why=_STALE),
        Setting(f"{reviews}.require_code_owner_review", wanted.code_owners, _OWNERS),
        Setting("ruleset.rules.required_linear_history", value=True, why=_LINEAR),
        Setting("ruleset.rules.non_fast_forward", value=True, why=_FORCE),
        Setting("ruleset.rules.deletion", value=True, why=_DELETE),
    )


def _admins(config: Config) -> str:
    if not config.protection.admins:
        return "the table lets administrators pass: `protection.admins = false`"
    return "rules that do not bind administrators are broken in a hurry, and by a stolen administrator's token"


def _approvals(config: Config) -> str:
    if config.protection.approvals:
        return "nothing lands that only its author has seen"
    return "changes come through pull requests, where the checks see them, also where nobody else could approve"


def _environment(config: Config) -> tuple[Setting, ...]:
    wanted = config.publish
    policies = [{"name": config.protection.branch, "type": "branch"}]
    found = (
        Setting("environment.deployments_from", "custom", f"{wanted.environment} is for named branches only"),
        Setting("environment.policies", policies, "releases come from the protected branch and from nowhere else"),
    )
    if not wanted.reviewers:
        return found
    reviewers = sorted({name.lower() for name in wanted.reviewers})
    return (Setting("environment.reviewers", reviewers, "a person releases: no push alone reaches the index"), *found)


_RUNS = "the required checks run there: without it nothing could ever merge"
_PINNED = "a tag of an action can be moved to other code; a commit cannot"
_LEAST = "a workflow gets what it names, and one that names nothing can write nothing"
_APPROVE = "a workflow that may approve makes approvals worthless"
_REPORT = "who finds a hole can tell you without telling everybody"
_ACTIONS = (
    Setting("actions.enabled", value=True, why=_RUNS),
    Setting("actions.sha_pinning_required", value=True, why=_PINNED),
    Setting("workflow_token.default_workflow_permissions", "read", _LEAST),
    Setting("workflow_token.can_approve_pull_request_reviews", value=False, why=_APPROVE),
)
_SECURITY = (
    Setting("security.secret_scanning", "enabled", "a leaked key is found before others use it"),
    Setting("security.secret_scanning_push_protection", "enabled", "a key that never arrives needs no rotation"),
    Setting("dependabot_alerts.enabled", value=True, why="a dependency turns vulnerable without any commit of yours"),
    Setting("dependabot_updates.enabled", value=True, why="the mending pull request is there when you read the alert"),
    Setting("immutable_releases.enabled", value=True, why="nobody can change the files of a release that is out"),
)
_PUBLIC = (Setting("private_vulnerability_reporting.enabled", value=True, why=_REPORT),)
