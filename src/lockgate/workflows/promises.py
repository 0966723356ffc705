"""What a workflow that is written by hand must still keep: all that branch protection and a release rely on (pure).

The measure is the workflow that lockgate would render: its triggers, jobs and calls may be added to, never weakened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lockgate.model import check_names
from lockgate.workflows.contexts import REQUIRED
from lockgate.workflows.pins import Used, problem, used
from lockgate.workflows.promised_steps import Broken, condition, own_step, plain, steps, unwanted, variables

_LEVELS = {"none": 0, "read": 1, "write": 2}
_FILTERS = ("paths", "paths-ignore", "branches-ignore")
_UNFILTERED = {"pull_request": (*_FILTERS, "branches"), "merge_group": (*_FILTERS, "branches"), "push": _FILTERS}
_UNTRUSTED_EVENTS = ("pull_request_target", "workflow_run", "issue_comment", "discussion_comment", "workflow_call")
# Keys of a job that are looked at below, or that cannot weaken it.
_JOB_KEYS = frozenset(
    [
        "name",
        "needs",
        "if",
        "permissions",
        "runs-on",
        "environment",
        "env",
        "timeout-minutes",
        "strategy",
        "steps",
        "outputs",
        "services",
    ]
)
_MERGE_KEY = re.compile(r"(?:^|[\s{,])<<\s*:", re.MULTILINE)


def broken(actual: object, expected: Mapping[str, Any], text: str) -> list[Broken]:
    """Promises of `expected` (a rendered workflow) that `actual` (the data of the file's `text`) does not keep."""
    if not isinstance(actual, Mapping) or not isinstance(actual.get("jobs"), Mapping):
        return [Broken((), "this is no workflow")]
    release = set(expected["on"]) == {"workflow_dispatch"}
    found = [one.below("on") for one in _triggers(actual.get("on"), expected["on"], release=release)]
    found += _limits(actual, expected, release=release)
    found += _environment(actual, expected.get("env", {}))
    jobs: Mapping[str, Any] = actual["jobs"]
    required = {name for names in REQUIRED.values() for name in names} if not release else set()
    for name, job in expected["jobs"].items():
        if isinstance(jobs.get(name), Mapping):
            kept = _job(jobs[name], job, required=name in required, release=release)
            found += (one.below("jobs", name) for one in kept)
        else:
            found.append(Broken(("jobs",), f"the job {name!r} is missing"))
    found += (one.below("jobs") for one in _other_jobs(jobs, expected["jobs"], release=release))
    found += (one.below("jobs") for one in _pins(jobs))
    found += (Broken((), wrong, one.line) for one in used(text) if (wrong := _misnamed(one)))
    found += (
        Broken((), "GitHub reads no merge keys", text.count("\n", 0, match.end()) + 1)
        for match in _MERGE_KEY.finditer(text)
    )
    return found


def _pins(jobs: Mapping[str, Any]) -> Iterator[Broken]:
    """What the jobs use and is not pinned."""
    for name, job in jobs.items():
        if not isinstance(job, Mapping):
            continue
        users: list[tuple[tuple[str | int, ...], object]] = [((), job)]
        users += [(("steps", number), step) for number, step in enumerate(_sequence(job.get("steps")))]
        for place, user in users:
            if isinstance(user, Mapping) and "uses" in user and (wrong := _unpinned(str(user["uses"]))):
                yield Broken((str(name), *place, "uses"), wrong)


def _unpinned(text: str) -> str | None:
    if text.startswith("docker:"):
        return None if "@sha256:" in text else f"{text} can be moved: pin its digest"
    action, _, reference = text.partition("@")
    return None if text.startswith("./") else problem(Used(action, reference, "", 0))


def _misnamed(one: Used) -> str | None:
    """Why a pin cannot be what the comment behind it says; what is wrong with it alone is told by `_pins`."""
    return problem(one) if problem(msgspec.structs.replace(one, version="")) is None else None


def _triggers(given: object, expected: Mapping[str, Any], *, release: bool) -> Iterator[Broken]:
    names = [given] if isinstance(given, str) else _sequence(given)
    actual: Mapping[str, Any] = given if isinstance(given, Mapping) else dict.fromkeys(map(str, names))
    for event, wanted in expected.items():
        if event in actual:
            yield from (one.below(event) for one in _trigger(event, actual[event], wanted))
        else:
            yield Broken((), f"the trigger {event} is missing")
    for event in actual:
        if event in _UNTRUSTED_EVENTS or (release and event not in expected):
            yield Broken((str(event),), f"the trigger {event} must not be here")


def _trigger(event: str, given: object, wanted: object) -> Iterator[Broken]:
    options: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    yield from (
        Broken((key,), f"{event} must not be filtered by {key}") for key in _UNFILTERED.get(event, ()) if key in options
    )
    if event == "schedule":
        if not any(_is_daily(one) for one in _sequence(given)):
            yield Broken((), "the schedule must be daily at least")
        return
    if event == "push" and not options.keys() & {"branches", "tags", "tags-ignore"}:
        return  # every branch
    for key, value in wanted.items() if isinstance(wanted, Mapping) else ():
        if missing := _missing(options.get(key), value):
            yield Broken((key,), f"{event}.{key} lacks {missing}")


def _is_daily(entry: object) -> bool:
    cron = entry.get("cron") if isinstance(entry, Mapping) else None
    return isinstance(cron, str) and cron.split()[2:] == ["*", "*", "*"]


def _missing(have: object, wanted: object) -> str:
    """What a trigger's option lacks of what is wanted; a pattern that takes away is one lack more."""
    if isinstance(wanted, Mapping):
        given: Mapping[str, Any] = have if isinstance(have, Mapping) else {}
        return ", ".join(key for key, value in wanted.items() if key not in given or _missing(given[key], value))
    if isinstance(wanted, list):
        listed = _listed(have)
        lacking = [] if "**" in listed else [one for one in wanted if one not in listed]
        return ", ".join([*lacking, *(one for one in listed if one[:1] == "!")])
    return "" if have == wanted else str(wanted)


def _limits(actual: Mapping[str, Any], expected: Mapping[str, Any], *, release: bool) -> Iterator[Broken]:
    given = actual.get("permissions")
    if not isinstance(given, Mapping) or any(level not in ("none", "read") for level in given.values()):
        yield Broken(("permissions",), "permissions must be {}: each job says what it needs")
    wanted, concurrency = expected["concurrency"], actual.get("concurrency")
    # Nothing may cancel a scan or a release; without a group nothing does, but two releases could meet.
    if wanted["cancel-in-progress"] is False and concurrency != wanted and (release or concurrency is not None):
        yield Broken(("concurrency",), f"concurrency must be {_shown(wanted)}")


def _environment(actual: Mapping[str, Any], stated: Mapping[str, Any]) -> Iterator[Broken]:
    given = actual.get("env")
    yield from variables(given, allowed=stated)
    for name, value in stated.items():
        if isinstance(given, Mapping) and str(given.get(name)) == str(value):
            continue
        yield Broken(("env", name), f"{name} must be {value!r}, as the table says")
    yield from unwanted(actual, ("defaults",))


def _job(actual: Mapping[str, Any], expected: Mapping[str, Any], *, required: bool, release: bool) -> Iterator[Broken]:
    if actual.get("name") != expected["name"]:
        yield Broken(("name",), f"the name must be {expected['name']!r}: branch protection waits for it")
    if condition(actual) != condition(expected):
        yield Broken(("if",), f"the condition must be {condition(expected) or 'none'}")
    have, wanted = _listed(actual.get("needs")), _listed(expected.get("needs"))
    if missing := [one for one in wanted if one not in have]:
        yield Broken(("needs",), f"needs lacks {', '.join(missing)}")
    environment = _environment_of(expected)
    if (required or (environment and not release)) and not wanted and have:
        yield Broken(
            ("needs",), "needs must not be here: where one fails, this check is skipped, which counts as passed"
        )
    yield from (one.below("permissions") for one in _permissions(actual.get("permissions"), expected["permissions"]))
    yield from unwanted(actual, (str(key) for key in actual if key not in _JOB_KEYS))
    if type(actual.get("timeout-minutes")) is not int:
        yield Broken(("timeout-minutes",), "timeout-minutes is missing")
    matrix, strategy = expected.get("strategy", {}).get("matrix"), actual.get("strategy")
    if _cells(strategy.get("matrix") if isinstance(strategy, Mapping) else strategy) != _cells(matrix):
        yield Broken(("strategy",), f"the matrix must be {_shown(matrix) if matrix else 'none'}")
    if _environment_of(actual) != environment and (release or environment):
        yield Broken(("environment",), f"the environment must be {environment or 'none'}")
    yield from variables(actual.get("env"), allowed=expected.get("env", {}))
    closed = release and environment is not None
    if closed and "services" in actual:
        yield Broken(("services",), "nothing else may run beside the right to publish")
    found = steps(_sequence(actual.get("steps")), expected["steps"], closed=closed, release=release)
    yield from (one.below("steps") for one in found)


def _cells(matrix: object) -> object:
    """A matrix in a form in which the order of its values does not matter."""
    if not isinstance(matrix, Mapping):
        return matrix
    return {key: sorted(_listed(values)) or values for key, values in matrix.items()}


def _environment_of(job: Mapping[str, Any]) -> str | None:
    environment = job.get("environment")
    name = environment.get("name") if isinstance(environment, Mapping) else environment
    return None if name is None else str(name)


def _permissions(actual: object, expected: Mapping[str, Any]) -> Iterator[Broken]:
    if not isinstance(actual, Mapping):
        yield Broken((), f"permissions must be {_shown(expected)}")
        return
    most = {scope: _LEVELS[str(plain(level))] for scope, level in expected.items()}
    have = {str(scope): _LEVELS.get(str(level), 3) for scope, level in actual.items()}
    for scope, level in have.items():
        if level > most.get(scope, 0):
            yield Broken((scope,), f"{scope}: {actual[scope]} is more than this job needs")
    for scope, level in most.items():
        if have.get(scope, 0) < level:
            yield Broken((), f"{scope}: {plain(expected[scope])} is missing")


def _other_jobs(jobs: Mapping[str, Any], expected: Mapping[str, Any], *, release: bool) -> Iterator[Broken]:
    """Jobs that lockgate does not know: they may not take a required name, nor publish."""
    names = {name for key, job in expected.items() for name in check_names.names(key, job)}
    publisher = {_environment_of(job) for job in expected.values()} - {None}
    for key, job in jobs.items():
        if key in expected or not isinstance(job, Mapping):
            continue
        if any(check_names.pattern(str(key), job).fullmatch(name) for name in names):
            yield Broken((str(key), "name"), "a second job reports under a required name, or may")
        permissions = job.get("permissions", {})
        if not isinstance(permissions, Mapping):
            yield Broken((str(key), "permissions"), "permissions must name scopes")
        elif release and permissions.get("id-token", "none") != "none":
            yield Broken((str(key), "permissions"), "one job only may speak for the publisher")
        environment = _environment_of(job)
        if publisher and environment is not None and (environment in publisher or "${{" in environment):
            yield Broken((str(key), "environment"), "one job only may enter this environment")
        for number, step in enumerate(_sequence(job.get("steps"))):
            yield from (one.below(str(key), "steps", number) for one in own_step(step, release=release))


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(map(str, _sequence(value)))


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(one)}" for key, one in value.items()) + "}"
    return str(plain(value))
