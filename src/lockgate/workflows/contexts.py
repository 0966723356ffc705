"""The names under which required checks report: read off the rendered workflows, never written twice (pure)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

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
        for context in contexts(job, documents[workflow]["jobs"][job])
    )


def contexts(job_id: str, job: Mapping[str, Any]) -> tuple[str, ...]:
    """The check names of one job: one per cell of its matrix."""
    matrix: Mapping[str, Sequence[Any]] = job.get("strategy", {}).get("matrix", {})
    name = str(job.get("name", job_id))
    cells = [dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())]

    def filled(cell: Mapping[str, Any]) -> str:
        if "${{" not in name:
            return f"{name} ({', '.join(map(str, cell.values()))})" if cell else name
        return re.sub(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}", lambda match: str(cell[match[1]]), name)

    return tuple(map(filled, cells))
