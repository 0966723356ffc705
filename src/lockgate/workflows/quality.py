"""`quality-gate.yml` and `security-scan.yml` (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.workflows.emit import Commented
from lockgate.workflows.facts import Facts
from lockgate.workflows.gate_jobs import gate_jobs
from lockgate.workflows.kit import REPORT, TOKEN, Kit
from lockgate.workflows.pins import Pin
from lockgate.workflows.scan_jobs import scan_jobs

# The environment that holds the secret of the drift gate, and nothing else.
PROTECTION = "lockgate-protection"
_PULL_REQUEST = {"types": ["opened", "synchronize", "reopened", "ready_for_review"]}


def quality_gate(facts: Facts, pins: Mapping[str, Pin]) -> dict[str, Any]:
    """The quality gate on every change that may reach the protected branch."""
    return {
        "name": "quality-gate",
        "on": {
            "pull_request": _PULL_REQUEST,
            "merge_group": None,
            "push": {"branches": [escaped(facts.branch)]},
            "workflow_dispatch": None,
        },
        "permissions": {},
        "concurrency": {
            "group": "${{ github.workflow }}-${{ github.event.pull_request.number || github.run_id }}",
            "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
        },
        "env": environment(facts, "UV_CACHE_DIR", "PYTHON_VERSION_MATRIX", "COVERAGE_THRESHOLD"),
        "jobs": gate_jobs(Kit(facts, pins, cached=facts.cached)),
    }


def security_scan(facts: Facts, pins: Mapping[str, Pin]) -> dict[str, Any]:
    """The security scan on every change and every day, and its report on a branch of its own."""
    kit = Kit(facts, pins, cached=facts.cached)
    hour, minute = divmod(facts.minute, 60)
    return {
        "name": "security-scan",
        "on": {
            "pull_request": _PULL_REQUEST,
            "merge_group": None,
            "push": {"branches": [escaped(facts.branch)]},
            "schedule": [{"cron": f"{minute} {hour} * * *"}],
            "workflow_dispatch": None,
        },
        "permissions": {},
        # A group of its own for each run: nothing cancels a scan.
        "concurrency": {"group": "${{ github.workflow }}-${{ github.run_id }}", "cancel-in-progress": False},
        "env": environment(facts, "UV_CACHE_DIR", *(["CODEQL_LANGUAGES"] if facts.codeql else [])),
        "jobs": {**scan_jobs(kit), "publish-report": _publish_report(kit), **_protection_check(kit)},
    }


def _publish_report(kit: Kit) -> dict[str, Any]:
    branch = kit.facts.reports_branch
    push = 'push --branch "$REPORTS_BRANCH" --commit "Security report" --from "$RUNNER_TEMP/lockgate-report/branch"'
    steps = [
        *kit.set_up(),
        kit.download("Fetch the report", REPORT, "lockgate-security"),
        kit.lockgate("push", "Commit the report to its branch", push, {"REPORTS_BRANCH": branch, **TOKEN}),
    ]
    permissions = {"contents": Commented("write", f"push to {branch}")}
    condition = "${{ always() && (github.event_name == 'push' || github.event_name == 'schedule') }}"
    needs = ["security-scan"]
    return kit.job("publish-report", 10, steps, needs=needs, permissions=permissions, **{"if": condition})


def _protection_check(kit: Kit) -> dict[str, Any]:
    """The drift gate: the workflow's own token may not read these settings, so it is no check of a pull request."""
    token, app = kit.facts.protection_token, kit.facts.protection_app
    if not token and not app:
        return {}
    env = {"GH_TOKEN": f"${{{{ secrets.{token} }}}}"}
    if app:
        env = {"LOCKGATE_APP_ID": f"${{{{ vars.{app}_ID }}}}", "LOCKGATE_APP_KEY": f"${{{{ secrets.{app}_KEY }}}}"}
    check = kit.lockgate("check", "Compare the repository's rules with the table", "protect check", env)
    condition = "${{ github.event_name == 'schedule' || github.event_name == 'workflow_dispatch' }}"
    more = {"if": condition, "environment": {"name": PROTECTION}}
    return {"protection-check": kit.job("protection-check", 10, [*kit.set_up(), check], **more)}


def environment(facts: Facts, *names: str) -> dict[str, str]:
    """The variables that a workflow states of the table; uv's folders are absolute, for uv expands no ~."""
    found = {name: facts.stated[name] for name in names}
    if "UV_CACHE_DIR" in found:
        found["UV_PYTHON_INSTALL_DIR"] = f"{found['UV_CACHE_DIR']}-python"
    return found


def escaped(branch: str) -> str:
    """A branch's name as a filter that matches just it; git allows no other character that a filter knows."""
    return "".join(f"\\{character}" if character in "+!" else character for character in branch)
