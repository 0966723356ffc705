"""bot-pull-requests: a workflow opens pull requests with its own token, and no check runs on those."""

from __future__ import annotations

import re

from lockgate.model.protection import Trap
from lockgate.model.workflow import Document, Job, Step
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed, variables

NAME = "bot-pull-requests"
# Actions that open pull requests, and the inputs with which they are given another token.
_ACTIONS = {
    "peter-evans/create-pull-request": ("token", "branch-token"),
    "googleapis/release-please-action": ("token",),
    "google-github-actions/release-please-action": ("token",),
    "changesets/action": (),
    "repo-sync/pull-request": ("github_token",),
    "devops-infra/action-pull-request": ("github_token",),
    "technote-space/create-pr-action": ("GITHUB_TOKEN",),
    "gr2m/create-or-update-pull-request-action": (),
    "browniebroke/pre-commit-autoupdate-action": (),
}
_OPENS = re.compile(r"\bgh\s+pr\s+create\b|\bhub\s+pull-request\b|\bpulls\.create\s*\(")
_OWN_TOKEN = re.compile(r"\$\{\{\s*(?:github\.token|secrets\.GITHUB_TOKEN)\s*\}\}", re.IGNORECASE)


def look(facts: Facts) -> Trap | None:
    """GitHub starts no workflow for what the default token does, so nobody must be able to merge such a request."""
    if not facts.here.contexts:
        return None
    found = [
        f"{document.path}:{step.line}"
        for document in facts.here.workflows
        for job in document.jobs
        for step in job.steps
        if _opens(document, job, step)
    ]
    if not found:
        return None
    return Trap(
        NAME,
        "warn",
        f"pull requests opened with the workflow's own token get no checks, so the required ones never report on them:"
        f" {listed(found)}",
        f"open them with the token of a GitHub App (or close and reopen each by hand); {AGAIN}",
    )


def _opens(document: Document, job: Job, step: Step) -> bool:
    environment = variables(document, job, step)
    given = [environment[name] for name in ("GH_TOKEN", "GITHUB_TOKEN") if environment.get(name)]
    if step.uses in _ACTIONS:
        given += [str(step.inputs[name]) for name in _ACTIONS[step.uses] if step.inputs.get(name)]
    elif step.uses == "actions/github-script" and _OPENS.search(str(step.inputs.get("script", ""))):
        given = [str(step.inputs.get("github-token") or "${{ github.token }}")]
    elif not _OPENS.search(step.run) or not given:
        return False  # gh does nothing without a token
    return all(_OWN_TOKEN.fullmatch(token.strip()) for token in given)
