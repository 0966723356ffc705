"""The names under which required checks report: read off the rendered workflows, never written twice (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.model.check_names import names

# Jobs that branch protection waits for, by the workflow's file name.
REQUIRED: Mapping[str, Sequence[str]] = {
    "quality_gate": ("test-matrix", "quality-checks", "coverage-report"),
    "security_scan": ("security-scan",),
}


def required(documents: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Contexts that branch protection requires, from the workflows by name."""
    return tuple(
        context
        for workflow, jobs in REQUIRED.items()
        for job in jobs
        if job in documents[workflow]["jobs"]
        for context in names(job, documents[workflow]["jobs"][job])
    )
