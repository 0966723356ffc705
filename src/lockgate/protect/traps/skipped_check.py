"""skipped-check: the job of a required check can be skipped, which GitHub counts as passed."""

from __future__ import annotations

import re

from lockgate.model.protection import Trap
from lockgate.model.workflow import Job
from lockgate.protect.traps.checks import on_pull_requests
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed

NAME = "skipped-check"
_ALWAYS = re.compile(r"always\(\)|!\s*cancelled\(\)|true", re.IGNORECASE)
_STATUS = re.compile(r"\b(?:always|cancelled|failure)\(\)", re.IGNORECASE)
_EVENT = re.compile(r"github\.event_name\s*(==|!=)\s*'(\w+)'")


def look(facts: Facts) -> Trap | None:
    """A condition, or a needed job that fails: the job does not run, and its check is green."""
    jobs = {one.where: one.job for context in facts.here.contexts for one in on_pull_requests(facts, context)}
    found = {where: why for where, job in jobs.items() if (why := _why(job))}
    if not found:
        return None
    sure = any(why.startswith("when") for why in found.values())
    return Trap(
        NAME,
        "fail" if sure else "warn",
        f"a required check can be skipped, which counts as passed:"
        f" {listed(f'{where} {why}' for where, why in found.items())}",
        f"`if: ${{{{ always() }}}}` on the job, and let its steps judge; {AGAIN}",
    )


def _why(job: Job) -> str:
    condition = " ".join(re.sub(r"^\$\{\{|\}\}$", "", job.condition.strip()).split())
    if job.needs and not _STATUS.search(condition):
        return f"when {', '.join(job.needs)} fails"
    if condition in {"", "success()"} or any(all(map(_holds, one.split("&&"))) for one in condition.split("||")):
        return ""
    return f"unless {condition[:80]}"


def _holds(term: str) -> bool:
    """Whether a term of a condition surely holds on pull requests and in merge queues."""
    event = _EVENT.fullmatch(term.strip())
    if event is not None:
        return event[1] == "!=" and event[2] not in {"pull_request", "merge_group"}
    return _ALWAYS.fullmatch(term.strip()) is not None
