"""The table `[tool.lockgate]`: every key, its type and its default."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec

CHECKS = ("lint", "format", "types", "test", "coverage")
ScannerName = Literal["dependencies", "code", "secrets", "supply-chain", "workflows", "codeql"]
Phase = Literal["off", "observe", "enforce"]
PythonVersion = Annotated[str, msgspec.Meta(pattern=r"^3\.\d{1,2}$", description="a Python as X.Y, e.g. 3.12")]
_DURATION = "a number above 0 and a unit, e.g. 90s, 10m or 7d"
# The look-ahead refuses zero: nothing can end within 0s.
Duration = Annotated[str, msgspec.Meta(pattern=r"^(?=.*[1-9])\d+(\.\d+)?[smhd]$", description=_DURATION)]
Size = Annotated[str, msgspec.Meta(pattern=r"^\d+(KB|MB|GB)$", description="a number and a unit, e.g. 200MB")]
_ABSOLUTE = r"^/(?!.*\$\{\{)[^\x00-\x1f\x7f]*(?!\n)$"
AbsolutePath = Annotated[str, msgspec.Meta(pattern=_ABSOLUTE, description="an absolute path: uv does not expand ~")]
# Names that stand in workflows, where `${{` would be computed and a control character would break out of its line.
_NAME = r"^(?!.*\$\{\{)[^\x00-\x1f\x7f]+(?!\n)$"
Label = Annotated[str, msgspec.Meta(pattern=_NAME, description="a name without ${{ and control characters")]
Labels = Annotated[tuple[Label, ...], msgspec.Meta(min_length=1)]
_BRANCH = r"^(?![-/.])(?!.*(?:\.\.|//|@\{|\$\{\{|\.lock$|/\.|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]+(?!\n)$"
Branch = Annotated[str, msgspec.Meta(pattern=_BRANCH, description="a branch's name as git allows it, e.g. main")]
_OWNER = r"^(@[^\s@/#]+(/[^\s@/#]+)?|[^\s@#]+@[^\s@#]+)(?!\n)$"
Owner = Annotated[str, msgspec.Meta(pattern=_OWNER, description="@user, @organization/team or a mail address")]
_REVIEWER = r"^@[^\s@/#]+(/[^\s@/#]+)?(?!\n)$"
Reviewer = Annotated[str, msgspec.Meta(pattern=_REVIEWER, description="@user or @organization/team")]
_VARIABLE = r"^(?:(?!GITHUB_)[A-Z_][A-Z0-9_]*)?(?!\n)$"
SecretName = Annotated[str, msgspec.Meta(pattern=_VARIABLE, description="a secret's name: A-Z, 0-9 and _")]
# Without wildcards and what else GitHub's patterns would read as more than a name.
_FOLDER = (
    r"^(?![ /~])(?!(?:.*/)?\.\.(?:/|$))(?!.*\$\{\{)[^\x00-\x1f\x7f*?\[\]\\\"!#]*[^\x00-\x20\x7f*?\[\]\\\"!#](?!\n)$"
)
Folder = Annotated[str, msgspec.Meta(pattern=_FOLDER, description="a folder below the package's, without wildcards")]
TagName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9._/@+-]*\{version\}[A-Za-z0-9._/@+-]*$",
        description="a tag's name with {version} in it, e.g. v{version}",
    ),
]
PATTERNED = (PythonVersion, Duration, Size, AbsolutePath, Label, Branch, Owner, Reviewer, SecretName, Folder, TagName)
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Base of every table: unknown keys are errors, keys are written with dashes."""


class CoverageConfig(Table, frozen=True):
    """`[tool.lockgate.coverage]`."""

    threshold: Percent | None = None


class LintConfig(Table, frozen=True):
    """`[tool.lockgate.lint]` and `[tool.lockgate.format]`."""

    paths: tuple[str, ...] = (".",)


class TypesConfig(Table, frozen=True):
    """`[tool.lockgate.types]`: checker and paths are found from the project unless written here."""

    checker: Literal["mypy", "ty", "pyright"] | None = None
    paths: tuple[str, ...] = ()


class TestConfig(Table, frozen=True):
    """`[tool.lockgate.test]`."""

    __test__ = False

    args: tuple[str, ...] = ()
    reruns: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    timeout: Duration = "10m"
    cache: tuple[Folder, ...] = ()


class CustomCheck(Table, frozen=True):
    """`[tool.lockgate.check.NAME]`: a command in the newest cell's environment; exit 0 passes."""

    run: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    timeout: Duration = "10m"


class ScanConfig(Table, frozen=True):
    """`[tool.lockgate.scan]`."""

    codeql: Literal["auto", "required", "off"] = "auto"
    cool_down: Duration = "7d"
    indexes: tuple[str, ...] = ("pypi",)
    required: tuple[ScannerName, ...] = ()
    osv: str = "https://api.osv.dev"
    timeout: Duration = "5m"


class Waiver(Table, frozen=True, kw_only=True):
    """`[[tool.lockgate.waivers]]`."""

    id: str | None = None
    fingerprint: str | None = None
    reason: str = ""
    expires: dt.date


class PublishConfig(Table, frozen=True):
    """`[tool.lockgate.publish]`.

    Attributes:
        tag: The tag's name, with `{version}` in it; None means like the existing tags, else `v{version}`.
        declared: Patterns of files in the distributions that are meant although git does not have them, or although
            they look like secrets.
    """

    environment: Label = "pypi-publishing"
    # GitHub takes six at most.
    reviewers: Annotated[tuple[Reviewer, ...], msgspec.Meta(max_length=6)] = ()
    tag: TagName | None = None
    declared: tuple[str, ...] = ()


