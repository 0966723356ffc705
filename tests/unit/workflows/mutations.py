"""Ways in which a workflow written by hand can promise less, made systematically from a rendered one.

`python -m tests.unit.workflows.mutations` prints the table of docs/promises.md.
"""

from __future__ import annotations

import copy
import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.workflows.emit import emit, text_of
from lockgate.workflows.promises import broken
from tests.unit.workflows.mutated_steps import (
    ARTIFACT,
    FEW,
    SHA,
    Changes,
    Data,
    as_read,
    drop,
    insert,
    put,
    step_changes,
)
from tests.unit.workflows.rendered import WORKFLOWS, rendered

_ENVIRONMENT = [
    "BASH_ENV",
    "PYTEST_ADDOPTS",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "COVERAGE_RCFILE",
    "COVERAGE_THRESHOLD",
    "PYTHON_VERSION_MATRIX",
    "LOCKGATE_NEEDS",
    "UV_INDEX_URL",
    "UV_PROJECT",
    "UV_CONFIG_FILE",
    "PATH",
    "LD_PRELOAD",
    "GIT_CONFIG_GLOBAL",
    "GITHUB_ACTIONS",
    "HOME",
    "NODE_OPTIONS",
    "RUFF_CONFIG",
    "MYPYPATH",
    "XDG_CONFIG_HOME",
    "ACTIONS_ALLOW_UNSECURE_COMMANDS",
    "CODEQL_ACTION_EXTRA_OPTIONS",
]
_CONDITIONS = (
    *("false", "${{ false }}", "always()", "success()", "!cancelled()", "failure()"),
    *("github.event_name == 'push'", "github.actor != 'dependabot[bot]'"),
)


@dataclass(frozen=True)
class Mutation:
    """A workflow made worse: `kind` groups them, `where` says which part was changed."""

    workflow: str
    kind: str
    where: str
    data: Data
    text: str

    def __str__(self) -> str:
        return f"{self.workflow}: {self.where}: {self.kind}"


def mutations(workflow: str) -> Iterator[Mutation]:
    """Every mutation of one rendered workflow; those that change nothing are left out."""
    document = _document(workflow)
    before = text_of(emit(document))
    for kind, where, change in _changes(document):
        changed = copy.deepcopy(dict(document))
        change(changed)
        text = text_of(emit(changed))
        if text != before:
            yield Mutation(workflow, kind, where, as_read(changed), text)


def is_caught(mutation: Mutation) -> bool:
    """Whether the promises see it."""
    return bool(broken(mutation.data, _document(mutation.workflow), mutation.text))


@functools.cache
def _document(workflow: str) -> Mapping[str, Any]:
    document = rendered()[workflow].document
    assert document is not None
    return document


def _changes(document: Mapping[str, Any]) -> Changes:
    yield from _top(document)
    yield from _triggers(document["on"])
    for name, job in document["jobs"].items():
        yield from _job(name, job, document)
        for number, step in enumerate(job["steps"]):
            yield from step_changes(name, number, step)
    yield from _more_jobs(document)


def _top(document: Mapping[str, Any]) -> Changes:
    yield "permissions dropped", "top", drop("permissions")
    given: Any
    for given in ("write-all", "read-all", {"contents": "write"}, {"id-token": "write"}):
        yield "permissions loosened", "top", put("permissions", given)
    for name in document["env"]:
        if name != "UV_PYTHON_INSTALL_DIR":
            yield "a stated variable dropped", "top", drop("env", name)
            yield "a stated variable changed", "top", put("env", name, "50")
    yield "env dropped", "top", drop("env")
    for name in _ENVIRONMENT:
        if name not in document["env"]:
            yield "env tampered with", "top", put("env", name, "x")
    yield "a secret in env", "top", put("env", "TOKEN", "${{ secrets.TOKEN }}")
    yield "the shell replaced", "top", put("defaults", {"run": {"shell": "bash {0} || true"}})
    yield "another folder", "top", put("defaults", {"run": {"working-directory": "old"}})
    if document["concurrency"]["cancel-in-progress"] is False:
        yield "runs cancelled", "top", put("concurrency", "cancel-in-progress", value := True)
        yield "runs cancelled", "top", put("concurrency", {"group": "all", "cancel-in-progress": not value})


