"""filtered-check: the workflow of a required check starts on some pull requests only."""

from __future__ import annotations

from lockgate.model.protection import Trap
from lockgate.protect.traps.checks import filters, on_pull_requests
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed

NAME = "filtered-check"


def look(facts: Facts) -> Trap | None:
    """What a filter leaves out reports nothing; that is no problem where another workflow reports always."""
    found: dict[str, str] = {}
    for context in facts.here.contexts:
        jobs = on_pull_requests(facts, context)
        if jobs and all(filters(one.document) for one in jobs):
            found |= {one.document.path: ", ".join(filters(one.document)) for one in jobs}
    if not found:
        return None
    where = listed(f"{path} ({what})" for path, what in found.items())
    return Trap(
        NAME,
        "fail",
        f"a required check is behind a filter: {where}; a pull request that it leaves out waits for ever",
        f"take the filter out of `on:`, and let the job find out that nothing is to be done; {AGAIN}",
    )
