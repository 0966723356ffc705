"""What a workflow that is written by hand must still keep: all that branch protection and a release rely on (pure).

The measure is the workflow that lockgate would render: its triggers, jobs and calls may be added to, never weakened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockgate.workflows.contexts import contexts
from lockgate.workflows.pins import SHIPPED, Used, problem, used
from lockgate.workflows.promised_steps import Broken, condition, plain, steps, variables

_LEVELS = {"none": 0, "read": 1, "write": 2}
_FILTERS = ("paths", "paths-ignore", "branches-ignore", "tags", "tags-ignore")
_UNFILTERED = {"pull_request": (*_FILTERS, "branches"), "merge_group": (*_FILTERS, "branches"), "push": _FILTERS}
_UNTRUSTED_EVENTS = ("pull_request_target", "workflow_run", "issue_comment", "discussion_comment", "workflow_call")


def broken(actual: object, expected: Mapping[str, Any], text: str) -> list[Broken]:
    """Promises of `expected` (a rendered workflow) that `actual` (the data of the file's `text`) does not keep."""
    if not isinstance(actual, Mapping) or not isinstance(actual.get("jobs"), Mapping):
        return [Broken((), "this is no workflow")]
    found = [one.below("on") for one in _triggers(actual.get("on"), expected["on"])]
    found += (
        Broken((key,), f"{key} must be {_shown(expected[key])}")
        for key in ("permissions", "concurrency")
        if actual.get(key) != expected[key]
    )
    found += _environment(actual, expected.get("env", {}))
    jobs = actual["jobs"]
    for name, job in expected["jobs"].items():
        if isinstance(jobs.get(name), Mapping):
            found += (one.below("jobs", name) for one in _job(jobs[name], job))
        else:
            found.append(Broken(("jobs",), f"the job {name!r} is missing"))
    found += (one.below("jobs") for one in _other_jobs(jobs, expected["jobs"]))
    found += (Broken((), wrong, one.line) for one in used(text) if (wrong := problem(one) or _misnamed(one)))
    return found


def _misnamed(one: Used) -> str | None:
    """Why a version's comment cannot be true: lockgate ships another commit for it."""
    known = SHIPPED.get(one.repository)
    if known is None or one.version != known.version or one.reference == known.sha:
        return None
    return f"{one.action} {one.version} is the commit {known.sha}, not {one.reference}"


def _triggers(given: object, expected: Mapping[str, Any]) -> Iterator[Broken]:
    names = [given] if isinstance(given, str) else given if isinstance(given, Sequence) else []
    actual: Mapping[str, Any] = given if isinstance(given, Mapping) else dict.fromkeys(map(str, names))
    for event, wanted in expected.items():
        if event in actual:
            yield from (one.below(event) for one in _trigger(event, actual[event], wanted))
        else:
            yield Broken((), f"the trigger {event} is missing")
    only_by_hand = set(expected) == {"workflow_dispatch"}
    for event in actual:
        if event in _UNTRUSTED_EVENTS or (only_by_hand and event not in expected):
            yield Broken((str(event),), f"the trigger {event} must not be here")


def _trigger(event: str, given: object, wanted: object) -> Iterator[Broken]:
    options: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    yield from (
        Broken((key,), f"{event} must not be filtered by {key}") for key in _UNFILTERED.get(event, ()) if key in options
    )
    if event == "schedule" and not given:
        yield Broken((), "the schedule is empty")
    for key, value in wanted.items() if isinstance(wanted, Mapping) else ():
        if missing := _missing(options.get(key), value):
            yield Broken((), f"{event}.{key} lacks {missing}")


def _missing(have: object, wanted: object) -> str:
    """What a trigger's option lacks of what is wanted; a pattern that takes away is one lack more."""
    if isinstance(wanted, Mapping):
        given: Mapping[str, Any] = have if isinstance(have, Mapping) else {}
        return ", ".join(key for key, value in wanted.items() if key not in given or _missing(given[key], value))
    if isinstance(wanted, list):
        listed = _listed(have)
        return ", ".join([*(one for one in wanted if one not in listed), *(one for one in listed if one[:1] == "!")])
    return "" if have == wanted else str(wanted)


def _environment(actual: Mapping[str, Any], stated: Mapping[str, Any]) -> Iterator[Broken]:
    given = actual.get("env") or {}
    for name, value in stated.items():
        if str(given.get(name)) != str(value):
            yield Broken(("env",), f"{name} must be {value!r}, as the table says")
    yield from variables(given, allowed=stated)
    if "defaults" in actual:
        yield Broken(("defaults",), "defaults would change the shell of every step")


def _job(actual: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Broken]:
    if actual.get("name") != expected["name"]:
        yield Broken(("name",), f"the name must be {expected['name']!r}: branch protection waits for it")
    if condition(actual) != condition(expected):
        yield Broken(("if",), f"the condition must be {condition(expected) or 'none'}")
    missing = set(_listed(expected.get("needs"))) - set(_listed(actual.get("needs")))
    if missing:
        yield Broken(("needs",), f"needs lacks {', '.join(sorted(missing))}")
    yield from (one.below("permissions") for one in _permissions(actual.get("permissions"), expected["permissions"]))
    for key in ("continue-on-error", "defaults", "uses", "container"):
        if key in actual:
            yield Broken((key,), f"{key} must not be here")
    if not isinstance(actual.get("timeout-minutes"), int):
        yield Broken(("timeout-minutes",), "timeout-minutes is missing")
    matrix = expected.get("strategy", {}).get("matrix")
    if (actual.get("strategy") or {}).get("matrix") != matrix:
        yield Broken(("strategy",), f"the matrix must be {_shown(matrix)}")
    environment = actual.get("environment")
    if ({"name": environment} if isinstance(environment, str) else environment) != expected.get("environment"):
        yield Broken(("environment",), f"the environment must be {_shown(expected.get('environment', 'none'))}")
    yield from variables(actual.get("env"), allowed=expected.get("env", {}))
    given = actual.get("steps")
    closed = "environment" in expected
    found = steps(given if isinstance(given, list) else [], expected["steps"], closed=closed)
    yield from (one.below("steps") for one in found)


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


def _other_jobs(jobs: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Broken]:
    """Jobs that lockgate does not know: they may not take a required name, nor publish."""
    names = {name for key, job in expected.items() for name in contexts(key, job)}
    for key, job in jobs.items():
        if key in expected or not isinstance(job, Mapping):
            continue
        if names & set(contexts(str(key), job)) or "${{" in str(job.get("name", "")):
            yield Broken((str(key), "name"), "a second job reports under a required name, or may")
        permissions = job.get("permissions", {})
        if not isinstance(permissions, Mapping):
            yield Broken((str(key), "permissions"), "permissions must name scopes")
        elif "publish" in expected and permissions.get("id-token") == "write":
            yield Broken((str(key), "permissions"), "one job only may speak for the publisher")


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(map(str, value)) if isinstance(value, list) else []


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(one)}" for key, one in value.items()) + "}"
    return str(plain(value))
