"""queue-without-checks: a merge queue is on, and the workflow of a required check does not start in it."""

from __future__ import annotations

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.checks import on_pull_requests
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed, unseen

NAME = "queue-without-checks"


def look(facts: Facts) -> Trap | None:
    """Without `merge_group` the queue waits for ever; a queue of classic protection is in no answer of the REST API."""
    jobs = [one for context in facts.intended.contexts for one in on_pull_requests(facts, context)]
    lacking = {one.document.path for one in jobs if "merge_group" not in one.document.triggers}
    if not lacking:
        return None
    if isinstance(facts.rules, Unseen):
        return unseen(NAME, f"whether a merge queue is on ({listed(lacking)} would not start in one)", facts.rules)
    if not any(rule.get("type") == "merge_queue" for rule in facts.rules):
        return None
    return Trap(
        NAME,
        "fail",
        f"a merge queue is on for {facts.intended.branch}, and {listed(lacking)} does not start in it: the queue waits"
        " for ever for its required checks",
        f"add `merge_group:` to `on:` of {listed(lacking)}; {AGAIN}",
    )
