"""Where each rendered line comes from: the setting that decides it, and the reason that it is there (pure)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from lockgate.workflows.extend import step_id
from lockgate.workflows.facts import Facts
from lockgate.workflows.files import File


class Origin(msgspec.Struct, frozen=True):
    """Why a line is as it is; `setting` is a key below `[tool.lockgate]`, or "" where lockgate allows no other value."""

    place: str
    reason: str
    setting: str = ""


_ALWAYS_REPORTS = (
    "a required check that does not run reports nothing, and one that is skipped reports success: this job runs whatever"
    " became of those that it needs, and lockgate reads how they ended"
)
_NEEDS_READ = "lockgate reads how the needed jobs ended: a failed, cancelled or skipped one is never a pass"
_RESUMED = "a release that stopped half way goes on with the same bytes, from the run that built them"
_UNTRUSTED = "an expression inside `run:` can be made to run anything; a variable cannot"

# The first pattern that fits a line's place decides; `*` also stands for several steps of the way.
_ORIGINS: tuple[Origin, ...] = (
    Origin("", "keeps the parts apart"),
    Origin("heading", "says what rendered this file, and lets `render --check` tell an old format from an edit"),
    Origin("name", "the name under which GitHub lists the workflow"),
    Origin("run-name", "tells the runs of different releases apart"),
    Origin("on/pull_request*", "the required checks must report on every pull request, also when it becomes ready for review"),
    Origin("on/merge_group*", "without it a merge queue waits for ever for the required checks"),
    Origin("on/push*", "the protected branch itself is checked too", "protection.branch"),
    Origin("on/schedule*", "new advisories appear without a commit; the minute is the package's own, so that not everybody starts at once"),
    Origin("on/workflow_dispatch/inputs/version*", "the version is said by a person and must equal what was built"),
    Origin("on/workflow_dispatch/inputs/dry-run*", "everything up to the first irreversible byte can be rehearsed"),
    Origin("on/workflow_dispatch/inputs/confirm-publisher*", "an index offers no way to ask whom it trusts: somebody stands for it"),
    Origin("on/workflow_dispatch/inputs/resume-run-id*", _RESUMED),
    Origin("on*", "can be started by hand"),
    Origin("permissions", "nothing is granted to all jobs; each job is granted what it needs"),
    Origin("concurrency*", "superseded runs of a pull request are cancelled; nothing else ever is"),
    Origin("env/UV_CACHE_DIR", "uv's cache, as an absolute path: uv expands no ~, while the cache action does", "uv-cache-dir"),
    Origin("env/UV_PYTHON_INSTALL_DIR", "the interpreters that uv fetches, where the cache finds them", "uv-cache-dir"),
    Origin("env/PYTHON_VERSION_MATRIX", "the gate refuses to run when this differs from the table", "python"),
    Origin("env/COVERAGE_THRESHOLD", "the gate refuses to run when this differs from the table", "coverage.threshold"),
    Origin("env/CODEQL_LANGUAGES", "what CodeQL analyzes; the scan refuses to run when this differs", "scan.codeql"),
    Origin("env/PYPI_ENVIRONMENT", "the environment of the job that publishes", "publish.environment"),
    Origin("env", "what the table says, as environment variables; lockgate compares them with the table"),
    Origin("jobs/test-matrix/strategy/matrix*", "a job for each Python, so that each is a check of its own", "python"),
    Origin("jobs/test-matrix/strategy*", "the first failing Python stops the others"),
    Origin("jobs/test-matrix/timeout-minutes", "the time that the tests may take, and 15 minutes to set up", "test.timeout"),
    Origin("jobs/test-matrix/name", "one required check for each Python: branch protection waits for these names", "python"),
    Origin("jobs/publish/environment*", "the index trusts this environment only, and its reviewers have the last word", "publish.environment"),
    Origin("jobs/publish/runs-on", "the action that publishes needs Linux on x86-64, and a machine that nobody used before"),
    Origin("jobs/publish/permissions*", "the one job that may speak for the publisher, and it may do nothing else"),
    Origin("jobs/publish/if", "a dry run ends before the first irreversible byte"),
    Origin("jobs/publish/steps/publish/with/attestations", "each file is published with a proof of where it was built"),
    Origin("jobs/publish/steps*", "two steps and no code of the package beside the right to publish"),
    Origin("jobs/publish-report/if", "a report is kept of what reached the protected branch, whatever the verdict"),
    Origin("jobs/publish-report/steps/push/env/REPORTS_BRANCH", "the protected branch stays people's", "reports.branch"),
    Origin("jobs/publish-report/steps/push*", "lands on the branch without losing what others push meanwhile", "reports.branch"),
    Origin("jobs/publish-report/permissions*", "the one job of this workflow that may write: it runs no code of the package", "reports.branch"),
    Origin("jobs/protection-check/if", "no check of a pull request: the token that reads these settings is not for its code"),
    Origin("jobs/protection-check/environment*", "holds the secret of this job, where no other workflow gets it"),
    Origin("jobs/protection-check/steps/check/env/GH_TOKEN", "a named token: that of the workflow may not read these settings", "protection.token"),
    Origin("jobs/protection-check/steps/check/env/LOCKGATE_APP_*", "a GitHub App: the workflow's token may not read these settings", "protection.app"),
    Origin("jobs/protection-check/steps/check*", "rules that somebody clicked away are found within a day", "phase.protection"),
    Origin("jobs/release/permissions*", "tag and GitHub release come last, after the index was seen to serve the files"),
    Origin("jobs/*/permissions*", "what this job needs, and nothing else; the comment says what for"),
    Origin("jobs/codeql/steps/analyze*", "the findings join the one verdict of security-scan, which alone uploads", "scan.codeql"),
    Origin("jobs/codeql*", "analyzes the flow of data, which the other scanners cannot", "scan.codeql"),
    Origin("jobs/security-scan/steps/checkout*", "the scan looks for secrets in the whole history"),
    Origin("jobs/security-scan/steps/download*", "CodeQL's findings count like any others; where they are missing the verdict is unknown", "scan.codeql"),
    Origin("jobs/security-scan/steps/sarif/if", "a fork's token may not write; its findings stand in the log"),
    Origin("jobs/security-scan/steps/sarif*", "one place uploads, so that code scanning shows each finding once"),
    Origin("jobs/*/steps/*/env/LOCKGATE_NEEDS", _NEEDS_READ),
    Origin("jobs/*/steps/*/env/LOCKGATE_CACHES", "no API tells how often caches hit: the job itself records it for `lockgate health`"),
    Origin("jobs/*/steps/*/env/GH_TOKEN", "the job's own token, given to this step only"),
    Origin("jobs/*/steps/*/env*", _UNTRUSTED),
    Origin("jobs/build/steps/resume*", _RESUMED),
    Origin("jobs/build/steps/plan*", "everything that can fail is proved before the first byte is published"),
    Origin("jobs/build/steps/build*", "built once: these bytes are tested, published and verified"),
    Origin("jobs/verify/steps/verify*", "a release is what a user can install, not what was uploaded"),
    Origin("jobs/release/steps/release*", "tag and GitHub release come last, for they can be taken back"),
    Origin("jobs/*/steps/checkout/with/persist-credentials", "the token is not left in the checkout, where any step could read it"),
    Origin("jobs/*/steps/checkout*", "the code; with its history where the version or the scan needs it"),
    Origin("jobs/*/steps/uv/with/enable-cache", "one cache only, keyed on the lock, whose hits are recorded"),
    Origin("jobs/*/steps/uv*", "uv makes every environment, lockgate's own from its lock included"),
    Origin("jobs/*/steps/cache-fixtures*", "folders that the table lets travel between runs", "test.cache"),
    Origin("jobs/*/steps/cache-durations*", "how long the checks took: the longest start first"),
    Origin("jobs/*/steps/cache-*", "saves downloads; results of checks never travel, for the code under test could forge them"),
    Origin("jobs/quality-checks/steps/gate*", "the checks that need one Python only", "checks"),
    Origin("jobs/quality-checks/steps/render*", "these files are what the table says, or the check fails"),
    Origin("jobs/coverage-report/steps/gate*", "combines what every Python measured, against the threshold", "coverage.threshold"),
    Origin("jobs/coverage-report/steps/download*", "what each Python measured, with the proof of what ran"),
    Origin("jobs/*/steps/gate*", "the same command as on a laptop; the YAML holds no logic"),
    Origin("jobs/*/steps/scan*", "the same command as on a laptop; the YAML holds no logic"),
    Origin("jobs/*/steps/download*", "the files and the ledger of this release"),
    Origin("jobs/security-scan/steps/upload*", "the report for its branch, without details: an artifact of a public repository is public"),
    Origin("jobs/*/steps/upload*", "reports and data for the jobs that follow, and for whoever reads the run"),
    Origin("jobs/coverage-report/if", _ALWAYS_REPORTS),
    Origin("jobs/security-scan/if", _ALWAYS_REPORTS),
    Origin("jobs/*/needs", "the order of the jobs; a job whose needs failed does not start, unless it says otherwise"),
    Origin("jobs/*/runs-on", "the runner", "runner"),
    Origin("jobs/*/timeout-minutes", "a job that hangs ends"),
    Origin("jobs/*/name", "the name of the check; branch protection waits for those of the required jobs"),
    Origin("jobs/*", "a job, and its steps in order"),
    Origin("jobs", "the jobs"),
    Origin("version", "the version of Dependabot's format"),
    Origin("updates/*/schedule*", "how often Dependabot looks", "dependabot.schedule"),
    Origin("updates/*/cooldown*", "a new release is proposed only when others have looked at it; security updates come at once", "scan.cool-down"),
    Origin("updates/*/groups*", "one pull request for all updates of a kind"),
    Origin("updates*", "the package, lockgate's own lock and the actions are kept up to date"),
    Origin("owners", "who must review; the files that decide what is checked are named last, so that nothing overrides them", "owners"),
)  # fmt: skip


def origin(file: File, line: int, facts: Facts) -> Origin:
    """The origin of a line (1-based, within the file)."""
    place = file.lines[line - 1].place
    added = _added(place, file.name, facts)
    if added:
        return Origin(place, "added by the table", added)
    return next(one for one in _ORIGINS if fnmatch.fnmatchcase(place, one.place))


def _added(place: str, name: str, facts: Facts) -> str:
    """The setting of an addition that a line belongs to, or ""."""
    additions: Mapping[str, Any] = msgspec.to_builtins(getattr(facts.additions, name))
    setting = f"workflows.{name.replace('_', '-')}"
    parts = place.split("/")
    jobs: Mapping[str, Any] = additions.get("jobs", {})
    if parts[0] == "env" and len(parts) > 1 and parts[1] in additions.get("env", {}):
        return f"{setting}.env.{parts[1]}"
    if parts[0] != "jobs" or len(parts) < 2:  # noqa: PLR2004
        return ""
    job, rest = parts[1], parts[2:]
    if job in additions.get("extra-jobs", {}):
        return f"{setting}.extra-jobs.{job}"
    more = jobs.get(job, {})
    if not rest or not more:
        return ""
    if rest[0] == "steps" and len(rest) > 1:
        return next(
            (f"{setting}.jobs.{job}.{where}.{anchor}" for where, anchor, ids in _steps(more) if rest[1] in ids), ""
        )
    if rest[0] == "permissions" and (len(rest) == 1 or rest[1] not in more.get("permissions", {})):
        return ""
    return f"{setting}.jobs.{job}.{'.'.join(rest)}" if more.get(rest[0]) else ""


def _steps(more: Mapping[str, Any]) -> Iterable[tuple[str, str, set[str]]]:
    """Where steps are added: before or after which, and their ids."""
    for where in ("before", "after"):
        for anchor, steps in more.get(where, {}).items():
            yield where, anchor, {step_id(step, where, anchor, number) for number, step in enumerate(steps)}
