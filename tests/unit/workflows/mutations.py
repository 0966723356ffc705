"""Ways in which a workflow that is written by hand can be made to promise less, made systematically from a rendered one.

`python -m tests.unit.workflows.mutations` prints the table of docs/promises.md.
"""

from __future__ import annotations

import copy
import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.model.compromised import COMPROMISED
from lockgate.workflows.emit import Commented, emit, text_of
from lockgate.workflows.promises import broken
from tests.unit.workflows.rendered import WORKFLOWS, rendered

Data = dict[str, Any]
Change = Callable[[Data], object]

_SHA = "0123456789abcdef0123456789abcdef01234567"
_ENVIRONMENT = (
    "BASH_ENV PYTEST_ADDOPTS PYTHONPATH PYTHONSTARTUP COVERAGE_RCFILE COVERAGE_THRESHOLD PYTHON_VERSION_MATRIX"
    " LOCKGATE_NEEDS UV_INDEX_URL UV_PROJECT UV_CONFIG_FILE PATH LD_PRELOAD GIT_CONFIG_GLOBAL GITHUB_ACTIONS HOME"
    " NODE_OPTIONS RUFF_CONFIG MYPYPATH XDG_CONFIG_HOME ACTIONS_ALLOW_UNSECURE_COMMANDS CODEQL_ACTION_EXTRA_OPTIONS"
).split()
_FEW = ("BASH_ENV", "PYTEST_ADDOPTS", "COVERAGE_THRESHOLD", "LOCKGATE_REPORT", "UV_PROJECT")
_OPTIONAL = ("cache-", "upload")
_CONDITIONS = (
    *("false", "${{ false }}", "always()", "success()", "!cancelled()", "failure()"),
    *("github.event_name == 'push'", "github.actor != 'dependabot[bot]'"),
)
_RUNS = (
    *("{} || true", "{} || exit 0", "{}; true", "{} | cat", "{} &", "set +e\n{}\nexit 0", "{}\ntrue", "! {}"),
    *("echo {}", "true", "if {}; then true; fi", "timeout 1 {}", "{} -- -k fast", "{} --python 3.12", "{} --config x"),
)
# What a step of the author's own can do to those that follow, and no reader of YAML can see in general.
_ANYTHING = (
    "sed -i s/95/50/ pyproject.toml",
    "rm -rf tests/slow",
    "cp stand-in ~/.local/bin/uv",
    "python tools/prepare.py",
)
_OWN_STEPS: Mapping[str, Data] = {
    "a step that checks out another ref": {"uses": f"actions/checkout@{_SHA}", "with": {"ref": "main"}},
    "a step that replaces the code": {"run": "git checkout origin/main -- src"},
    "a step that resets the code": {"run": "git -c x=y reset --hard HEAD~1"},
    "a step that writes GITHUB_ENV": {"run": 'echo "PYTEST_ADDOPTS=-k fast" >> "$GITHUB_ENV"'},
    "a step that writes GITHUB_PATH": {"run": "echo ./bin | tee -a ${GITHUB_PATH}"},
    "a step that sets the environment by command": {"run": 'echo "::set-env name=UV_PROJECT::x"'},
    "a script that sets the environment": {
        "uses": f"actions/github-script@{_SHA}",
        "with": {"script": "core.exportVariable('PYTEST_ADDOPTS', '-k fast')"},
    },
    "a step that runs what a stranger wrote": {"run": "echo ${{ github.event.pull_request.title }}"},
    "a step by a tag": {"uses": "actions/setup-node@v6"},
    "a step by a branch": {"uses": "owner/action@main"},
    "a step by a compromised commit": {"uses": f"tj-actions/changed-files@{next(iter(COMPROMISED))}"},
    "a container by a tag": {"uses": "docker://alpine:3"},
    "a step that touches what cells left": {"run": 'cp x.json "$RUNNER_TEMP/lockgate-cells/"'},
    "a step that replaces CodeQL's findings": {"run": 'echo {} > "$RUNNER_TEMP/lockgate-codeql/python.sarif"'},
    "a step that replaces an artifact": {
        "uses": f"actions/upload-artifact@{_SHA}",
        "with": {"name": "lockgate-test-3.8", "path": "."},
    },
}
_ARTIFACT = _OWN_STEPS["a step that replaces an artifact"]


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