def _triggers(on: Mapping[str, Any]) -> Changes:  # noqa: C901  (a list)
    for event, options in on.items():
        yield "a trigger dropped", event, drop("on", event)
        if event == "schedule":
            yield "a rarer schedule", event, put("on", event, [{"cron": "7 3 1 * *"}])
            yield "a rarer schedule", event, put("on", event, [])
        elif event != "workflow_dispatch":
            for name in ("paths", "paths-ignore", "branches-ignore", *(["branches"] if event != "push" else [])):
                yield "a filter", event, put("on", event, name, ["docs/**"])
        for one in (options or {}).get("types", ()) if isinstance(options, Mapping) else ():
            rest = [other for other in options["types"] if other != one]
            yield "a type dropped", event, put("on", event, "types", rest)
    for event in ("pull_request_target", "workflow_run", "issue_comment", "workflow_call"):
        yield "a trigger of strangers", event, put("on", event, None)
    yield "fewer triggers", "on", put("on", ["push"])
    yield "fewer triggers", "on", put("on", "workflow_dispatch" if len(on) > 1 else "push")
    if "push" in on:
        for branches in (["develop"], ["main", "!main"], []):
            yield "another branch", "push", put("on", "push", "branches", branches)
        yield "another branch", "push", put("on", "push", {"tags": ["v*"]})
    else:
        for event in ("push", "schedule", "release", "pull_request", "repository_dispatch"):
            yield "a trigger of a release", event, put("on", event, None)
        for name in on["workflow_dispatch"]["inputs"]:
            yield "an input dropped", name, drop("on", "workflow_dispatch", "inputs", name)
            yield "an input changed", name, put("on", "workflow_dispatch", "inputs", name, "type", "environment")
        yield "an input changed", "version", put("on", "workflow_dispatch", "inputs", "version", "required", "no")


def _job(name: str, job: Mapping[str, Any], document: Mapping[str, Any]) -> Changes:  # noqa: C901, PLR0912
    here = ("jobs", name)
    others = [other for other in document["jobs"] if other != name]
    yield "a job dropped", name, lambda found: found["jobs"].pop(name)
    yield "a job's id changed", name, lambda found: found["jobs"].update({f"{name}-2": found["jobs"].pop(name)})
    yield "a check's name changed", name, put(*here, "name", f"{name}!")
    yield "a check's name dropped", name, drop(*here, "name") if job["name"] != name else put(*here, "name", None)
    for condition in _CONDITIONS:
        # Without a condition success() is implied; with its brackets or without them, one condition is the same.
        if (condition != "success()" or "if" in job) and condition not in job.get("if", ""):
            yield "a job's condition changed", name, put(*here, "if", condition)
    if "if" in job:
        yield "if: always() dropped" if "always" in job["if"] else "a job's condition dropped", name, drop(*here, "if")
    if "needs" in job:
        yield "needs dropped", name, drop(*here, "needs")
        for one in job["needs"]:
            yield "needs altered", name, put(*here, "needs", [need for need in job["needs"] if need != one])
            changed = [others[0] if need == one else need for need in job["needs"]]
            yield "needs altered", name, put(*here, "needs", changed if others[0] not in job["needs"] else [])
    elif "pull_request" in document["on"] and name != "codeql":
        yield "needs added, so that the check can be skipped", name, put(*here, "needs", [others[-1]])
    yield "permissions dropped", name, drop(*here, "permissions")
    level: Any
    for level in ("write-all", "read-all", {}):
        yield "permissions changed", name, put(*here, "permissions", level)
    for scope in ("contents", "id-token", "packages", "actions", "pull-requests"):
        if scope not in job["permissions"] or str(as_read(job["permissions"][scope])) != "write":
            yield "permissions loosened", name, put(*here, "permissions", scope, "write")
    for soft in (True, "${{ true }}", "${{ matrix.soft }}"):
        yield "continue-on-error", name, put(*here, "continue-on-error", soft)
    yield "the timeout dropped", name, drop(*here, "timeout-minutes")
    yield "the shell replaced", name, put(*here, "defaults", {"run": {"shell": "bash {0} || true"}})
    yield "another folder", name, put(*here, "defaults", {"run": {"working-directory": "old"}})
    yield "a container", name, put(*here, "container", "python:3")
    yield "runs cancelled", name, put(*here, "concurrency", {"group": "one", "cancel-in-progress": True})
    yield (
        "a reusable workflow instead",
        name,
        put(*here, {"name": job["name"], "uses": f"o/r/.github/workflows/x.yml@{SHA}"}),
    )
    yield "no steps", name, put(*here, "steps", [])
    for variable in FEW:
        yield "env tampered with", name, put(*here, "env", variable, "x")
    yield "env tampered with", name, put(*here, "env", "${{ fromJSON(vars.ENV) }}")
    yield "a secret in env", name, put(*here, "env", "TOKEN", "${{ secrets.TOKEN }}")
    yield from _matrix(name, job)
    if "workflow_dispatch" in document["on"] and len(document["on"]) == 1:
        if "environment" in job:
            yield "the environment dropped", name, drop(*here, "environment")
            for other in ("release", {"name": "pypi"}, {}):
                yield "the environment changed", name, put(*here, "environment", other)
            yield "a service beside the right to publish", name, put(*here, "services", {"db": {"image": "postgres"}})
        else:
            yield "the publisher's environment elsewhere", name, put(*here, "environment", "pypi-publishing")


