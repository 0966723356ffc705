"""What the table adds to a rendered workflow, by job and step id, so that it outlasts an upgrade (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lockgate.model.config import JobConfig, WorkflowConfig
from lockgate.model.decode import suggest
from lockgate.workflows.emit import Commented
from lockgate.workflows.pins import Pin, Used, problem

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_USES = re.compile(r"([^@\s]+)@(\S+)(?:\s+#\s*(\S+))?\s*")
# A token that publishes shares its job with nothing.
_CLOSED = {"publish": "publish"}
_MINUTES = 30


class Misfit(Exception):  # noqa: N818  (not every one is an error of the user's)
    """An addition that does not fit; `keys` is its place below `[tool.lockgate]`."""

    def __init__(self, keys: Sequence[str | int], message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.keys = tuple(keys)
        self.message = message
        self.hint = hint


def extended(document: Mapping[str, Any], more: WorkflowConfig, name: str, pins: Mapping[str, Pin]) -> dict[str, Any]:
    """The workflow with the table's additions; `name` is the workflow's key in the table.

    Raises:
        Misfit: A job or step that something is added to does not exist, or an addition would break a promise.
    """
    keys = ("workflows", name.replace("_", "-"))
    stated = document.get("env", {})
    for variable in more.env:
        if variable in stated:
            raise Misfit(
                (*keys, "env", variable), f"{variable} is stated by lockgate", "change the setting that it states"
            )
    jobs: dict[str, Any] = dict(document["jobs"])
    for job, additions in more.jobs.items():
        place = (*keys, "jobs", job)
        if job not in jobs:
            raise Misfit(place, f"{name.replace('_', '-')}.yml has no job {job!r}", suggest(job, jobs))
        if _CLOSED.get(name) == job and (additions.before or additions.after or additions.permissions or additions.env):
            raise Misfit(
                place, f"the job {job!r} holds the right to publish: nothing is added to it", "add a job before it"
            )
        jobs[job] = _job(jobs[job], additions, place, pins)
    for job, content in more.extra_jobs.items():
        place = (*keys, "extra-jobs", job)
        if job in jobs or not _ID.fullmatch(job):
            reason = "there is a job of this name" if job in jobs else "that is no job id"
            raise Misfit(place, f"{job!r} cannot be added: {reason}", "use another name")
        jobs[job] = _extra_job(job, content, place, pins)
    env = {"env": {**stated, **more.env}} if stated or more.env else {}
    return {**document, **env, "jobs": jobs}


def _job(job: Mapping[str, Any], more: JobConfig, place: tuple[str, ...], pins: Mapping[str, Pin]) -> dict[str, Any]:
    steps = list(job["steps"])
    for where, additions in (("before", more.before), ("after", more.after)):
        for anchor, added in additions.items():
            ids = [step["id"] for step in steps if "id" in step]
            if anchor not in ids:
                raise Misfit((*place, where, anchor), f"the job has no step {anchor!r}", suggest(anchor, ids))
            at = next(number for number, step in enumerate(steps) if step.get("id") == anchor) + (where == "after")
            keys = (*place, where, anchor)
            steps[at:at] = [_step(step, (*keys, number), pins) for number, step in enumerate(added)]
    found = {**job, "steps": steps}
    if more.runs_on is not None:
        found["runs-on"] = more.runs_on
    if more.timeout_minutes is not None:
        found["timeout-minutes"] = more.timeout_minutes
    asked = {key: Commented(value, "asked for by the table") for key, value in more.permissions.items()}
    found["permissions"] = {**job["permissions"], **asked}
    if more.env:
        found = {**_without(found, "steps"), "env": {**job.get("env", {}), **more.env}, "steps": steps}
    return found


def _extra_job(name: str, job: Mapping[str, Any], place: tuple[str, ...], pins: Mapping[str, Pin]) -> dict[str, Any]:
    """A job of the table's own, with the limits that lockgate's jobs have unless it says otherwise."""
    if "uses" in job:
        return {"name": name, "permissions": {}, **job, "uses": _pinned(job["uses"], (*place, "uses"), pins)}
    steps = job.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
        raise Misfit((*place, "steps"), f"the job {name!r} has no steps", "steps is an array of tables")
    limits = {"name": name, "runs-on": "ubuntu-24.04", "timeout-minutes": _MINUTES, "permissions": {}}
    permissions = job.get("permissions", {})
    if isinstance(permissions, dict):
        limits["permissions"] = {
            key: Commented(str(value), "asked for by the table") for key, value in permissions.items()
        }
    rest = {key: value for key, value in job.items() if key not in {"steps", "permissions"}}
    return {
        **limits,
        **rest,
        "steps": [_step(step, (*place, "steps", number), pins) for number, step in enumerate(steps)],
    }


def _step(step: Mapping[str, Any], place: tuple[str | int, ...], pins: Mapping[str, Pin]) -> dict[str, Any]:
    if ("run" in step) == ("uses" in step):
        raise Misfit(place, "a step has either run or uses")
    if "${{" in str(step.get("run", "")):
        raise Misfit(
            (*place, "run"),
            "an expression inside run can be made to run anything",
            "pass it through env, and use the variable",
        )
    found = {"name": str(step.get("run") or step["uses"]).splitlines()[0][:60], **step}
    if "uses" in step:
        found["uses"] = _pinned(step["uses"], (*place, "uses"), pins)
        if str(step["uses"]).startswith("actions/checkout@"):
            found["with"] = {"persist-credentials": False, **step.get("with", {})}
    return found


def _pinned(reference: object, place: tuple[str | int, ...], pins: Mapping[str, Pin]) -> str | Commented:
    """The reference with the pin that the bot committed, if there is one."""
    text = str(reference)
    if text.startswith("./"):
        return text
    match = _USES.fullmatch(text)
    if match is None:
        raise Misfit(place, f"{text!r} names no commit", 'write "owner/name@<full commit SHA> # version"')
    wrong = problem(Used(match[1], match[2], "", 0))
    if wrong is not None:
        raise Misfit(place, wrong)
    pin = pins.get("/".join(match[1].split("/")[:2]), Pin(match[2], match[3] or ""))
    return Commented(f"{match[1]}@{pin.sha}", pin.version)


def table_pins(more: Iterable[WorkflowConfig]) -> dict[str, Pin]:
    """Pins by repository that stand in the table itself."""
    steps: list[Mapping[str, Any]] = []
    for one in more:
        for job in one.jobs.values():
            steps += [step for added in (*job.before.values(), *job.after.values()) for step in added]
        for extra in one.extra_jobs.values():
            steps += [extra, *(step for step in extra.get("steps", ()) if isinstance(step, dict))]
    found = (_USES.fullmatch(str(step.get("uses", ""))) for step in steps)
    return {"/".join(match[1].split("/")[:2]): Pin(match[2], match[3] or "") for match in found if match}


def _without(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}
