"""What the table adds to a rendered workflow, by job and step id, so that it outlasts an upgrade (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lockgate.model.config import JobConfig, WorkflowConfig
from lockgate.model.decode import suggest
from lockgate.workflows.emit import Commented
from lockgate.workflows.kit import HOSTED, runs_on
from lockgate.workflows.pins import Pin, Used, problem

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_USES = re.compile(r"([^@\s]+)@(\S+)(?:\s+#\s*(\S+))?\s*")
_DIGEST = re.compile(r"docker://[^@\s]+@sha256:[0-9a-f]{64}")
_SCOPES = (
    "actions", "artifact-metadata", "attestations", "checks", "contents", "deployments", "discussions", "id-token",
    "issues", "models", "packages", "pages", "pull-requests", "repository-projects", "security-events", "statuses",
)  # fmt: skip
# A token that publishes shares its job with nothing.
_CLOSED = {"publish": "publish"}
_MINUTES = 30
_ASKED = "asked for by the table"

Keys = tuple[str | int, ...]


class Misfit(Exception):  # noqa: N818  (not every one is an error of the user's)
    """An addition that does not fit; `keys` is its place below `[tool.lockgate]`."""

    def __init__(self, keys: Sequence[str | int], message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.keys = tuple(keys)
        self.message = message
        self.hint = hint


def extended(
    document: Mapping[str, Any], more: WorkflowConfig, name: str, pins: Mapping[str, Pin], taken: Sequence[str] = ()
) -> dict[str, Any]:
    """The workflow with the table's additions; `name` is the workflow's key in the table, with `_` for `-`.

    No job that is added may report under a name that is `taken`: branch protection waits for those.

    Raises:
        Misfit: A job or step that something is added to does not exist, or an addition would break a promise.
    """
    keys: Keys = ("workflows", name.replace("_", "-"))
    stated = document.get("env", {})
    _refuse_stated(more.env, stated, keys)
    jobs: dict[str, Any] = dict(document["jobs"])
    for job, additions in more.jobs.items():
        place = (*keys, "jobs", job)
        if job not in jobs:
            raise Misfit(place, f"{name.replace('_', '-')}.yml has no job {job!r}", suggest(job, jobs))
        if _CLOSED.get(name) == job and (additions.before or additions.after or additions.permissions or additions.env):
            raise Misfit(
                place, f"the job {job!r} holds the right to publish: nothing is added to it", "add a job before it"
            )
        _refuse_stated(additions.env, stated, place)
        jobs[job] = _job(jobs[job], additions, place, pins)
    for job, content in more.extra_jobs.items():
        place = (*keys, "extra-jobs", job)
        is_there = job.lower() in map(str.lower, jobs)  # GitHub tells no case apart
        if is_there or not _ID.fullmatch(job):
            reason = "there is a job of this name" if is_there else "that is no job id"
            raise Misfit(place, f"{job!r} cannot be added: {reason}", "use another name")
        _refuse_taken(job, content, place, taken)
        for needed in _listed(content.get("needs")):
            known = [one for one in (*document["jobs"], *more.extra_jobs) if one != job]
            if needed not in known:
                raise Misfit((*place, "needs"), f"there is no job {needed!r} to need", suggest(needed, known))
        jobs[job] = _extra_job(job, content, place, pins)
    for job in jobs if name in _CLOSED else ():
        if job != _CLOSED[name] and "id-token" in jobs[job]["permissions"]:
            kind = "extra-jobs" if job in more.extra_jobs else "jobs"
            at = (*keys, kind, job, "permissions", "id-token")
            raise Misfit(at, f"the job {_CLOSED[name]!r} alone may speak for the publisher")
    env = {"env": {**stated, **more.env}} if stated or more.env else {}
    return {**document, **env, "jobs": jobs}


def step_id(step: Mapping[str, Any], where: str, anchor: str, number: int) -> str:
    """The id of the `number`-th step (from 0) that is added `where` (before or after) the step `anchor`."""
    return str(step.get("id", f"{where}-{anchor}-{number + 1}"))


def _refuse_stated(env: Mapping[str, str], stated: Mapping[str, str], place: Keys) -> None:
    for variable in env:
        if variable in stated:
            raise Misfit(
                (*place, "env", variable), f"{variable} is stated by lockgate", "change the setting that it states"
            )


def _refuse_taken(job_id: str, job: Mapping[str, Any], place: Keys, taken: Sequence[str]) -> None:
    """A second check of a required name could be the one that branch protection believes."""
    parts = re.split(r"\$\{\{.*?\}\}", str(job.get("name", job_id)).strip())
    # GitHub appends the values of a matrix.
    pattern = re.compile(".*".join(map(re.escape, parts)) + r"(?: \(.*\))?", re.IGNORECASE)
    found = next((one for one in taken if pattern.fullmatch(one)), None)
    if found is not None:
        raise Misfit(
            (*place, "name"), f"the job may report as {found!r}, which branch protection waits for", "use another name"
        )


def _job(job: Mapping[str, Any], more: JobConfig, place: Keys, pins: Mapping[str, Pin]) -> dict[str, Any]:
    steps = list(job["steps"])
    anchors = [step["id"] for step in steps]
    for where, additions in (("before", more.before), ("after", more.after)):
        for anchor, added in additions.items():
            keys = (*place, where, anchor)
            if anchor not in anchors:
                raise Misfit(keys, f"the job has no step {anchor!r}", suggest(anchor, anchors))
            at = next(number for number, step in enumerate(steps) if step["id"] == anchor) + (where == "after")
            new = [
                {"id": step_id(step, where, anchor, number), **_step(step, (*keys, number), pins)}
                for number, step in enumerate(added)
            ]
            for number, step in enumerate(new):
                others = [str(one["id"]).lower() for one in (*steps, *new[:number])]
                if str(step["id"]).lower() in others or not _ID.fullmatch(str(step["id"])):
                    raise Misfit((*keys, number, "id"), f"{step['id']!r} is taken, or no step id", "use another id")
            steps[at:at] = new
    found = {**job, "steps": steps}
    if more.runs_on is not None:
        found["runs-on"] = runs_on(more.runs_on)
    if more.timeout_minutes is not None:
        found["timeout-minutes"] = more.timeout_minutes
    found["permissions"] = {**job["permissions"], **_permissions(more.permissions, (*place, "permissions"))}
    if more.env:
        found = {**_without(found, "steps"), "env": more.env, "steps": steps}
    return found


def _permissions(asked: object, place: Keys) -> dict[str, Commented]:
    if not isinstance(asked, Mapping):
        raise Misfit(place, "permissions is a table of scopes", 'e.g. { contents = "read" }')
    for scope, level in asked.items():
        if scope not in _SCOPES:
            raise Misfit((*place, scope), f"a token has no permission {scope!r}", suggest(scope, _SCOPES))
        if level not in {"read", "write", "none"}:
            raise Misfit((*place, scope), f"{scope}: {level!r} is not read, write or none")
    return {scope: Commented(level, _ASKED) for scope, level in asked.items()}


def _extra_job(name: str, job: Mapping[str, Any], place: Keys, pins: Mapping[str, Pin]) -> dict[str, Any]:
    """A job of the table's own, with the limits that lockgate's jobs have unless it says otherwise."""
    permissions = _permissions(job.get("permissions", {}), (*place, "permissions"))
    rest = {key: value for key, value in job.items() if key not in {"steps", "permissions", "uses"}}
    if "uses" in job:
        uses = _pinned(job["uses"], (*place, "uses"), pins)
        return {"name": name, "permissions": permissions, **rest, "uses": uses}
    steps = job.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
        raise Misfit((*place, "steps"), f"the job {name!r} has no steps", "steps is an array of tables")
    limits = {"name": name, "runs-on": HOSTED, "timeout-minutes": _MINUTES, "permissions": permissions}
    return {
        **limits,
        **rest,
        "steps": [_step(step, (*place, "steps", number), pins) for number, step in enumerate(steps)],
    }


def _step(step: Mapping[str, Any], place: Keys, pins: Mapping[str, Pin]) -> dict[str, Any]:
    if ("run" in step) == ("uses" in step):
        raise Misfit(place, "a step has either run or uses")
    kind = "run" if "run" in step else "uses"
    what = step[kind]
    if not isinstance(what, str) or not what.strip():
        raise Misfit((*place, kind), f"{kind} is a text that says something")
    for key in ("with", "env"):
        if not isinstance(step.get(key, {}), Mapping):
            raise Misfit((*place, key), f"{key} is a table")
    if kind == "run" and "${{" in what:
        raise Misfit(
            (*place, "run"),
            "an expression inside run can be made to run anything",
            "pass it through env, and use the variable",
        )
    title = what.strip().splitlines()[0] if kind == "run" else what.partition("@")[0]
    found = {"name": title[:60], **step}
    if kind == "uses":
        found["uses"] = _pinned(what, (*place, "uses"), pins)
        if what.startswith("actions/checkout@"):
            found["with"] = {"persist-credentials": False, **step.get("with", {})}
    return found


def _pinned(reference: object, place: Keys, pins: Mapping[str, Pin]) -> str | Commented:
    """The reference with the pin that the bot committed, if there is one."""
    text = str(reference)
    if text.startswith(("./", "$/")) or _DIGEST.fullmatch(text):
        return text
    match = _USES.fullmatch(text)
    if match is None or text.startswith("docker:"):
        raise Misfit(
            place,
            f"{text!r} names no commit",
            'write "owner/name@<full commit SHA> # version", or "docker://image@sha256:<digest>"',
        )
    wrong = problem(Used(match[1], match[2], match[3] or "", 0))
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


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [] if value is None else [str(value)]
