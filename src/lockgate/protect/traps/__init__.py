"""Rules that are right one by one, and together lock somebody out or protect nothing: one file for each trap (pure)."""

from __future__ import annotations

from lockgate.model.protection import Trap
from lockgate.protect.traps import (
    ambiguous_check,
    bot_pull_requests,
    bot_pushes,
    default_setup,
    filtered_check,
    nobody_can_approve,
    old_secrets,
    open_environment,
    queue_without_checks,
    skipped_check,
    unneeded_secrets,
    unreported_check,
    wrong_publisher,
)
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN

TRAPS = (
    nobody_can_approve.look,
    unreported_check.look,
    filtered_check.look,
    skipped_check.look,
    ambiguous_check.look,
    queue_without_checks.look,
    default_setup.look,
    bot_pushes.look,
    bot_pull_requests.look,
    open_environment.look,
    wrong_publisher.look,
    unneeded_secrets.look,
    old_secrets.look,
)


def find(facts: Facts) -> tuple[Trap, ...]:
    """Every trap that is set, and every one that cannot be told: the worst first."""
    found = [trap for trap in (look(facts) for look in TRAPS) if trap is not None]
    for problem in facts.here.unreadable:
        message = f"{problem}: GitHub does not run it, and what it would do cannot be told"
        found.append(Trap("unreadable-workflow", "unknown", message, f"mend the file, {AGAIN}"))
    return tuple(sorted(found, key=lambda trap: ("fail", "warn", "unknown").index(trap.status)))
