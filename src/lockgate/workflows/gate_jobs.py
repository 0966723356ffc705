"""The jobs of the quality gate: one per Python, the other checks, and coverage over all (pure)."""

from __future__ import annotations

from typing import Any

from lockgate.workflows.kit import ALWAYS, NEEDS, REPORT, TO_REPORT, UNLESS_CANCELLED, Kit, temporary

_COVERAGE_MINUTES = 15


def gate_jobs(kit: Kit) -> dict[str, dict[str, Any]]:
    """Jobs by id, as far as the package has what they check."""
    jobs = {"quality-checks": _quality_checks(kit)}
    if kit.facts.tests:
        jobs = {"test-matrix": _test_matrix(kit), **jobs}
    if kit.facts.coverage:
        jobs["coverage-report"] = _coverage_report(kit)
    return jobs


def _test_matrix(kit: Kit) -> dict[str, Any]:
    python = "${{ matrix.python }}"
    caches, hits = kit.caches(python, durations=True)
    test = kit.lockgate(
        "gate", "Run the tests", f'gate --fresh "$CELL" {TO_REPORT}', {"CELL": f"test-{python}", **hits}
    )
    steps = [*kit.set_up(), *caches, test, kit.upload(f"lockgate-test-{python}", REPORT)]
    strategy = {"fail-fast": True, "matrix": {"python": list(kit.facts.pythons)}}
    return kit.job(f"test-matrix ({python})", kit.facts.test_minutes, steps, strategy=strategy)


def _quality_checks(kit: Kit) -> dict[str, Any]:
    caches, hits = kit.caches("checks")
    render = kit.lockgate(
        "render", "Compare the workflows with the table", "render --check", condition=UNLESS_CANCELLED
    )
    steps = [*kit.set_up(), *caches]
    if kit.facts.checks:
        names = " ".join(kit.facts.checks)
        steps.append(kit.lockgate("gate", "Run the checks", f"gate --fresh --keep-going {names} {TO_REPORT}", hits))
        steps += [render, kit.upload("lockgate-quality-checks", REPORT)]
    else:
        steps.append(render)
    return kit.job("quality-checks", kit.facts.checks_minutes, steps)


def _coverage_report(kit: Kit) -> dict[str, Any]:
    caches, hits = kit.caches("coverage")
    cells = "lockgate-cells"
    combine = kit.lockgate(
        "gate",
        "Combine what the tests measured",
        f'gate --fresh coverage --cells "$RUNNER_TEMP/{cells}" {TO_REPORT}',
        {**NEEDS, **hits},
    )
    download = kit.download("Fetch what the tests measured", temporary(cells), "lockgate-test-*")
    steps = [*kit.set_up(), *caches, download, combine, kit.upload("lockgate-coverage", REPORT)]
    # It must report whatever became of the tests; lockgate itself reads how they ended.
    return kit.job("coverage-report", _COVERAGE_MINUTES, steps, needs=["test-matrix"], **{"if": ALWAYS})
