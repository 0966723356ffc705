"""queue-without-checks: a merge queue is on, and the workflow of a required check does not start in it."""

from __future__ import annotations

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.checks import on_pull_requests
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed, unseen

NAME = "queue-without-checks"


def look(facts: Facts) -> Trap | None:
    """Without `merge_group` the queue waits for ever; a queue of classic protection is in no answer of the REST API."""
    jobs = [one for context in facts.here.contexts for one in on_pull_requests(facts, context)]
    lacking = listed(one.document.path for one in jobs if "merge_group" not in one.document.triggers)
    if not lacking:
        return None
    if isinstance(facts.rules, Unseen):
        return unseen(NAME, f"whether a merge queue is on ({lacking} would not start in one)", facts.rules)
    is_on = any(rule.get("type") == "merge_queue" for rule in facts.rules)
    branch = facts.branch
    where = f"the merge queue of {branch}" if is_on else f"a merge queue, if classic protection of {branch} has one on"
    return Trap(
        NAME,
        "fail" if is_on else "warn",
        f"{lacking} does not start in {where}: the queue would wait for ever for its required checks",
        f"add `merge_group:` to `on:` of {lacking}; {AGAIN}",
    )
