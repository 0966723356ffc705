"""ambiguous-check: two jobs report under the name of one required check."""

from __future__ import annotations

from lockgate.model.protection import Trap
from lockgate.protect.traps.checks import on_pull_requests
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed

NAME = "ambiguous-check"


def look(facts: Facts) -> Trap | None:
    """Which of two checks of one name counts is not defined: the laxer one may."""
    found: dict[str, list[str]] = {}
    sure = True
    for context in facts.here.contexts:
        jobs = on_pull_requests(facts, context)
        if len(jobs) > 1:
            found[context] = [one.where for one in jobs]
            sure = sure and all(one.sure for one in jobs)
    if not found:
        return None
    return Trap(
        NAME,
        "fail" if sure else "warn",
        f"several jobs {'' if sure else 'may '}report as {listed(found)}, and it is not defined which one counts:"
        f" {listed(where for jobs in found.values() for where in jobs)}",
        f"give all jobs but one another name; {AGAIN}",
    )
