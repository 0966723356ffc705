"""`publish.yml`: a release that passes the whole gate again, is built once, and travels as the same bytes (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.workflows.emit import Commented
from lockgate.workflows.facts import Facts
from lockgate.workflows.gate_jobs import gate_jobs
from lockgate.workflows.kit import HOSTED, NEEDS, READ_CODE, TOKEN, Kit, Step, temporary
from lockgate.workflows.pins import Pin
from lockgate.workflows.quality import environment
from lockgate.workflows.scan_jobs import scan_jobs

_TO_LEDGER = '"$VERSION" --ledger "$RUNNER_TEMP/lockgate-release"'
_LEDGER = temporary("lockgate-release")
_ARTIFACT = "lockgate-release-${{ inputs.version }}"
_VERIFIED = "lockgate-verified-${{ inputs.version }}"
_VERSION = {"VERSION": "${{ inputs.version }}"}


def publish(facts: Facts, pins: Mapping[str, Pin]) -> dict[str, Any]:
    """Started by hand only; nothing is cached, and only one job may speak for the publisher."""
    kit = Kit(facts, pins, cached=False)
    names = ["PYTHON_VERSION_MATRIX", "COVERAGE_THRESHOLD", *(["CODEQL_LANGUAGES"] if facts.codeql else [])]
    checked = {**gate_jobs(kit), **scan_jobs(kit)}
    return {
        "name": "publish",
        "run-name": "publish ${{ inputs.version }}",
        "on": {"workflow_dispatch": {"inputs": _inputs()}},
        "permissions": {},
        "concurrency": {"group": "${{ github.workflow }}-${{ inputs.version }}", "cancel-in-progress": False},
        "env": environment(facts, *names, "PYPI_ENVIRONMENT"),
        "jobs": {
            **checked,
            "build": _build(kit, [name for name in checked if name != "codeql"]),
            "publish": _publish(kit),
            "verify": _verify(kit),
            "release": _release(kit),
        },
    }


def _inputs() -> dict[str, Any]:
    return {
        "version": {"description": "The version to release: that of the package", "required": True, "type": "string"},
        "dry-run": {
            "description": "Do everything up to the first irreversible byte",
            "required": False,
            "default": False,
            "type": "boolean",
        },
        "confirm-publisher": {
            "description": "I have seen that the index trusts this workflow: needed until a release has its provenance",
            "required": False,
            "default": False,
            "type": "boolean",
        },
        "resume-run-id": {
            "description": "Id of the run whose built files this one continues with",
            "required": False,
            "default": "",
            "type": "string",
        },
    }


def _build(kit: Kit, needs: list[str]) -> dict[str, Any]:
    earlier = {"run-id": "${{ inputs.resume-run-id }}", "github-token": "${{ github.token }}"}
    resume = {"name": _ARTIFACT, "path": _LEDGER, **earlier}
    title, condition = "Fetch the files of the run to continue", "${{ inputs.resume-run-id != '' }}"
    confirmed = {"CONFIRM": "${{ inputs.confirm-publisher && 'publisher' || '' }}"}
    plan = f'publish plan {_TO_LEDGER} --confirm "$CONFIRM"'
    steps = [
        *kit.set_up(history=True),
        kit.action("resume", title, "actions/download-artifact", resume, condition=condition),
        kit.lockgate("plan", "See whether it can be released", plan, {**_VERSION, **confirmed, **TOKEN}),
        kit.lockgate("build", "Build once, or keep what was built", f"publish build {_TO_LEDGER}", _VERSION),
        kit.upload(_ARTIFACT, _LEDGER, days=90, condition="${{ success() }}"),
    ]
    permissions = {
        "contents": READ_CODE,
        "actions": Commented("read", "fetch the files of the run to continue"),
        "checks": Commented("read", "see what passed for this commit"),
    }
    return kit.job("build", 45, steps, needs=needs, permissions=permissions)


def _publish(kit: Kit) -> dict[str, Any]:
    # The action runs in a container for x86-64, which sees the workspace only: the files lie there.
    files = {"packages-dir": "lockgate-release/dist", "attestations": True}
    steps = [
        kit.download("Fetch the built files", "lockgate-release", _ARTIFACT),
        kit.action("publish", "Publish", "pypa/gh-action-pypi-publish", files),
    ]
    permissions = {"id-token": Commented("write", "prove to the index who publishes")}
    environment = {"name": kit.facts.environment}
    more = {"needs": ["build"], "if": "${{ !inputs.dry-run }}", "environment": environment}
    return kit.job("publish", 15, steps, permissions=permissions, runner=HOSTED, **more)


def _verify(kit: Kit) -> dict[str, Any]:
    # It runs when publishing failed, too: only the index knows what became of each file.
    title, asked = "Look at the release as a user does", {**_VERSION, **NEEDS}
    look = kit.lockgate("verify", title, f"publish verify {_TO_LEDGER}", asked)
    when = {"if": "${{ !cancelled() && !inputs.dry-run && needs.build.result == 'success' }}"}
    steps = [*_continued(kit, _ARTIFACT, look), kit.upload(_VERIFIED, _LEDGER, days=90)]
    return kit.job("verify", 30, steps, needs=["build", "publish"], **when)


def _release(kit: Kit) -> dict[str, Any]:
    title = "Tag the commit and make the GitHub release"
    resume = kit.lockgate("release", title, f"publish resume {_TO_LEDGER}", {**_VERSION, **TOKEN})
    permissions = {"contents": Commented("write", "create the tag and the GitHub release")}
    # Publishing may have failed after the index had everything: what was verified counts.
    when = {"if": "${{ !cancelled() && needs.verify.result == 'success' }}"}
    steps = _continued(kit, _VERIFIED, resume)
    return kit.job("release", 15, steps, needs=["verify"], permissions=permissions, **when)


def _continued(kit: Kit, artifact: str, step: Step) -> list[Step]:
    return [*kit.set_up(history=True), kit.download("Fetch the files and the ledger", _LEDGER, artifact), step]
