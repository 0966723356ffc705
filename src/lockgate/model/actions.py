"""What the workflows and the gate tell each other through environment variables (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

import msgspec

from lockgate.model.gate import Check
from lockgate.model.project import Project
from lockgate.model.verdict import Status, overall

# The project that locks lockgate itself, below the repository's root.
NESTED = ".github/lockgate"
_UV_CACHE = {True: "/Users/runner/.cache/uv", False: "/home/runner/.cache/uv"}
_THRESHOLD = 95.0
# Name → the key of the table that says it.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "UV_CACHE_DIR": ("uv-cache-dir",),
    "PYTHON_VERSION_MATRIX": ("python",),
    "COVERAGE_THRESHOLD": ("coverage", "threshold"),
    "CODEQL_LANGUAGES": (),
    "PYPI_ENVIRONMENT": ("publish", "environment"),
}
# Results of a needed job that tell whether it did what it is needed for; any other leaves it open.
_RESULTS: Mapping[str, Status] = {"success": "pass", "failure": "fail"}


class Disagreement(msgspec.Struct, frozen=True):
    """An environment variable that says something else than the table.

    Attributes:
        stated: What the table says, as it would be rendered.
        key: The table's key, below `[tool.lockgate]`; empty for what is not configured.
    """

    name: str
    given: str
    stated: str
    key: tuple[str, ...]


class _Need(msgspec.Struct, frozen=True):
    """One job in what GitHub's `toJSON(needs)` gives."""

    result: str


class _Cache(msgspec.Struct, frozen=True):
    """One cache in LOCKGATE_CACHES; `hit` is `cache-hit` of actions/cache, where empty means that nothing was found."""

    key: str
    hit: Literal["true", "false", ""]


def stated(project: Project) -> dict[str, str]:
    """Value by name of the variables at the top of the workflows, as they are rendered."""
    config = project.config
    threshold = config.coverage.threshold
    return {
        "UV_CACHE_DIR": config.uv_cache_dir or _UV_CACHE[config.runner.startswith("macos")],
        "PYTHON_VERSION_MATRIX": json.dumps(project.pythons),
        "COVERAGE_THRESHOLD": f"{_THRESHOLD if threshold is None else threshold:g}",
        "CODEQL_LANGUAGES": "python",
        "PYPI_ENVIRONMENT": config.publish.environment,
    }


def disagreements(project: Project, environment: Mapping[str, str]) -> tuple[Disagreement, ...]:
    """The variables that are set and contradict the table; those that are not set say nothing."""
    found = []
    for name, value in stated(project).items():
        given = environment.get(name)
        # Homes of self-hosted runners differ: only a path that the table names is asked for.
        if given is None or (name == "UV_CACHE_DIR" and project.config.uv_cache_dir is None):
            continue
        if given != value and not (name == "PYTHON_VERSION_MATRIX" and _list(given) == list(project.pythons)):
            found.append(Disagreement(name, given, value, _KEYS[name]))
    return tuple(found)


def judge_needs(text: str) -> Check:
    """The check `needs` from what `toJSON(needs)` gave: a job that did not succeed keeps the gate from passing."""
    try:
        needs = msgspec.json.decode(text, type=dict[str, _Need])
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return Check(name="needs", status="unknown", reason=f"LOCKGATE_NEEDS is not what toJSON(needs) gives: {error}")
    if not needs:
        return Check(name="needs", status="unknown", reason="LOCKGATE_NEEDS names no job: nothing was waited for")
    status = overall(_RESULTS.get(need.result, "unknown") for need in needs.values())
    others = ", ".join(f"{name} ({need.result})" for name, need in needs.items() if need.result != "success")
    reason = f"needed jobs did not succeed: {others}; see their logs, then run them again" if others else None
    return Check(name="needs", status=status, reason=reason)


def cache_lines(text: str, *, job: str | None, python: str | None, at: str) -> bytes:
    """A line of JSON for each cache in LOCKGATE_CACHES: what was asked for `at` an ISO 8601 time, and if it was there.

    Raises:
        ValueError: The text is not what the workflows give.
    """
    try:
        caches = msgspec.json.decode(text, type=dict[str, _Cache])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    lines = (
        {"cache": name, "key": one.key, "hit": one.hit or "miss", "job": job, "python": python, "at": at}
        for name, one in caches.items()
    )
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _list(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
