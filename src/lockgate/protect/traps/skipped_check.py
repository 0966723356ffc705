"""skipped-check: the job of a required check can be skipped, which GitHub counts as passed."""

from __future__ import annotations

import re

from lockgate.model.protection import Trap
from lockgate.model.workflow import Job
from lockgate.protect.traps.checks import on_pull_requests
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed

NAME = "skipped-check"
_ALWAYS = re.compile(r"(?:\$\{\{)?\s*(?:always\(\)|!\s*cancelled\(\)|true)\s*(?:\}\})?", re.IGNORECASE)


def look(facts: Facts) -> Trap | None:
    """A condition, or a needed job that fails: the job does not run, and its check is green."""
    jobs = {
        one.where: _why(one.job)
        for context in facts.intended.contexts
        for one in on_pull_requests(facts, context)
        if _why(one.job)
    }
    if not jobs:
        return None
    return Trap(
        NAME,
        "fail",
        f"a required check can be skipped, which counts as passed:"
        f" {listed(f'{where} {why}' for where, why in jobs.items())}",
        f"`if: ${{{{ always() }}}}` on the job, and let its steps judge; {AGAIN}",
    )


def _why(job: Job) -> str:
    condition = job.condition.strip()
    if condition:
        return "" if _ALWAYS.fullmatch(condition) else f"runs only if {' '.join(condition.split())[:80]}"
    return f"is skipped when {', '.join(job.needs)} fails" if job.needs else ""
