"""What is done to the steps of a workflow to make it promise less, and the means to change a part of a document."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lockgate.model.compromised import COMPROMISED
from lockgate.workflows.emit import Commented

Data = dict[str, Any]
Change = Callable[[Data], object]

Changes = Iterator[tuple[str, str, Change]]

SHA = "0123456789abcdef0123456789abcdef01234567"
FEW = ("BASH_ENV", "PYTEST_ADDOPTS", "COVERAGE_THRESHOLD", "LOCKGATE_REPORT", "UV_PROJECT")
_OPTIONAL = ("cache-", "upload")
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
    "a step that checks out another ref": {"uses": f"actions/checkout@{SHA}", "with": {"ref": "main"}},
    "a step that replaces the code": {"run": "git checkout origin/main -- src"},
    "a step that resets the code": {"run": "git -c x=y reset --hard HEAD~1"},
    "a step that writes GITHUB_ENV": {"run": 'echo "PYTEST_ADDOPTS=-k fast" >> "$GITHUB_ENV"'},
    "a step that writes GITHUB_PATH": {"run": "echo ./bin | tee -a ${GITHUB_PATH}"},
    "a step that sets the environment by command": {"run": 'echo "::set-env name=UV_PROJECT::x"'},
    "a script that sets the environment": {
        "uses": f"actions/github-script@{SHA}",
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
        "uses": f"actions/upload-artifact@{SHA}",
        "with": {"name": "lockgate-test-3.8", "path": "."},
    },
}
ARTIFACT = _OWN_STEPS["a step that replaces an artifact"]


def as_read(value: Any) -> Any:  # noqa: ANN401
    """As a YAML reader gives it."""
    if isinstance(value, Mapping):
        return {key: as_read(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_read(one) for one in value]
    return value.value if isinstance(value, Commented) else value


def put(*place: Any) -> Change:  # noqa: ANN401
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


def drop(*place: Any) -> Change:  # noqa: ANN401
    *parents, key = place

    def change(document: Any) -> None:  # noqa: ANN401
        here = document
        for one in parents:
            here = here[one]
        del here[key]

    return change


def insert(job: str, at: int, step: Data) -> Change:
    return lambda document: document["jobs"][job]["steps"].insert(at, copy.deepcopy(step))


def step_changes(job: str, number: int, step: Mapping[str, Any]) -> Changes:  # noqa: C901, PLR0912  (a list)
    """Every change to one step, with its kind and where it is."""
    here, where = ("jobs", job, "steps", number), f"{job}/{step['id']}"
    if step["id"].startswith(_OPTIONAL):
        for name in ("path", "name"):
            if name in step["with"]:
                yield "what is kept or restored changed", where, put(*here, "with", name, "src")
        return
    yield "a step dropped", where, drop(*here)
    for soft in (True, "${{ true }}"):
        yield "continue-on-error", where, put(*here, "continue-on-error", soft)
    for condition in ("false", "failure()", "github.event_name == 'push'"):
        yield "a step's condition changed", where, put(*here, "if", condition)
    for variable in FEW:
        yield "env tampered with", where, put(*here, "env", variable, "x")
    for variable in step.get("env", ()):
        if variable != "LOCKGATE_CACHES":
            yield "a variable of a step dropped", where, drop(*here, "env", variable)
            yield "a variable of a step changed", where, put(*here, "env", variable, "{}")
    if "run" in step:
        yield from _run(where, here, step)
    else:
        yield from _uses(where, here, step)
    if "run" in step or "pypi" in str(step["uses"]):
        for kind, own in _OWN_STEPS.items():
            yield kind, where, insert(job, number, own)
        for run in _ANYTHING:
            yield "a step of the author's own that does anything", where, insert(job, number, {"run": run})


def _run(where: str, here: tuple[Any, ...], step: Mapping[str, Any]) -> Changes:
    run: str = step["run"]
    for form in _RUNS:
        yield "the command altered", where, put(*here, "run", form.format(run))
    words = run.split()
    for at in range(2, len(words)):
        yield "a word of the command dropped", where, put(*here, "run", " ".join([*words[:at], *words[at + 1 :]]))
    yield (
        "another lockgate",
        where,
        put(*here, "run", run.replace("uv run --project .github/lockgate --locked", "uvx")),
    )
    yield "the shell replaced", where, put(*here, "shell", "bash {0}")
    yield "the shell replaced", where, put(*here, "shell", "python")
    yield "another folder", where, put(*here, "working-directory", "old")
    _, job, _, at = here
    yield "the order changed", where, lambda found: found["jobs"][job]["steps"].insert(
        0, found["jobs"][job]["steps"].pop(at)
    )  # fmt: skip


def _uses(where: str, here: tuple[Any, ...], step: Mapping[str, Any]) -> Changes:
    uses: Commented = step["uses"]
    action, _, sha = str(uses.value).partition("@")
    for reference in ("main", "v4", sha[:7], uses.comment, f"{sha}0", sha.upper()):
        yield "a pin loosened", where, put(*here, "uses", f"{action}@{reference}")
    yield "a pin loosened", where, put(*here, "uses", action)
    yield "a compromised commit", where, put(*here, "uses", f"{action}@{next(iter(COMPROMISED))}")
    yield "another action", where, put(*here, "uses", Commented(f"evil/{action.split('/')[-1]}@{sha}", uses.comment))
    yield "another action", where, put(*here, "uses", "./.github/actions/mine")
    yield "another action", where, put(*here, "uses", f"docker://alpine@sha256:{sha}")
    yield (
        "another commit under the shipped version",
        where,
        put(*here, "uses", Commented(f"{action}@{SHA}", uses.comment)),
    )
    yield "another commit under another version", where, put(*here, "uses", Commented(f"{action}@{SHA}", "v99.0.0"))
    for name, value in step.get("with", {}).items():
        cached = name == "enable-cache" and not where.startswith(("build", "verify", "release"))
        if name == "version" or cached:
            continue
        yield "an input dropped", where, drop(*here, "with", name)
        yield "an input changed", where, put(*here, "with", name, not value if isinstance(value, bool) else "x")
    more: Mapping[str, Data] = {
        "actions/checkout": {"ref": "main", "repository": "o/r", "token": "x", "path": "x", "sparse-checkout": "src"},
        "pypa/gh-action-pypi-publish": {
            "repository-url": "https://example.org",
            "user": "x",
            "password": "x",
            "skip-existing": True,
            "verify-metadata": False,
            "packages_dir": "x",
        },
        "github/codeql-action/init": {"config-file": "x", "queries": "./none.ql", "packs": "x"},
        "actions/download-artifact": {"repository": "o/r", "run-id": "1"},
        "astral-sh/setup-uv": {"working-directory": "x", "download-from-astral-mirror": "x"},
    }
    for name, value in more.get(action, {}).items():
        if name not in step.get("with", {}):
            yield "an input added", where, put(*here, "with", name, value)
