"""GitHub Actions as a process inside it sees it: its environment variables."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping

import msgspec

from lockgate.model.actions import cache_lines, disagreements, judge_needs
from lockgate.model.errors import UsageError
from lockgate.model.gate import Check
from lockgate.model.project import Project
from lockgate.ports import clock


def is_here(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process runs in GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def refuse_disagreement(project: Project, environment: Mapping[str, str] = os.environ) -> None:
    """See that the workflow says what the table says: nobody lowers a threshold from outside unseen.

    Raises:
        UsageError: In GitHub Actions, a variable contradicts the table.
    """
    found = disagreements(project, environment) if is_here(environment) else ()
    if not found:
        return
    lines = [
        f"{project.where(*one.key)}: {one.name} is {one.given!r} in this environment, but {one.stated!r} by the table"
        + (f" ({'.'.join(one.key)})" if one.key else "")
        for one in found
    ]
    raise UsageError(
        "\n".join(lines),
        "change the table and run `lockgate render`, or take the variable out of the workflow or the runner",
    )


def needs(environment: Mapping[str, str] = os.environ) -> Check | None:
    """The check `needs` from LOCKGATE_NEEDS; None where no workflow set it."""
    text = environment.get("LOCKGATE_NEEDS")
    return None if text is None else judge_needs(text)


def caches(python: str | None, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The caches of this job as lines of JSON, from LOCKGATE_CACHES; None where no workflow set it.

    `python` is the test cell that the job runs, e.g. `3.8`; None when it runs something else.

    Raises:
        ValueError: The variable is malformed.
    """
    text = environment.get("LOCKGATE_CACHES")
    if text is None:
        return None
    at = dt.datetime.fromtimestamp(clock.now(), dt.UTC).isoformat(timespec="seconds")
    return cache_lines(text, job=environment.get("GITHUB_JOB"), python=python, at=at)


def results(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """How the jobs ended that this one waited for, from LOCKGATE_NEEDS; empty where no workflow set it.

    Raises:
        UsageError: The variable is malformed.
    """
    given = environment.get("LOCKGATE_NEEDS", "").strip()
    if not given or given == "null":
        return {}
    try:
        document = msgspec.json.decode(given, type=dict[str, dict[str, object]])
    except msgspec.DecodeError as error:
        raise UsageError(
            "LOCKGATE_NEEDS is not what `toJSON(needs)` gives", "LOCKGATE_NEEDS: ${{ toJSON(needs) }}"
        ) from error
    return {name: str(job.get("result", "unknown")) for name, job in document.items()}
