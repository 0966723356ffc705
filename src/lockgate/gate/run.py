"""The run: look up what is known, work off the rest, keep what may be used again, report."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from lockgate.gate import durations
from lockgate.gate.bench import Bench, set_up
from lockgate.gate.checks.ruff import fix
from lockgate.gate.environments import NoEnvironmentError
from lockgate.gate.keep import keep
from lockgate.gate.listener import Listener
from lockgate.gate.outcome import Context, Outcome
from lockgate.gate.plan import Plan, Selection, plan
from lockgate.gate.workers import Crew
from lockgate.model.errors import UnknownError, UsageError
from lockgate.model.gate import Check, GateReport, verdict_of
from lockgate.model.project import Project
from lockgate.ports import clock, git
from lockgate.ports.process import Cancel
from lockgate.ports.state import new_run_folder, open_state, sweep_dead_runs


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One gate run.

    Attributes:
        fresh: Look nothing up in the result cache (what passes is still kept).
        fix: Apply ruff's fixes and formatting first.
        jobs: Commands at a time; 0 means one per core.
        data: Folder that receives the cells' coverage data, or None.
    """

    project: Project
    selection: Selection = Selection()
    fresh: bool = False
    keep_going: bool = False
    fix: bool = False
    offline: bool = False
    jobs: int = 0
    data: Path | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The report, and what does not belong into a document.

    Attributes:
        outputs: Each executed check's own output.
        interrupted: The user stopped the run.
        warnings: What went wrong without touching the verdict.
    """

    report: GateReport
    outputs: dict[str, str]
    interrupted: bool
    warnings: tuple[str, ...]


def run_gate(request: Request, listener: Listener, cancel: Cancel) -> Result:
    """Run the gate.

    Raises:
        UsageError: The selection names what does not exist, or leaves --fix nothing to do.
        UnknownError: lockgate has nowhere to keep its state, or cannot make what it would fix with.
    """
    begun = clock.monotonic()
    planned = plan(request.project, request.selection)
    steps = planned.selected()
    state = open_state(request.project.root)
    with _run_folder(state) as folder:
        bench = _bench(request, state, folder)
        if request.fix:
            _fix(bench, planned, cancel)
            bench = _bench(request, state, folder)
        memory = bench.memory / "durations.json"
        expected = durations.recall(memory)
        listener.planned({step.name: expected.get(step.name, 0.0) for step in steps})
        crew = Crew(bench, steps, listener, cancel, expected)
        outcomes = crew.run(jobs=request.jobs or _cores(), keep_going=request.keep_going)
        warnings = keep(bench, steps, outcomes, crew.started)
        warnings += _export(request.data, outcomes)
        durations.record(memory, _taken(outcomes))
    return Result(
        report=_report(request, planned, outcomes, round(clock.monotonic() - begun, 3)),
        outputs={name: outcome.output for name, outcome in outcomes.items()},
        interrupted=crew.interrupted,
        warnings=warnings,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _run_folder(state: Path) -> Iterator[Path]:
    sweep_dead_runs(state)
    try:
        folder = new_run_folder(state)
    except OSError as error:
        raise UnknownError(f"{error.filename or state}: {error.strerror or error}", "free some space") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bench(request: Request, state: Path, folder: Path) -> Bench:
    return set_up(
        request.project,
        state=state,
        folder=folder,
        offline=request.offline,
        fresh=request.fresh,
        pytest_args=request.selection.pytest_args,
    )


def _fix(bench: Bench, planned: Plan, cancel: Cancel) -> None:
    """Let ruff mend what it can before the gate looks."""
    step = next((step for step in planned.selected() if step.kind in {"lint", "format"}), None)
    if step is None:
        raise UsageError("--fix needs lint or format among the checks", "leave --fix out, or select lint and format")
    kinds = {step.kind for step in planned.selected()}
    try:
        with bench.environments.ready(bench.recipes[step.python], cancel, lambda _what: None) as environment:
            fix(
                Context(
                    project=bench.project,
                    step=step,
                    environment=environment,
                    surroundings=bench.surroundings,
                    folder=bench.folder,
                    memory=bench.memory,
                    cancel=cancel,
                ),
                kinds,
            )
    except NoEnvironmentError as error:
        raise UnknownError(f"nothing was fixed: {error.reason}") from error


def _export(folder: Path | None, outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
    """Copy the cells' coverage data to where another machine may fetch them; returns why it could not be done."""
    if folder is None:
        return ()
    try:
        for name, outcome in outcomes.items():
            for number, path in enumerate(outcome.data):
                target = folder / f"{name}-{number}"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    except OSError as error:
        where = error.filename2 or error.filename or folder
        return (f"the coverage data were not exported: {where}: {error.strerror or error}",)
    return ()


def _taken(outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    """Seconds of the checks that ran to their end in this run."""
    checks = [outcome.check for outcome in outcomes.values() if not outcome.check.cached]
    return {check.name: check.seconds for check in checks if check.status in {"pass", "fail"}}


def _report(request: Request, planned: Plan, outcomes: Mapping[str, Outcome], seconds: float) -> GateReport:
    checks = tuple(
        outcomes[step.name].check if step.name in outcomes else Check(name=step.name, status="not-run")
        for step in planned.steps
    )
    root = request.project.root
    commit = git.head(root)
    return GateReport(
        verdict=verdict_of(checks),
        enforced=request.project.config.phase.quality == "enforce",
        scope=planned.scope,
        seconds=seconds,
        commit=commit,
        dirty=git.is_dirty(root) if commit else None,
        project=request.project.name,
        checks=checks,
        coverage=next((one.coverage for one in outcomes.values() if one.coverage is not None), None),
    )