def as_read(value: Any) -> Any:  # noqa: ANN401
    """As a YAML reader gives it."""
    if isinstance(value, Mapping):
        return {key: as_read(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_read(one) for one in value]
    return value.value if isinstance(value, Commented) else value


def _set(*place: Any) -> Change:  # noqa: ANN401
    """Put the last of `place` under the others, making the mappings between where they are missing."""
    *parents, key, value = place

    def change(document: Any) -> None:  # noqa: ANN401
        here = document
        for one in parents:
            if isinstance(here, dict) and here.get(one) is None:
                here[one] = {}
            here = here[one]
        here[key] = copy.deepcopy(value)

    return change


def _drop(*place: Any) -> Change:  # noqa: ANN401
    *parents, key = place

    def change(document: Any) -> None:  # noqa: ANN401
        here = document
        for one in parents:
            here = here[one]
        del here[key]

    return change


def _insert(job: str, at: int, step: Data) -> Change:
    return lambda document: document["jobs"][job]["steps"].insert(at, copy.deepcopy(step))


Changes = Iterator[tuple[str, str, Change]]


def _changes(document: Mapping[str, Any]) -> Changes:
    yield from _top(document)
    yield from _triggers(document["on"])
    for name, job in document["jobs"].items():
        yield from _job(name, job, document)
        for number, step in enumerate(job["steps"]):
            yield from _step(name, number, step)
    yield from _more_jobs(document)


def _top(document: Mapping[str, Any]) -> Changes:
    yield "permissions dropped", "top", _drop("permissions")
    for given in ("write-all", "read-all", {"contents": "write"}, {"id-token": "write"}):
        yield "permissions loosened", "top", _set("permissions", given)
    for name in document["env"]:
        if name != "UV_PYTHON_INSTALL_DIR":
            yield "a stated variable dropped", "top", _drop("env", name)
            yield "a stated variable changed", "top", _set("env", name, "50")
    yield "env dropped", "top", _drop("env")
    for name in _ENVIRONMENT:
        if name not in document["env"]:
            yield "env tampered with", "top", _set("env", name, "x")
    yield "a secret in env", "top", _set("env", "TOKEN", "${{ secrets.TOKEN }}")
    yield "the shell replaced", "top", _set("defaults", {"run": {"shell": "bash {0} || true"}})
    yield "another folder", "top", _set("defaults", {"run": {"working-directory": "old"}})
    if document["concurrency"]["cancel-in-progress"] is False:
        yield "runs cancelled", "top", _set("concurrency", "cancel-in-progress", value := True)
        yield "runs cancelled", "top", _set("concurrency", {"group": "all", "cancel-in-progress": not value})


def _triggers(on: Mapping[str, Any]) -> Changes:
    for event, options in on.items():
        yield "a trigger dropped", event, _drop("on", event)
        if event == "schedule":
            yield "a rarer schedule", event, _set("on", event, [{"cron": "7 3 1 * *"}])
            yield "a rarer schedule", event, _set("on", event, [])
        elif event != "workflow_dispatch":
            for name in ("paths", "paths-ignore", "branches-ignore", *(["branches"] if event != "push" else [])):
                yield "a filter", event, _set("on", event, name, ["docs/**"])
        for one in (options or {}).get("types", ()) if isinstance(options, Mapping) else ():
            rest = [other for other in options["types"] if other != one]
            yield "a type dropped", event, _set("on", event, "types", rest)
    for event in ("pull_request_target", "workflow_run", "issue_comment", "workflow_call"):
        yield "a trigger of strangers", event, _set("on", event, None)
    yield "fewer triggers", "on", _set("on", ["push"])
    yield "fewer triggers", "on", _set("on", "workflow_dispatch" if len(on) > 1 else "push")
    if "push" in on:
        for branches in (["develop"], ["main", "!main"], []):
            yield "another branch", "push", _set("on", "push", "branches", branches)
        yield "another branch", "push", _set("on", "push", {"tags": ["v*"]})
    else:
        for event in ("push", "schedule", "release", "pull_request", "repository_dispatch"):
            yield "a trigger of a release", event, _set("on", event, None)
        for name in on["workflow_dispatch"]["inputs"]:
            yield "an input dropped", name, _drop("on", "workflow_dispatch", "inputs", name)
            yield "an input changed", name, _set("on", "workflow_dispatch", "inputs", name, "type", "environment")
        yield "an input changed", "version", _set("on", "workflow_dispatch", "inputs", "version", "required", False)


def _job(name: str, job: Mapping[str, Any], document: Mapping[str, Any]) -> Changes:
    here = ("jobs", name)
    others = [other for other in document["jobs"] if other != name]
    yield "a job dropped", name, lambda found: found["jobs"].pop(name)
    yield "a job's id changed", name, lambda found: found["jobs"].update({f"{name}-2": found["jobs"].pop(name)})
    yield "a check's name changed", name, _set(*here, "name", f"{name}!")
    yield "a check's name dropped", name, _drop(*here, "name") if job["name"] != name else _set(*here, "name", None)
    for condition in _CONDITIONS:
        # Without a condition success() is implied; with its brackets or without them, one condition is the same.
        if (condition != "success()" or "if" in job) and condition not in job.get("if", ""):
            yield "a job's condition changed", name, _set(*here, "if", condition)
    if "if" in job:
        yield "if: always() dropped" if "always" in job["if"] else "a job's condition dropped", name, _drop(*here, "if")
    if "needs" in job:
        yield "needs dropped", name, _drop(*here, "needs")
        for one in job["needs"]:
            yield "needs altered", name, _set(*here, "needs", [need for need in job["needs"] if need != one])
            yield "needs altered", name, _set(*here, "needs", [need if need != one else others[0] for need in job["needs"]]
                                              if others[0] not in job["needs"] else [])  # fmt: skip
    elif "pull_request" in document["on"] and name != "codeql":
        yield "needs added, so that the check can be skipped", name, _set(*here, "needs", [others[-1]])
    yield "permissions dropped", name, _drop(*here, "permissions")
    for given in ("write-all", "read-all", {}):
        yield "permissions changed", name, _set(*here, "permissions", given)
    for scope in ("contents", "id-token", "packages", "actions", "pull-requests"):
        if scope not in job["permissions"] or str(as_read(job["permissions"][scope])) != "write":
            yield "permissions loosened", name, _set(*here, "permissions", scope, "write")
    for soft in (True, "${{ true }}", "${{ matrix.soft }}"):
        yield "continue-on-error", name, _set(*here, "continue-on-error", soft)
    yield "the timeout dropped", name, _drop(*here, "timeout-minutes")
    yield "the shell replaced", name, _set(*here, "defaults", {"run": {"shell": "bash {0} || true"}})
    yield "another folder", name, _set(*here, "defaults", {"run": {"working-directory": "old"}})
    yield "a container", name, _set(*here, "container", "python:3")
    yield "runs cancelled", name, _set(*here, "concurrency", {"group": "one", "cancel-in-progress": True})
    yield "a reusable workflow instead", name, _set(*here, {"name": job["name"], "uses": f"o/r/.github/workflows/x.yml@{_SHA}"})
    yield "no steps", name, _set(*here, "steps", [])
    for variable in _FEW:
        yield "env tampered with", name, _set(*here, "env", variable, "x")
    yield "env tampered with", name, _set(*here, "env", "${{ fromJSON(vars.ENV) }}")
    yield "a secret in env", name, _set(*here, "env", "TOKEN", "${{ secrets.TOKEN }}")
    yield from _matrix(name, job)
    if "workflow_dispatch" in document["on"] and len(document["on"]) == 1:
        if "environment" in job:
            yield "the environment dropped", name, _drop(*here, "environment")
            for other in ("release", {"name": "pypi"}, {}):
                yield "the environment changed", name, _set(*here, "environment", other)
            yield "a service beside the right to publish", name, _set(*here, "services", {"db": {"image": "postgres"}})
        else:
            yield "the publisher's environment elsewhere", name, _set(*here, "environment", "pypi-publishing")


def _matrix(name: str, job: Mapping[str, Any]) -> Changes:
    here = ("jobs", name, "strategy")
    if "strategy" not in job:
        yield "a matrix where none was", name, _set(*here, "matrix", {"python": ["3.12"]})
        return
    pythons = job["strategy"]["matrix"]["python"]
    yield "the matrix altered", name, _drop(*here)
    for python in pythons:
        yield "the matrix altered", name, _set(*here, "matrix", "python", [one for one in pythons if one != python])
        yield "the matrix altered", name, _set(*here, "matrix", "exclude", [{"python": python}])
    for given in ([*pythons, "3.14"], [*pythons, pythons[0]], "${{ fromJSON(vars.PYTHONS) }}", [], None):
        yield "the matrix altered", name, _set(*here, "matrix", "python", given)
    yield "the matrix altered", name, _set(*here, "matrix", "include", [{"python": "3.14"}])
    yield "the matrix altered", name, _set(*here, "matrix", "os", ["a", "b"])
    yield "the matrix altered", name, _set(*here, "matrix", "${{ fromJSON(vars.MATRIX) }}")
    yield "the matrix altered", name, _set(*here, "${{ fromJSON(vars.STRATEGY) }}")


def _step(job: str, number: int, step: Mapping[str, Any]) -> Changes:
    here, where = ("jobs", job, "steps", number), f"{job}/{step['id']}"
    if step["id"].startswith(_OPTIONAL):
        for name in ("path", "name"):
            if name in step["with"]:
                yield "what is kept or restored changed", where, _set(*here, "with", name, "src")
        return
    yield "a step dropped", where, _drop(*here)
    for soft in (True, "${{ true }}"):
        yield "continue-on-error", where, _set(*here, "continue-on-error", soft)
    for condition in ("false", "failure()", "github.event_name == 'push'"):
        yield "a step's condition changed", where, _set(*here, "if", condition)
    for variable in _FEW:
        yield "env tampered with", where, _set(*here, "env", variable, "x")
    for variable in step.get("env", ()):
        if variable != "LOCKGATE_CACHES":
            yield "a variable of a step dropped", where, _drop(*here, "env", variable)
            yield "a variable of a step changed", where, _set(*here, "env", variable, "{}")
    if "run" in step:
        yield from _run(where, here, step)
    else:
        yield from _uses(where, here, step)
    if "run" in step or "pypi" in str(step["uses"]):
        for kind, own in _OWN_STEPS.items():
            yield kind, where, _insert(job, number, own)
        for run in _ANYTHING:
            yield "a step of the author's own that does anything", where, _insert(job, number, {"run": run})


def _run(where: str, here: tuple[Any, ...], step: Mapping[str, Any]) -> Changes:
    run: str = step["run"]
    for form in _RUNS:
        yield "the command altered", where, _set(*here, "run", form.format(run))
    words = run.split()
    for at in range(2, len(words)):
        yield "a word of the command dropped", where, _set(*here, "run", " ".join([*words[:at], *words[at + 1 :]]))
    yield "another lockgate", where, _set(*here, "run", run.replace("uv run --project .github/lockgate --locked", "uvx"))
    yield "the shell replaced", where, _set(*here, "shell", "bash {0}")
    yield "the shell replaced", where, _set(*here, "shell", "python")
    yield "another folder", where, _set(*here, "working-directory", "old")
    _, job, _, at = here
    yield "the order changed", where, lambda found: found["jobs"][job]["steps"].insert(
        0, found["jobs"][job]["steps"].pop(at)
    )  # fmt: skip


def _uses(where: str, here: tuple[Any, ...], step: Mapping[str, Any]) -> Changes:
    uses: Commented = step["uses"]
    action, _, sha = str(uses.value).partition("@")
    for reference in ("main", "v4", sha[:7], uses.comment, f"{sha}0", sha.upper()):
        yield "a pin loosened", where, _set(*here, "uses", f"{action}@{reference}")
    yield "a pin loosened", where, _set(*here, "uses", action)
    yield "a compromised commit", where, _set(*here, "uses", f"{action}@{next(iter(COMPROMISED))}")
    yield "another action", where, _set(*here, "uses", Commented(f"evil/{action.split('/')[-1]}@{sha}", uses.comment))
    yield "another action", where, _set(*here, "uses", "./.github/actions/mine")
    yield "another action", where, _set(*here, "uses", f"docker://alpine@sha256:{sha}")
    yield "another commit under the shipped version", where, _set(*here, "uses", Commented(f"{action}@{_SHA}", uses.comment))
    yield "another commit under another version", where, _set(*here, "uses", Commented(f"{action}@{_SHA}", "v99.0.0"))
    for name, value in step.get("with", {}).items():
        cached = name == "enable-cache" and not where.startswith(("build", "verify", "release"))
        if name == "version" or cached:
            continue
        yield "an input dropped", where, _drop(*here, "with", name)
        yield "an input changed", where, _set(*here, "with", name, not value if isinstance(value, bool) else "x")
    more = {
        "actions/checkout": {"ref": "main", "repository": "o/r", "token": "x", "path": "x", "sparse-checkout": "src"},
        "pypa/gh-action-pypi-publish": {
            **{"repository-url": "https://example.org", "user": "x", "password": "x", "skip-existing": True},
            **{"verify-metadata": False, "packages_dir": "x"},
        },
        "github/codeql-action/init": {"config-file": "x", "queries": "./none.ql", "packs": "x"},
        "actions/download-artifact": {"repository": "o/r", "run-id": "1"},
        "astral-sh/setup-uv": {"working-directory": "x", "download-from-astral-mirror": "x"},
    }
    for name, value in more.get(action, {}).items():
        if name not in step.get("with", {}):
            yield "an input added", where, _set(*here, "with", name, value)


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
    jobs["a step that replaces an artifact/extra"] = {**plain, "steps": [_ARTIFACT]}
    jobs["a second publisher/action"] = {**plain, "steps": [{"uses": f"pypa/gh-action-pypi-publish@{_SHA}"}]}
    if len(document["on"]) == 1:
        jobs["a second publisher/id-token"] = {**plain, "permissions": {"id-token": "write"}}
        jobs["a second publisher/environment"] = {**plain, "environment": "pypi-publishing"}
        jobs["a second publisher/expression"] = {**plain, "environment": {"name": "${{ env.PYPI_ENVIRONMENT }}"}}
        for name, step in {
            "actions/cache": {"uses": f"actions/cache@{_SHA}", "with": {"path": "~/.cache", "key": "x"}},
            "restore": {"uses": f"actions/cache/restore@{_SHA}", "with": {"path": "~/.cache", "key": "x"}},
            "setup-python": {"uses": f"actions/setup-python@{_SHA}", "with": {"cache": "pip"}},
            "setup-uv": {"uses": f"astral-sh/setup-uv@{_SHA}", "with": {"enable-cache": "auto"}},
        }.items():
            jobs[f"a cache in a release/{name}"] = {**plain, "steps": [step]}
            for job in ("build", "test-matrix", "verify"):
                yield "a cache in a release", f"{job}/{name}", _insert(job, 1, step)
    for label, job in jobs.items():
        kind, _, where = label.partition("/")
        yield kind, where.strip(), _set("jobs", "another", job)


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
