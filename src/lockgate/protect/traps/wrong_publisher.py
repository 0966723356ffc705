"""wrong-publisher: the index trusts another publisher than the one that the workflow is."""

from __future__ import annotations

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import unseen

NAME = "wrong-publisher"
_WORKFLOW = "publish.yml"


def look(facts: Facts) -> Trap | None:
    """Whom the index trusts is told to nobody: the provenance of the last release is the nearest to it."""
    publisher, here = facts.publisher, facts.here
    environment = here.config.publish.environment
    if isinstance(publisher, Unseen):
        return unseen(NAME, f"whom the index trusts to publish {here.project}", publisher)
    if publisher is None:
        return None
    settings = (
        f"in the project's publishing settings on the index: repository {here.repository}, workflow {_WORKFLOW},"
        f" environment {environment}"
    )
    if not publisher:
        return Trap(
            NAME,
            "warn",
            f"the last release of {here.project} has no provenance: it was not published by trusted publishing, or"
            f" without attestations, and the index may not know this repository's {_WORKFLOW}",
            f"make sure of it {settings}",
        )
    expected = {"repository": here.repository, "workflow": _WORKFLOW, "environment": environment}
    wrong = [
        f"{key} {publisher.get(key) or 'none'} instead of {value}"
        for key, value in expected.items()
        if str(publisher.get(key) or "").lower() != value.lower()
    ]
    if str(publisher.get("kind", "GitHub")).lower() != "github":
        wrong = [f"a publisher of {publisher['kind']}"]
    if not wrong:
        return None
    return Trap(
        NAME,
        "warn",
        f"the last release of {here.project} came from {', '.join(wrong)}: the index may refuse the next one",
        f"set it {settings}",
    )