def _matrix(name: str, job: Mapping[str, Any]) -> Changes:
    here = ("jobs", name, "strategy")
    if "strategy" not in job:
        yield "a matrix where none was", name, put(*here, "matrix", {"python": ["3.12"]})
        return
    pythons = job["strategy"]["matrix"]["python"]
    yield "the matrix altered", name, drop(*here)
    for python in pythons:
        yield "the matrix altered", name, put(*here, "matrix", "python", [one for one in pythons if one != python])
        yield "the matrix altered", name, put(*here, "matrix", "exclude", [{"python": python}])
    given: Any
    for given in ([*pythons, "3.14"], [*pythons, pythons[0]], "${{ fromJSON(vars.PYTHONS) }}", [], None):
        yield "the matrix altered", name, put(*here, "matrix", "python", given)
    yield "the matrix altered", name, put(*here, "matrix", "include", [{"python": "3.14"}])
    yield "the matrix altered", name, put(*here, "matrix", "os", ["a", "b"])
    yield "the matrix altered", name, put(*here, "matrix", "${{ fromJSON(vars.MATRIX) }}")
    yield "the matrix altered", name, put(*here, "${{ fromJSON(vars.STRATEGY) }}")


def _more_jobs(document: Mapping[str, Any]) -> Changes:
    plain = {"runs-on": "ubuntu-24.04", "timeout-minutes": 5, "permissions": {}, "steps": [{"run": "true"}]}
    jobs: dict[str, Data] = {}
    for name, job in document["jobs"].items():
        title = str(job["name"]).replace("${{ matrix.python }}", "3.8")
        jobs[f"a second job under a required name/{name}"] = {**plain, "name": title}
        jobs[f"a second job under a required name/{name} "] = {**plain, "name": "${{ github.job }}"}
    matrix = {**plain, "strategy": {"matrix": {"python": ["3.8"]}}}
    if "test-matrix" in document["jobs"]:
        jobs["a second job under a required name/matrix"] = {**matrix, "name": "test-matrix"}
        jobs["a second job under a required name/matrix "] = {**matrix, "name": "test-matrix (${{ matrix.python }})"}
    jobs["permissions loosened/write-all"] = {**plain, "permissions": "write-all"}
    jobs["a step by a tag/extra"] = {**plain, "steps": [{"uses": "actions/setup-node@v6"}]}
    jobs["a step by a tag/reusable"] = {"uses": "o/r/.github/workflows/x.yml@main"}
    jobs["a step that replaces an artifact/extra"] = {**plain, "steps": [ARTIFACT]}
    jobs["a second publisher/action"] = {**plain, "steps": [{"uses": f"pypa/gh-action-pypi-publish@{SHA}"}]}
    if len(document["on"]) == 1:
        jobs["a second publisher/id-token"] = {**plain, "permissions": {"id-token": "write"}}
        jobs["a second publisher/environment"] = {**plain, "environment": "pypi-publishing"}
        jobs["a second publisher/expression"] = {**plain, "environment": {"name": "${{ env.PYPI_ENVIRONMENT }}"}}
        for name, step in {
            "actions/cache": {"uses": f"actions/cache@{SHA}", "with": {"path": "~/.cache", "key": "x"}},
            "restore": {"uses": f"actions/cache/restore@{SHA}", "with": {"path": "~/.cache", "key": "x"}},
            "setup-python": {"uses": f"actions/setup-python@{SHA}", "with": {"cache": "pip"}},
            "setup-uv": {"uses": f"astral-sh/setup-uv@{SHA}", "with": {"enable-cache": "auto"}},
        }.items():
            jobs[f"a cache in a release/{name}"] = {**plain, "steps": [step]}
            for job in ("build", "test-matrix", "verify"):
                yield "a cache in a release", f"{job}/{name}", insert(job, 1, step)
    for label, job in jobs.items():
        kind, _, where = label.partition("/")
        yield kind, where.strip(), put("jobs", "another", job)


@functools.cache
def judged() -> tuple[tuple[Mutation, bool], ...]:
    """Every mutation, and whether it is caught."""
    return tuple((one, is_caught(one)) for workflow in WORKFLOWS for one in mutations(workflow))


def table() -> str:
    """The table of docs/promises.md: what was done to the workflows, how often, and how often it was seen."""
    count = Counter(one.kind for one, _ in judged())
    caught = Counter(one.kind for one, seen in judged() if seen)
    rows = [f"| {kind} | {number} | {caught[kind]} |" for kind, number in sorted(count.items())]
    share = caught.total() / count.total()
    return "\n".join(
        [
            f"{count.total()} mutations, {caught.total()} caught ({share:.1%}).",
            "",
            "| what was done | times | caught |",
            "|---|---|---|",
            *rows,
        ]
    )


if __name__ == "__main__":
    print(table())  # noqa: T201
