"""nobody-can-approve: more approvals are asked for than there are people who could give them."""

from __future__ import annotations

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed, unseen

NAME = "nobody-can-approve"


def look(facts: Facts) -> Trap | None:
    """An author's approval does not count, so every approval needs one more writer; admins may merge all the same."""
    wanted = facts.here.config.protection
    # A code owner's approval is one, however many are asked for besides.
    asked = max(wanted.approvals, int(wanted.code_owners))
    if asked == 0 or not wanted.admins:
        return None
    if isinstance(facts.writers, Unseen):
        return unseen(NAME, "who may approve a pull request", facts.writers)
    possible = max(0, len(facts.writers) - 1)
    if possible >= asked:
        return None
    rule = f"approvals = {asked}" if wanted.approvals else "code-owners = true"
    remedy = f"approvals = {possible}" + (", code-owners = false" if wanted.code_owners and not possible else "")
    who = f"only {listed(facts.writers)} may push" if facts.writers else "nobody is seen that may push"
    return Trap(
        NAME,
        "fail",
        f"nobody could merge a pull request of a writer any more: {rule} and admins = true, but {who},"
        " and nobody's approval of their own pull request counts",
        f"[tool.lockgate.protection] {remedy}, or invite another writer; {AGAIN}",
    )
