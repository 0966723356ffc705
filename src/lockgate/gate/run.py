"""The run: look up what is known, work off the rest, keep what may be used again, report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from lockgate.gate import cells, durations
from lockgate.gate.bench import Bench, set_up
from lockgate.gate.checks.ruff import fix
from lockgate.gate.keep import keep
from lockgate.gate.listener import Listener
from lockgate.gate.outcome import Context, Outcome
from lockgate.gate.plan import Plan, Selection, plan
from lockgate.gate.workers import Crew
from lockgate.model.errors import UnknownError, UsageError
from lockgate.model.gate import Check, GateReport, verdict_of
from lockgate.model.project import Project
from lockgate.ports import clock, git
from lockgate.ports.installer import Errand, NoEnvironmentError
from lockgate.ports.process import Cancel, cores
from lockgate.ports.state import open_state, run_folder


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One gate run.

    Attributes:
        fresh: Look nothing up in the result cache (what passes is still kept).
        fix: Apply ruff's fixes and formatting first.
        jobs: Commands at a time; 0 means one per core.
        again: Options that lead a pasted command to this project, e.g. ` -C ../other`.
        data: Folder that receives the cells' coverage data, or None.
        cells: Folder with the reports of the test cells that other machines ran; None means that they run here.
        needs: The check of the jobs that this one waited for, or None.
    """

    project: Project
    selection: Selection = Selection()
    fresh: bool = False
    keep_going: bool = False
    fix: bool = False
    offline: bool = False
    jobs: int = 0
    again: str = ""
    data: Path | None = None
    cells: Path | None = None
    needs: Check | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The report, and what does not belong into a document.

    Attributes:
        outputs: Each executed check's own output.
        interrupted: The user stopped the run.
        warnings: What went wrong without touching the verdict.
        memory: The folder of what outlives the run.
    """

    report: GateReport
    outputs: dict[str, str]
    interrupted: bool
    warnings: tuple[str, ...]
    memory: Path


def run_gate(request: Request, listener: Listener, cancel: Cancel) -> Result:
    """Run the gate.

    Raises:
        UsageError: The selection names what does not exist, or leaves --fix nothing to do.
        UnknownError: lockgate has nowhere to keep its state, or cannot make what it would fix with.
    """
    begun = clock.monotonic()
    planned = plan(request.project, request.selection)
    steps = planned.selected()
    taken: dict[str, Outcome] = {}
    if request.cells is not None:
        cells.refuse_useless(planned, request.selection)
        names = [step.name for step in steps if step.kind == "test"]
        taken = cells.take(request.cells, request.project, names)
    warnings: tuple[str, ...] = ()
    state = open_state(request.project.root)
    with run_folder(state) as folder:
        bench = _bench(request, state, folder)
        if request.fix:
            warnings += _fix(bench, planned, cancel)
            bench = _bench(request, state, folder)
        memory = bench.memory / "durations.json"
        expected = durations.recall(memory)
        listener.planned({step.name: expected.get(step.name, 0.0) for step in steps})
        crew = Crew(bench, steps, taken, listener, cancel, expected)
        outcomes = crew.run(jobs=request.jobs or cores(), keep_going=request.keep_going)
        warnings += keep(bench, steps, outcomes, crew.started)
        report = _report(request, planned, outcomes, round(clock.monotonic() - begun, 3))
        if request.data is not None and any(step.kind == "test" for step in steps):
            whole = not request.selection.pytest_args
            warnings += cells.export(request.data, report, outcomes, request.project.root, whole=whole)
        durations.record(memory, _seconds(outcomes, crew.started))
        bench.environments.keep_bytecode()
    return Result(
        report=report,
        outputs={name: outcome.output for name, outcome in outcomes.items()},
        interrupted=crew.interrupted,
        warnings=warnings,
        memory=bench.memory,
    )


def _bench(request: Request, state: Path, folder: Path) -> Bench:
    return set_up(
        request.project,
        state=state,
        folder=folder,
        offline=request.offline,
        fresh=request.fresh,
        pytest_args=request.selection.pytest_args,
        again=request.again,
    )


def _fix(bench: Bench, planned: Plan, cancel: Cancel) -> tuple[str, ...]:
    """Let ruff mend what it can before the gate looks; returns what became of failed attempts to install it."""
    step = next((step for step in planned.selected() if step.kind in {"lint", "format"}), None)
    if step is None:
        raise UsageError("--fix needs lint or format among the checks", "leave --fix out, or select lint and format")
    kinds = {step.kind for step in planned.selected()}
    attempts: list[str] = []
    errand = Errand(cancel, lambda _what: None, attempts.append)
    try:
        with bench.environments.ready(bench.recipes[step.python], errand) as environment:
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
    return tuple(attempts)


def _seconds(outcomes: Mapping[str, Outcome], started: Collection[str]) -> dict[str, float]:
    """Seconds of the checks that ran here to their end."""
    checks = [outcomes[name].check for name in started]
    return {check.name: check.seconds for check in checks if check.status in {"pass", "fail"}}


def _report(request: Request, planned: Plan, outcomes: Mapping[str, Outcome], seconds: float) -> GateReport:
    checks = tuple(
        _check(outcomes[step.name]) if step.name in outcomes else Check(name=step.name, status="not-run")
        for step in planned.steps
    )
    checks += () if request.needs is None else (request.needs,)
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


def _check(outcome: Outcome) -> Check:
    """The check as it is reported: what was kept for later runs says nothing of this run's installing."""
    return msgspec.structs.replace(outcome.check, notes=(*outcome.check.notes, *outcome.attempts))
