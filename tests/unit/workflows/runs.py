"""What can become of a workflow: every event, every way its jobs can end, and what each check then says.

A model of GitHub's semantics, as strict as it is small: a key, function or context that it does not know is an error.
Where GitHub leaves something open, every possibility is walked.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.unit.workflows.events import EVENTS, Event
from tests.unit.workflows.expressions import UnsupportedError, condition, evaluate, filled, unwrapped

Document = Mapping[str, Any]
_KEYS = {
    "workflow": "name run-name on permissions concurrency env jobs",
    "job": "name needs if runs-on timeout-minutes permissions environment env strategy steps",
    "strategy": "fail-fast matrix",
    "step": "id name if env uses with run",
    "pull_request": "types branches branches-ignore paths paths-ignore",
    "merge_group": "types branches branches-ignore",
    "push": "branches branches-ignore tags tags-ignore paths paths-ignore",
    "workflow_dispatch": "inputs",
}
# What `lockgate gate` and `scan` promise: with LOCKGATE_NEEDS they fail unless every need ended with success.
_JUDGES = re.compile(r"uv run --project \.github/lockgate --locked lockgate (?:gate|scan)(?: .*)?")
_NEEDS = "${{ toJSON(needs) }}"
_BAD = ("failure", "cancelled")


@dataclass(frozen=True)
class Ended:
    """How a job ended: whether it ran, its result for the jobs that need it, and what its checks say, by name."""

    ran: bool
    result: str
    checks: tuple[tuple[str, str], ...]


def starts(document: Document, event: Event) -> frozenset[bool]:
    """Whether the event starts the workflow; both where it depends on what a change touches."""
    known(document, "workflow")
    triggers = document["on"]
    if not isinstance(triggers, Mapping):
        raise UnsupportedError(f"on: {triggers!r}")
    for one in triggers:
        if one not in {*_KEYS, "schedule"}:
            raise UnsupportedError(f"the trigger {one}")
    if event.name not in triggers:
        return frozenset({False})
    options = triggers[event.name] or {}
    if event.name == "schedule":
        return frozenset({bool(options)})
    known(options, event.name)
    default = ("opened", "synchronize", "reopened") if event.name == "pull_request" else ("checks_requested",)
    if event.action and event.action not in options.get("types", default):
        return frozenset({False})
    if not _takes_branch(options, event):
        return frozenset({False})
    filtered = "paths" in options or "paths-ignore" in options
    return frozenset({True, False}) if filtered else frozenset({True})


def _takes_branch(options: Mapping[str, Any], event: Event) -> bool:
    kinds = ("tags", "branches") if event.is_tag else ("branches", "tags")
    mine, other = (options.get(kind) for kind in kinds)
    ignored = options.get(f"{kinds[0]}-ignore")
    if mine is None and ignored is None:
        return other is None and options.get(f"{kinds[1]}-ignore") is None
    return any(_matches(one, event.branch) for one in mine) if mine else not any(
        _matches(one, event.branch) for one in ignored or ()
    )  # fmt: skip


def _matches(pattern: str, name: str) -> bool:
    plain = re.sub(r"\\(.)", r"\1", pattern)
    if re.search(r"(?<!\\)[*?+\[\]!]", pattern):
        raise UnsupportedError(f"the pattern {pattern!r}")
    return plain == name


def runs(document: Document, event: Event, *, transitive: bool = True) -> Iterator[tuple[bool, dict[str, Ended]]]:
    """Every way in which a run of the workflow can end: whether somebody cancelled it, and its jobs.

    `transitive` says whether `success()` looks at the needs of the needs too, which GitHub's words leave open.
    """
    jobs: Mapping[str, Any] = document["jobs"]
    order = _ordered(jobs)

    def walk(at: int, ended: dict[str, Ended], *, cancelled: bool) -> Iterator[tuple[bool, dict[str, Ended]]]:
        if at == len(order):
            yield cancelled, ended
            return
        name = order[at]
        for now in {cancelled, True}:
            for one in _ends(name, jobs, event, ended, cancelled=now, transitive=transitive):
                yield from walk(at + 1, {**ended, name: one}, cancelled=now)

    return walk(0, {}, cancelled=False)


def _ordered(jobs: Mapping[str, Any]) -> list[str]:
    order: list[str] = []
    while len(order) < len(jobs):
        ready = [name for name, job in jobs.items() if name not in order and set(needs_of(job)) <= set(order)]
        if not ready:
            raise UnsupportedError("jobs need each other, or one that is not there")
        order += ready
    return order


def needs_of(job: Mapping[str, Any]) -> Sequence[str]:
    """The jobs that a job needs."""
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def _ends(
    name: str,
    jobs: Mapping[str, Any],
    event: Event,
    ended: Mapping[str, Ended],
    *,
    cancelled: bool,
    transitive: bool,
) -> Iterator[Ended]:
    job = jobs[name]
    known(job, "job")
    above = _ancestors(name, jobs) if transitive else set(needs_of(job))
    results = [ended[one].result for one in above]
    status = {
        "success": lambda: not cancelled and all(result == "success" for result in results),
        "failure": lambda: not cancelled and "failure" in results,
        "cancelled": lambda: cancelled,
        "always": lambda: True,
    }
    title, strategy = job.get("name", name), job.get("strategy") or {}
    known(strategy, "strategy")
    contexts = {**event.contexts, **{f"needs.{one}.result": ended[one].result for one in needs_of(job)}}
    if not condition(job.get("if", "success()"), contexts, status):
        if cancelled and not above and "if" not in job:
            yield Ended(ran=False, result="cancelled", checks=((title, "cancelled"),))
        else:
            # GitHub shows a skipped job as passed, and one with a matrix once, under its raw name.
            yield Ended(ran=False, result="skipped", checks=((title, "success"),))
        return
    matrix = strategy.get("matrix") or {}
    if (
        not isinstance(matrix, Mapping)
        or {"include", "exclude"} & set(matrix)
        or not all(isinstance(values, list) for values in matrix.values())
    ):
        raise UnsupportedError(f"the matrix {matrix!r}")
    cells = [dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())]
    titles = [_title(title, cell) for cell in cells]
    needs = [ended[one].result for one in needs_of(job)]
    possible = (*_BAD, *(["success"] if _can_succeed(job, event, needs) else []))
    # fail-fast only adds one more reason for a cell to be cancelled: all combinations are possible anyway.
    for conclusions in itertools.product(possible, repeat=len(cells)):
        worst = next((bad for bad in _BAD if bad in conclusions), "success")
        yield Ended(ran=True, result=worst, checks=tuple(zip(titles, conclusions, strict=True)))


def _title(title: str, cell: Mapping[str, Any]) -> str:
    if "${{" in title or not cell:
        return filled(title, {f"matrix.{key}": str(value) for key, value in cell.items()})
    return f"{title} ({', '.join(map(str, cell.values()))})"


def _ancestors(name: str, jobs: Mapping[str, Any]) -> set[str]:
    found = set(needs_of(jobs[name]))
    return found.union(*(_ancestors(one, jobs) for one in found))


def _can_succeed(job: Mapping[str, Any], event: Event, needs: Sequence[str]) -> bool:
    """Whether the job passes when every step does that can."""
    failed = False
    for step in job["steps"]:
        known(step, "step")
        status = {
            "success": lambda: not failed,  # noqa: B023  (called before the next round)
            "failure": lambda: failed,  # noqa: B023
            "cancelled": lambda: False,  # else the job ends as cancelled
            "always": lambda: True,
        }
        if condition(step.get("if", "success()"), event.contexts, status):
            writes = str(step.get("uses", "")).startswith("github/codeql-action/upload-sarif@")
            refused = any(result != "success" for result in needs) and _judges(step)
            failed = failed or refused or (writes and event.is_fork)  # a fork's token only reads
    return not failed


def _judges(step: Mapping[str, Any]) -> bool:
    """Whether the step's exit code is that of a lockgate that knows how the needs ended."""
    run = str(step.get("run", ""))
    words = shlex.shlex(run, posix=True, punctuation_chars=True)
    simple = not any(set(word) <= set("|&;<>()") for word in words)
    return simple and bool(_JUDGES.fullmatch(run)) and (step.get("env") or {}).get("LOCKGATE_NEEDS") == _NEEDS


