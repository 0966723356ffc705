"""What the rendered files depend on, and nothing else: change none of it and no file changes (pure)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import msgspec

from lockgate.model.actions import stated
from lockgate.model.config import WorkflowsConfig
from lockgate.model.duration import parse_duration
from lockgate.model.project import Project

_PRIVATE = "Private ::"
# Days of a cool-down: fewer than a week and auditors object, more Dependabot does not take.
_BOT_LEAST, _BOT_MOST = 7, 90
_JOB_MOST = 5 * 24 * 60  # minutes
_CHECKS_LEAST = 45


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ingredients of all files.

    Attributes:
        folder: The package's folder in the repository with `/`, "" when it is the repository.
        checks: Names of the checks that are neither tests nor coverage.
        tests: There are test cells.
        coverage: Coverage is checked.
        lock: `uv.lock` that governs the package, below the repository's root; "" when none is committed.
        stated: Value by name of the environment variables that the workflows state.
        codeql: CodeQL runs.
        code_scanning: GitHub takes findings of this repository; it refuses them from most private ones.
        versioned_by_git: The package's version is computed from tags, so jobs need the whole history.
        minute: Of the day, when the daily scan runs.
        test_minutes: The longest that a test cell may take.
        checks_minutes: The longest that the other checks may take.
        cool_down: Days before a new release is proposed.
        protection_token: Name of the secret with which the repository's rules are checked; "" when nobody does.
        protection_app: Of a GitHub App instead: what its variable and its secret are called after.
        fixtures: Folders that the tests let travel between runs.
    """

    name: str
    folder: str = ""
    pythons: tuple[str, ...]
    checks: tuple[str, ...] = ()
    tests: bool = True
    coverage: bool = True
    lock: str = ""
    stated: dict[str, str]
    codeql: bool = True
    code_scanning: bool = True
    versioned_by_git: bool = False
    runner: str = "ubuntu-24.04"
    branch: str = "main"
    owners: tuple[str, ...] = ()
    environment: str = "pypi-publishing"
    reports_branch: str = "lockgate-reports"
    minute: int
    test_minutes: int
    checks_minutes: int = _CHECKS_LEAST
    cool_down: int = 7
    schedule: str = "daily"
    protection_token: str = "LOCKGATE_PROTECT_TOKEN"  # noqa: S105  (a name)
    protection_app: str = ""
    fixtures: tuple[str, ...] = ()
    additions: WorkflowsConfig = WorkflowsConfig()

    def digest(self) -> str:
        """Twelve hex digits over everything that is not as by default."""
        plain = msgspec.to_builtins(self)
        plain["additions"] = _without_defaults(
            msgspec.to_builtins(self.additions), msgspec.to_builtins(WorkflowsConfig())
        )
        return hashlib.blake2b(msgspec.json.encode(plain, order="deterministic"), digest_size=6).hexdigest()

    @property
    def cached(self) -> bool:
        """Whether checks may use caches: none where the branch that they run for is one of releases."""
        return "release" not in self.branch.lower()

    def inside(self, path: str) -> str:
        """A path of the package as the repository knows it."""
        return f"{self.folder}/{path}" if self.folder else path


def facts(
    project: Project, steps: Sequence[tuple[str, str]], *, folder: str, lock: str, versioned_by_git: bool
) -> Facts:
    """The facts of a package in `folder` whose gate has these `steps` (name and kind)."""
    config = project.config
    kinds = {kind for _, kind in steps}
    classifiers = project.document.get("project", {}).get("classifiers", [])
    private = any(str(text).startswith(_PRIVATE) for text in classifiers)
    # A folder may be called otherwise elsewhere: only what is committed decides.
    name = str(project.document.get("project", {}).get("name", ""))
    custom = sum(parse_duration(config.check[check].timeout) for check, kind in steps if kind == "custom")
    return Facts(
        name=name,
        folder=folder,
        pythons=project.pythons,
        checks=tuple(name for name, kind in steps if kind not in {"test", "coverage"}),
        tests="test" in kinds,
        coverage="coverage" in kinds,
        lock=lock,
        stated=stated(project),
        codeql=config.scan.codeql == "required" or (config.scan.codeql == "auto" and not private),
        code_scanning=config.scan.codeql == "required" or not private,
        versioned_by_git=versioned_by_git,
        runner=config.runner,
        branch=config.protection.branch,
        owners=config.owners,
        environment=config.publish.environment,
        reports_branch=config.reports.branch,
        minute=_minute_of_day(name),
        test_minutes=_minutes(parse_duration(config.test.timeout) * (1 + config.test.reruns)),
        checks_minutes=max(_CHECKS_LEAST, _minutes(custom)),
        cool_down=max(_BOT_LEAST, min(_BOT_MOST, math.ceil(parse_duration(config.scan.cool_down) / 86400))),
        schedule=config.dependabot.schedule,
        protection_token=config.protection.token if config.phase.protection != "off" else "",
        protection_app=config.protection.app if config.phase.protection != "off" else "",
        fixtures=config.test.cache,
        additions=config.workflows,
    )


def _minutes(seconds: float) -> int:
    """What takes `seconds`, and the time to set up; no runner gives a job more than five days."""
    return min(_JOB_MOST, math.ceil(seconds / 60) + 15)


def _minute_of_day(name: str) -> int:
    """A minute that is the package's own and never the full hour, when everybody's jobs start."""
    number = int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=4).digest(), "big")
    hour, minute = divmod(number % (24 * 59), 59)
    return hour * 60 + minute + 1


def _without_defaults(value: object, default: object) -> object:
    """What differs from the defaults, so that a key that a later lockgate adds changes no digest."""
    if isinstance(value, dict) and isinstance(default, dict):
        return {key: _without_defaults(one, default.get(key)) for key, one in value.items() if one != default.get(key)}
    return value
