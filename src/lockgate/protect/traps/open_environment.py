"""open-environment: the environment of the publishing job is not there, or nobody has to review what enters it."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed, unseen

NAME = "open-environment"


def look(facts: Facts) -> Trap | None:
    """GitHub creates an environment that a workflow names and that is not there: without any protection."""
    if facts.here.config.phase.publishing == "off":
        return None
    used = {name: where for name, where in _environments(facts) if "${{" not in name}
    used = used or {facts.here.config.publish.environment: "publish.yml"}
    if "" in used:
        return Trap(
            NAME,
            "fail",
            f"{used['']} publishes outside any environment: no reviewer is asked, and another workflow could publish",
            "lockgate render, or `environment:` on the job that publishes",
        )
    if isinstance(facts.environments, Unseen):
        return unseen(NAME, f"the environment {listed(used)}", facts.environments)
    known = {name.lower(): reviewed for name, reviewed in facts.environments.items()}
    missing = [name for name in used if name.lower() not in known]
    unreviewed = [name for name in used if known.get(name.lower()) is False]
    if not missing and not unreviewed:
        return None
    what = "is not there: the first release would create it without protection"
    what = f"{listed(missing)} {what}" if missing else f"{listed(unreviewed)} has no required reviewers"
    wanted = facts.here.config.publish
    planned = wanted.reviewers and wanted.environment in (*missing, *unreviewed)
    remedy = "lockgate protect apply" if planned else f'[tool.lockgate.publish] reviewers = ["@you"], {AGAIN}'
    return Trap(NAME, "warn", f"the environment {what}, so whoever may start a workflow may publish", remedy)


def _environments(facts: Facts) -> Iterator[tuple[str, str]]:
    """The environment of every job that publishes ("" for none), and where the job is."""
    for document in facts.here.workflows:
        for job in document.jobs:
            if job.publishes is not None:
                given = job.data.get("environment")
                name = given.get("name") if isinstance(given, dict) else given
                yield str(name or ""), f"{document.path}:{job.line}"
