"""How traps speak: lists that stay short, and what could not be seen (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.model.protection import Trap, Unseen
from lockgate.model.workflow import Document, Job, Step
from lockgate.protect.traps.facts import NO_ANSWER

_MOST = 5
AGAIN = "then lockgate protect plan"


def listed(names: Iterable[str]) -> str:
    """Some names, and how many more there are."""
    found = sorted(set(names))
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(found[:_MOST]) + more


def unseen(name: str, what: str, why: Unseen) -> Trap:
    """The trap that cannot be told."""
    reason = f" ({why.reason})" if why.reason else ""
    remedy = "run it again later" if why.permission == NO_ANSWER else f"give the token {why.permission}, {AGAIN}"
    return Trap(name, "unknown", f"{what} cannot be seen{reason}: it takes {why.permission}", remedy)


def variables(document: Document, job: Job, step: Step) -> dict[str, str]:
    """The environment variables that a step is given."""
    given = [one.data.get("env") for one in (document, job, step)]
    return {str(key): str(value) for one in given if isinstance(one, dict) for key, value in one.items()}
