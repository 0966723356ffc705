"""The jobs of the security scan: CodeQL's analysis, and one verdict over everything (pure)."""

from __future__ import annotations

from typing import Any

from lockgate.workflows.emit import Commented
from lockgate.workflows.kit import ALWAYS, HOSTED, NEEDS, READ_CODE, REPORT, TO_REPORT, Kit, temporary

_MINUTES = 30
_CODEQL = "lockgate-codeql"
# A fork's token may not write: its findings are in the log and in the verdict.
_SAME_REPOSITORY = (
    "${{ !cancelled() && (github.event_name != 'pull_request'"
    " || github.event.pull_request.head.repo.full_name == github.repository) }}"
)


def scan_jobs(kit: Kit) -> dict[str, dict[str, Any]]:
    """Jobs by id."""
    codeql = {"codeql": _codeql(kit)} if kit.facts.codeql else {}
    return {**codeql, "security-scan": _security_scan(kit)}


def _codeql(kit: Kit) -> dict[str, Any]:
    folder = temporary(_CODEQL)
    inputs: dict[str, object] = {"languages": "${{ env.CODEQL_LANGUAGES }}"}
    if not kit.cached:
        inputs |= {"trap-caching": False, "dependency-caching": False}
    steps = [
        kit.checkout(),
        kit.action("init", "Start CodeQL", "github/codeql-action/init", inputs),
        kit.action("analyze", "Analyze", "github/codeql-action/analyze", {"output": folder, "upload": "never"}),
        kit.upload(_CODEQL, f"{folder}/*.sarif"),
    ]
    permissions = {
        "contents": READ_CODE,
        "security-events": Commented("read", "CodeQL asks for its state; nothing is uploaded here"),
        "actions": Commented("read", "CodeQL reads the run that it belongs to"),
    }
    runner = kit.facts.runner
    # CodeQL learned ARM in v4.38, and the code is not run.
    return kit.job(
        "codeql", _MINUTES, steps, permissions=permissions, runner=HOSTED if runner.endswith("-arm") else runner
    )


def _security_scan(kit: Kit) -> dict[str, Any]:
    caches, hits = kit.caches("scan")
    steps = [*kit.set_up(history=True), *caches]
    arguments, env, needs = f"scan {TO_REPORT}", hits, {}
    if kit.facts.codeql:
        # By pattern: where the artifact is missing, lockgate says so instead of the download.
        steps.append(kit.download("Fetch CodeQL's findings", temporary(_CODEQL), _CODEQL, **{"merge-multiple": True}))
        arguments = f'scan --sarif "codeql=$RUNNER_TEMP/{_CODEQL}/python.sarif" {TO_REPORT}'
        env, needs = {**NEEDS, **hits}, {"needs": ["codeql"]}
    steps.append(kit.lockgate("scan", "Scan", arguments, env))
    permissions = {"contents": READ_CODE}
    if kit.facts.code_scanning:
        sarif = {"sarif_file": f"{REPORT}/scan.sarif", "category": "lockgate"}
        title, action = "Show the findings in code scanning", "github/codeql-action/upload-sarif"
        steps.append(kit.action("sarif", title, action, sarif, condition=_SAME_REPOSITORY))
        permissions["security-events"] = Commented("write", "show the findings in code scanning")
        permissions["actions"] = Commented("read", "the upload reads the run that it belongs to")
    # Not the whole report: everybody can fetch an artifact of a public repository, and it would tell unfixed holes.
    steps.append(kit.upload("lockgate-security", f"{REPORT}/branch\n{REPORT}/caches.ndjson", days=30))
    return kit.job("security-scan", _MINUTES, steps, permissions=permissions, **needs, **{"if": ALWAYS})