class ProtectionConfig(Table, frozen=True):
    """`[tool.lockgate.protection]`: `admins` are bound by the rules, too; `code_owners` have to approve their files.

    Attributes:
        token: The secret with the token of the scheduled check; "" renders none.
        app: Instead of a token: a GitHub App's id is the variable `<app>_ID`, its key the secret `<app>_KEY`.
    """

    branch: Branch = "main"
    kind: Literal["classic", "ruleset"] = "classic"
    approvals: Annotated[int, msgspec.Meta(ge=0, le=6)] = 1
    admins: bool = True
    code_owners: bool = False
    token: SecretName = "LOCKGATE_PROTECT_TOKEN"  # noqa: S105  (a name)
    app: SecretName = ""


class ReportsConfig(Table, frozen=True):
    """`[tool.lockgate.reports]`."""

    branch: Branch = "lockgate-reports"
    details: bool = False


class PushConfig(Table, frozen=True):
    """`[tool.lockgate.push]`: `stamps` are further fields that say when something was made, as `name` or `a.b.name`.

    Attributes:
        first: Whether a push tries alone first, or joins the queue at once: for branches to which many push.
    """

    stamps: tuple[str, ...] = ()
    first: Literal["direct", "queue"] = "direct"
    wait: Duration = "10m"
    lease: Duration = "20s"
    queue_age: Duration = "1h"


class HealthConfig(Table, frozen=True):
    """`[tool.lockgate.health]`."""

    success_rate: Share = 0.95
    duration: Duration = "5m"
    cache_hit_rate: Share = 0.80
    resolve_security: Duration = "24h"


class PhaseConfig(Table, frozen=True):
    """`[tool.lockgate.phase]`."""

    quality: Phase = "enforce"
    security: Phase = "enforce"
    publishing: Phase = "enforce"
    protection: Phase = "enforce"


class JobConfig(Table, frozen=True):
    """`[tool.lockgate.workflows.FILE.jobs.JOB]`: additions to a rendered job.

    Attributes:
        permissions: Of the job's token, beside those that it has.
        before: Steps by the id of the step that they stand before.
        after: Steps by the id of the step that they stand behind.
    """

    runs_on: Label | Labels | None = None
    timeout_minutes: Annotated[int, msgspec.Meta(ge=1, le=4320)] | None = None
    permissions: dict[str, Literal["read", "write", "none"]] = {}
    env: dict[str, str] = {}
    before: dict[str, tuple[dict[str, Any], ...]] = {}
    after: dict[str, tuple[dict[str, Any], ...]] = {}


class FileConfig(Table, frozen=True):
    """`[tool.lockgate.workflows.FILE]`; `managed = false`: written by hand, and only its promises are checked."""

    managed: bool = True


class WorkflowConfig(FileConfig, frozen=True):
    """`[tool.lockgate.workflows.FILE]` of a workflow, with additions that outlast an upgrade."""

    env: dict[str, str] = {}
    jobs: dict[str, JobConfig] = {}
    extra_jobs: dict[str, dict[str, Any]] = {}


class WorkflowsConfig(Table, frozen=True):
    """`[tool.lockgate.workflows]`; `root` is the repository's folder, relative to the package (default: git's)."""

    root: str | None = None
    quality_gate: WorkflowConfig = WorkflowConfig()
    security_scan: WorkflowConfig = WorkflowConfig()
    publish: WorkflowConfig = WorkflowConfig()
    dependabot: FileConfig = FileConfig()
    codeowners: FileConfig = FileConfig()


class DependabotConfig(Table, frozen=True):
    """`[tool.lockgate.dependabot]`."""

    schedule: Literal["daily", "weekly", "monthly"] = "daily"


class Config(Table, frozen=True):
    """`[tool.lockgate]`: everything has a default that is right for most packages.

    Attributes:
        python: Cells of the test matrix; None means the classifiers within `requires-python`.
        checks: What `lockgate gate` runs; None means all five.
        groups: Dependency groups installed in every cell; None means those named like test(s) or dev.
        extras: Extras installed in every cell; None means those named like test(s) or dev.
        requirements: Requirement files installed in every cell.
        packages: Further requirements installed in every cell, e.g. `pretend`.
        env: Names (or patterns with `*`) of environment variables that the checks may see.
        cache_size: Cap of the result cache, e.g. `200MB`.
        uv_cache_dir: UV_CACHE_DIR of the workflows; None means uv's own place in the home of GitHub's runner.
    """

    python: Annotated[tuple[PythonVersion, ...], msgspec.Meta(min_length=1)] | None = None
    checks: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] | None = None
    owners: tuple[Owner, ...] = ()
    runner: Label = "ubuntu-24.04"
    groups: tuple[str, ...] | None = None
    extras: tuple[str, ...] | None = None
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    cache_size: Size = "200MB"
    uv_cache_dir: AbsolutePath | None = None
    coverage: CoverageConfig = CoverageConfig()
    lint: LintConfig = LintConfig()
    format: LintConfig = LintConfig()
    types: TypesConfig = TypesConfig()
    test: TestConfig = TestConfig()
    check: dict[str, CustomCheck] = {}
    scan: ScanConfig = ScanConfig()
    waivers: tuple[Waiver, ...] = ()
    publish: PublishConfig = PublishConfig()
    protection: ProtectionConfig = ProtectionConfig()
    reports: ReportsConfig = ReportsConfig()
    push: PushConfig = PushConfig()
    health: HealthConfig = HealthConfig()
    phase: PhaseConfig = PhaseConfig()
    workflows: WorkflowsConfig = WorkflowsConfig()
    dependabot: DependabotConfig = DependabotConfig()
