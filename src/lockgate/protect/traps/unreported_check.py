"""unreported-check: a required check that no workflow reports on pull requests."""

from __future__ import annotations

from lockgate.model.protection import Trap
from lockgate.protect.traps.checks import on_pull_requests, reporters
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed

NAME = "unreported-check"


def look(facts: Facts) -> Trap | None:
    """GitHub waits for ever for a check that nobody reports; of names that are computed it cannot be told."""
    found = {context: on_pull_requests(facts, context) for context in facts.intended.contexts}
    missing = [context for context, jobs in found.items() if not jobs]
    if missing:
        elsewhere = listed(one.where for context in missing for one in reporters(facts, context))
        other = f"; not on pull requests to {facts.intended.branch}: {elsewhere}" if elsewhere else ""
        return Trap(
            NAME,
            "fail",
            f"no committed workflow reports {listed(missing)} on pull requests: every one would wait for ever{other}",
            f"lockgate render, commit .github/workflows, {AGAIN}",
        )
    doubtful = [context for context, jobs in found.items() if not any(job.sure for job in jobs)]
    if doubtful:
        return Trap(
            NAME,
            "unknown",
            f"whether {listed(doubtful)} is reported cannot be told: the name is computed, or the job calls a workflow"
            f" of elsewhere: {listed(one.where for context in doubtful for one in found[context])}",
            f"write the job's name and matrix out, {AGAIN}",
        )
    return None