def known(thing: object, kind: str) -> None:
    """Refuse keys that this model does not know."""
    if not isinstance(thing, Mapping) or set(thing) - set(_KEYS[kind].split()):
        raise UnsupportedError(f"{kind}: {thing!r:.200}")


def violations(document: Document, names: Sequence[str]) -> set[str]:
    """Where the required checks `names` of a workflow can go wrong, in words; empty when they cannot."""
    found: set[str] = set()
    alike: dict[tuple[object, ...], list[Event]] = {}
    for event in EVENTS:
        began = starts(document, event)
        if event.brings and False in began:
            found.add(f"{event.name} may start nothing: the checks wait for ever")
        if True in began:
            # Once it runs, a run depends on the contexts alone.
            alike.setdefault(tuple(event.contexts.items()), []).append(event)
    for events in alike.values():
        found.update(_violations(document, names, events[0], brings=any(event.brings for event in events)))
    return found


def _violations(document: Document, names: Sequence[str], event: Event, *, brings: bool) -> Iterator[str]:
    can_pass = False
    ways: dict[tuple[tuple[str, Ended], ...], bool] = {}
    for transitive in (True, False):
        for cancelled, jobs in runs(document, event, transitive=transitive):
            way = tuple(jobs.items())
            ways[way] = ways.get(way, True) and cancelled
    for way, cancelled in ways.items():
        jobs = dict(way)
        checks = [(name, said, job) for job, ended in way for name, said in ended.checks if name in names]
        by_name = {name: said for name, said, _ in checks}
        if len(by_name) < len(checks):
            yield "two jobs report under one name"
        for name, said, job in checks:
            results = [jobs[one].result for one in needs_of(document["jobs"][job])]
            if said == "success" and not jobs[job].ran:
                yield f"{name} is skipped, which counts as success"
            elif said == "success" and any(result != "success" for result in results):
                yield f"{name} passes although a need did not"
        if brings and not cancelled:
            yield from (f"{name} never reports" for name in names if name not in by_name)
        can_pass = can_pass or (len(by_name) == len(names) and set(by_name.values()) == {"success"})
    if brings and not can_pass:
        yield f"{event.name}{' of a fork' if event.is_fork else ''} can never pass"


def cancels(document: Document, event: Event) -> tuple[bool, str]:
    """Whether a newer run cancels an older one, and in which group."""
    concurrency = document["concurrency"]
    newer = concurrency["cancel-in-progress"]
    if isinstance(newer, str):
        newer = evaluate(unwrapped(newer), event.contexts, {})
    if not isinstance(newer, bool):
        raise UnsupportedError(f"cancel-in-progress: {newer!r}")
    return newer, filled(concurrency["group"], event.contexts)
