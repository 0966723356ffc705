"""What an author may do to a workflow that is written by hand: all of it is accepted."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from lockgate.workflows.emit import Commented
from tests.unit.workflows.rendered import WORKFLOWS

SHA = "0123456789abcdef0123456789abcdef01234567"

Edit = Callable[[dict[str, Any]], object]


def step(document: dict[str, Any], job: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["jobs"][job]["steps"] if one["id"] == name)
    return found


def own_job(**more: Any) -> Edit:  # noqa: ANN401
    job = {"runs-on": "ubuntu-24.04", "steps": [{"run": "make docs"}], **more}
    return lambda document: document["jobs"].update(docs=job)


def own_step(job: str, at: int, **content: Any) -> Edit:  # noqa: ANN401
    return lambda document: document["jobs"][job]["steps"].insert(at, {"name": "Mine", **content})


def without(*names: str) -> Edit:
    """Leave steps out, in every job."""

    def edit(document: dict[str, Any]) -> None:
        for job in document["jobs"].values():
            job["steps"] = [one for one in job["steps"] if not one["id"].startswith(names)]

    return edit


def each_job(**changes: Any) -> Edit:  # noqa: ANN401
    return lambda document: [job.update(copy.deepcopy(changes)) for job in document["jobs"].values()]


def moved(reference: str) -> Edit:
    """A newer commit of every action, as Dependabot brings it."""

    def edit(document: dict[str, Any]) -> None:
        for job in document["jobs"].values():
            for one in job["steps"]:
                if "uses" in one:
                    one["uses"] = Commented(f"{one['uses'].value.partition('@')[0]}@{reference}", "v99.1.0")

    return edit


def turned(value: Any) -> None:  # noqa: ANN401
    """Put all keys the other way round."""
    for inner in list(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()):
        turned(inner)
    if isinstance(value, dict):
        items = list(reversed(value.items()))
        value.clear()
        value.update(items)


ALL = WORKFLOWS
GATES = ("quality_gate", "security_scan")
HARMLESS: Mapping[str, tuple[tuple[str, ...], Edit]] = {
    "nothing": (ALL, lambda _: None),
    "a job": (ALL, own_job()),
    "a job with a matrix": (ALL, own_job(name="docs (${{ matrix.os }})", strategy={"matrix": {"os": ["a", "b"]}})),
    "a job with a computed matrix": (ALL, own_job(strategy={"matrix": "${{ fromJSON(needs.x.outputs.y) }}"})),
    "a job that includes": (ALL, own_job(strategy={"matrix": {"include": [{"os": "a", "python": "3.8"}]}})),
    "a job that deploys": (GATES, own_job(environment="docs", permissions={"pages": "write", "id-token": "write"})),
    "a job with a secret": (ALL, own_job(env={"TOKEN": "${{ secrets.SLACK }}"})),
    "a reusable workflow": (
        ALL,
        lambda found: found["jobs"].update(lint={"uses": f"o/r/.github/workflows/x.yml@{SHA}"}),
    ),
    "a local reusable workflow": (ALL, lambda found: found["jobs"].update(lint={"uses": "./.github/workflows/x.yml"})),
    "an artifact of one's own": (
        ALL,
        own_job(steps=[{"uses": f"actions/upload-artifact@{SHA}", "with": {"name": "docs"}}]),
    ),
    "a step at the start": (("security_scan",), own_step("security-scan", 0, run="sudo apt-get install -y libxml2")),
    "a step before the tests": (("quality_gate",), own_step("test-matrix", 2, run="docker compose up -d")),
    "a step behind the tests": (
        ("quality_gate",),
        own_step("test-matrix", 99, run="cat $RUNNER_TEMP/lockgate-report/gate.md"),
    ),
    "a step with a secret": (
        ("quality_gate",),
        own_step("test-matrix", 99, run="notify", env={"T": "${{ secrets.T }}"}),
    ),
    "a step with an action": (
        ("security_scan",),
        own_step("security-scan", 1, uses=f"step-security/harden-runner@{SHA}"),
    ),
    "a container by digest": (("security_scan",), own_step("security-scan", 1, uses=f"docker://alpine@sha256:{SHA}")),
    "an artifact in a job": (
        ("quality_gate",),
        own_step("test-matrix", 2, uses=f"actions/upload-artifact@{SHA}", **{"with": {"name": "logs", "path": "logs"}}),
    ),
    "a cache of one's own": (
        ("quality_gate",),
        own_step("quality-checks", 2, uses=f"actions/cache@{SHA}", **{"with": {"path": ".mypy_cache", "key": "m"}}),
    ),
    "setup-uv's own cache": (
        ("quality_gate",),
        lambda found: step(found, "test-matrix", "uv")["with"].update({"enable-cache": True}),
    ),
    "another runner": (ALL, each_job(**{"runs-on": ["self-hosted", "linux"]})),
    "a longer timeout": (ALL, each_job(**{"timeout-minutes": 120})),
    "a step's timeout": (
        ("quality_gate",),
        lambda found: step(found, "test-matrix", "gate").update({"timeout-minutes": 9}),
    ),
    "outputs": (
        ("quality_gate",),
        lambda found: found["jobs"]["test-matrix"].update(outputs={"x": "${{ steps.x.outputs.y }}"}),
    ),
    "a database": (
        ("quality_gate",),
        lambda found: found["jobs"]["test-matrix"].update(services={"db": {"image": "postgres"}}),
    ),
    "all cells to their end": (
        ("quality_gate",),
        lambda found: found["jobs"]["test-matrix"]["strategy"].update({"fail-fast": False}),
    ),
    "fewer at a time": (
        ("quality_gate",),
        lambda found: found["jobs"]["test-matrix"]["strategy"].update({"max-parallel": 1}),
    ),
    "Pythons in another order": (
        ("quality_gate", "publish"),
        lambda found: found["jobs"]["test-matrix"]["strategy"]["matrix"]["python"].reverse(),
    ),
    "one more need": (
        ("quality_gate",),
        lambda found: (own_job()(found), found["jobs"]["coverage-report"]["needs"].append("docs")),
    ),
    "one more need of a release": (
        ("publish",),
        lambda found: (own_job()(found), found["jobs"]["build"]["needs"].append("docs")),
    ),
    "pushes to more branches": (GATES, lambda found: found["on"]["push"]["branches"].append("release/**")),
    "pushes to all branches": (GATES, lambda found: found["on"].update(push=None)),
    "pushes to any branch": (GATES, lambda found: found["on"]["push"].update(branches=["**"])),
    "tags": (GATES, lambda found: found["on"]["push"].update(tags=["v*"])),
    "more types": (GATES, lambda found: found["on"]["pull_request"]["types"].append("labeled")),
    "a trigger": (("quality_gate",), lambda found: found["on"].update(schedule=[{"cron": "1 1 * * 1"}])),
    "another hour": (("security_scan",), lambda found: found["on"].update(schedule=[{"cron": "1 1 * * *"}])),
    "twice a day": (("security_scan",), lambda found: found["on"]["schedule"].append({"cron": "5 5,17 * * *"})),
    "an input": (
        ALL,
        lambda found: found["on"].update(
            workflow_dispatch={
                "inputs": {**((found["on"]["workflow_dispatch"] or {}).get("inputs", {})), "reason": {"type": "string"}}
            }
        ),
    ),
    "variables": (ALL, lambda found: found["env"].update(MY_SETTING="1", FORCE_COLOR="1", PYTHONUNBUFFERED="1")),
    "a job's variable": (
        ("quality_gate",),
        lambda found: found["jobs"]["test-matrix"].update(env={"DATABASE_URL": "x"}),
    ),
    "a step's variable": (("quality_gate",), lambda found: step(found, "test-matrix", "gate")["env"].update(TZ="UTC")),
    "no caches": (ALL, without("cache-")),
    "no caches and no record": (
        ("quality_gate",),
        lambda found: (without("cache-")(found), step(found, "quality-checks", "gate").pop("env")),
    ),
    "a cache's key": (
        ("quality_gate",),
        lambda found: step(found, "test-matrix", "cache-uv")["with"].update({"key": "uv-2", "restore-keys": "uv-"}),
    ),
    "another retention": (
        ALL,
        lambda found: [
            one["with"].update({"retention-days": 90})
            for job in found["jobs"].values()
            for one in job["steps"]
            if one["id"] == "upload"
        ],
    ),
    "reports kept always": (
        GATES,
        lambda found: [
            one.update({"if": "always()"})
            for job in found["jobs"].values()
            for one in job["steps"]
            if one["id"] == "upload"
        ],
    ),
    "another uv": (
        ALL,
        lambda found: [
            one["with"].update(version="0.14.0")
            for job in found["jobs"].values()
            for one in job["steps"]
            if one["id"] == "uv"
        ],
    ),
    "render stops at a failure": (("quality_gate",), lambda found: step(found, "quality-checks", "render").pop("if")),
    "success() written out": (("publish",), lambda found: found["jobs"]["build"].update({"if": "success()"})),
    "newer actions": (ALL, moved("89abcdef" * 5)),
    "no names of steps": (
        ALL,
        lambda found: [one.pop("name") for job in found["jobs"].values() for one in job["steps"]],
    ),
    "other names": (ALL, lambda found: found.update({"name": "CI", "run-name": "CI of ${{ github.actor }}"})),
    "submodules": (
        GATES,
        lambda found: step(found, next(iter(found["jobs"])), "checkout")["with"].update(submodules="recursive"),
    ),
    "more queries": (
        ("security_scan",),
        lambda found: step(found, "codeql", "init")["with"].update(queries="security-extended"),
    ),
    "a read-only token": (ALL, lambda found: found.update(permissions={"contents": "read"})),
    "no group": (GATES, lambda found: found.pop("concurrency")),
    "another group": (("quality_gate",), lambda found: found.update(concurrency={"group": "ci-${{ github.ref }}"})),
    "bash": (GATES, lambda found: found.update(defaults={"run": {"shell": "bash"}})),
    "softness written out": (ALL, each_job(**{"continue-on-error": False})),
    "keys the other way round": (ALL, turned),
    "a page of the publisher's environment": (
        ("publish",),
        lambda found: found["jobs"]["publish"]["environment"].update(url="https://pypi.org/p/sample"),
    ),
    "a verbose upload": (("publish",), lambda found: step(found, "publish", "publish")["with"].update(verbose=True)),
}
