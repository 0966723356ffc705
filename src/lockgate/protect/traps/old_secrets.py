"""old-secrets: secrets that nobody has renewed for 90 days."""

from __future__ import annotations

import datetime as dt

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed
from lockgate.protect.traps.unneeded_secrets import shown

NAME = "old-secrets"
_DAYS = 90


def look(facts: Facts) -> Trap | None:
    """GitHub tells when a secret was last written; who read it stands in Enterprise's audit log only."""
    if isinstance(facts.secrets, Unseen):
        return None  # said by unneeded-secrets
    found = []
    for one in facts.secrets:
        days = int((facts.now - dt.datetime.fromisoformat(one.updated).timestamp()) / 86400)
        if days > _DAYS:
            found.append(f"{shown(one)} ({days} days)")
    if not found:
        return None
    ages = f"secrets were not renewed for more than {_DAYS} days: {listed(found)}"
    return Trap(
        NAME,
        "warn",
        f"{ages} (who read them is told by the audit log of GitHub Enterprise only)",
        f"issue each anew, gh secret set NAME, and revoke the old one; {AGAIN}",
    )
