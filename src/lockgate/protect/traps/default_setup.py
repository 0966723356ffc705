"""codeql-default-setup: GitHub's own CodeQL is switched on beside the one of the rendered workflow."""

from __future__ import annotations

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import unseen

NAME = "codeql-default-setup"


def look(facts: Facts) -> Trap | None:
    """With default setup on, code scanning takes no CodeQL result that a workflow uploads."""
    if not facts.here.codeql:
        return None
    if isinstance(facts.default_setup, Unseen):
        return unseen(NAME, "whether CodeQL's default setup is on", facts.default_setup)
    if facts.default_setup != "configured":
        return None
    return Trap(
        NAME,
        "fail",
        "CodeQL's default setup is on beside security-scan.yml: the code is analyzed twice, and code scanning rejects"
        " what a workflow uploads (“CodeQL analyses from advanced configurations cannot be processed”)",
        f"gh api -X PATCH repos/{facts.here.repository}/code-scanning/default-setup -f state=not-configured",
    )
