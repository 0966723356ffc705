"""unreported-check: a required check that no workflow reports on pull requests."""

from __future__ import annotations

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.checks import on_pull_requests, reporters
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed

NAME = "unreported-check"


def look(facts: Facts) -> Trap | None:
    """GitHub waits for ever for a check that nobody reports; of names that are computed it cannot be told."""
    found = {context: on_pull_requests(facts, context) for context in (*facts.here.contexts, *_others(facts))}
    silent = [context for context, jobs in found.items() if not jobs]
    missing = [context for context in silent if context in facts.here.contexts]
    if missing:
        elsewhere = listed(one.where for context in missing for one in reporters(facts, context))
        other = f"; not on pull requests to {facts.branch}: {elsewhere}" if elsewhere else ""
        return Trap(
            NAME,
            "fail",
            f"no committed workflow reports {listed(missing)} on pull requests: every one would wait for ever{other}",
            f"lockgate render, commit .github/workflows, {AGAIN}",
        )
    doubtful = {context: jobs for context, jobs in found.items() if jobs and not any(job.sure for job in jobs)}
    if doubtful:
        return Trap(
            NAME,
            "unknown",
            f"whether {listed(doubtful)} is reported cannot be told: the name is computed, or the job calls a workflow"
            f" of elsewhere: {listed(one.where for jobs in doubtful.values() for one in jobs)}",
            f"write the job's name and matrix out, {AGAIN}",
        )
    if silent:
        return Trap(
            NAME,
            "warn",
            f"a ruleset requires {listed(silent)}, which no workflow reports on pull requests; if no other service"
            " does, every one waits for ever",
            f"take it out of the ruleset unless a service reports it, {AGAIN}",
        )
    return None


def _others(facts: Facts) -> list[str]:
    """Checks that a ruleset requires, of whatever app: of the repository's, the organization's or the enterprise's."""
    rules = () if isinstance(facts.rules, Unseen) else facts.rules
    wanted = [rule.get("parameters") or {} for rule in rules if rule.get("type") == "required_status_checks"]
    found = [one for each in wanted for one in each.get("required_status_checks") or ()]
    return [str(one["context"]) for one in found if one["context"] not in facts.here.contexts]
