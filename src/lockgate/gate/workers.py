"""The crew: as many commands at a time as there are cores, in the order of the schedule, all ended together."""

from __future__ import annotations

import errno
import queue
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from lockgate.gate.bench import Bench
from lockgate.gate.checks import RUNNERS
from lockgate.gate.environments import Environment
from lockgate.gate.evidence import Follower
from lockgate.gate.listener import Listener
from lockgate.gate.outcome import Context, Outcome
from lockgate.gate.plan import Step
from lockgate.gate.schedule import next_step
from lockgate.gate.stale import forget_stale
from lockgate.model.gate import Check
from lockgate.model.problem import Problem
from lockgate.ports import clock, family
from lockgate.ports.installer import Errand, NoEnvironmentError
from lockgate.ports.process import Cancel
from lockgate.ports.signals import Signals

_OUTPUT_EXCERPT = 3000


class _Ready(msgspec.Struct, frozen=True):
    """A worker has its environment."""

    python: str


class _Done(msgspec.Struct, frozen=True):
    """A worker has ended: with an outcome, or with a bug of lockgate's."""

    step: Step
    outcome: Outcome | None = None
    bug: BaseException | None = None


class _Readiness:
    """Which environments stand, and which a worker is making."""

    def __init__(self) -> None:
        self.ready: set[str] = set()
        self.preparing: set[str] = set()

    def begin(self, python: str) -> None:
        if python not in self.ready:
            self.preparing.add(python)

    def hear(self, message: _Ready | _Done) -> None:
        python = message.python if isinstance(message, _Ready) else message.step.python
        self.preparing.discard(python)
        if isinstance(message, _Ready):
            self.ready.add(python)


class Crew:
    """Runs the steps of one gate.

    Attributes:
        started: When each executed check began, in seconds since the epoch.
        interrupted: A signal stopped the run.
    """

    def __init__(
        self,
        bench: Bench,
        steps: Sequence[Step],
        taken: Mapping[str, Outcome],
        listener: Listener,
        cancel: Cancel,
        expected: Mapping[str, float],
    ) -> None:
        self._bench = bench
        self._taken = taken
        self._steps = list(steps)
        self._names = {step.name for step in steps}
        self._listener = listener
        self._cancel = cancel
        self._expected = expected
        self._messages: queue.SimpleQueue[_Ready | _Done] = queue.SimpleQueue()
        self._outcomes: dict[str, Outcome] = {}
        self._environments = _Readiness()
        self.started: dict[str, float] = {}
        self.interrupted = False

    def run(self, *, jobs: int, keep_going: bool) -> dict[str, Outcome]:
        """Outcomes by name of the check, in the plan's order; every process that was started has ended."""
        pending = self._look_up_all()
        if pending:
            forget_stale(self._bench.project.root, self._bench.memory, self._bench.tree)
            # Signals outermost: a second Ctrl-C must not break off the ending of orphans.
            with Signals(self._stop), family.Adoption():
                self._work_off(pending, jobs, keep_going=keep_going)
        return {step.name: self._outcomes[step.name] for step in self._steps}

    def _stop(self) -> None:
        self.interrupted = True
        self._cancel.set()

    def _look_up_all(self) -> list[Step]:
        """Answer from elsewhere's reports and from the cache what can be, in the order of needs; returns the rest."""
        for step in self._steps:
            if step.name in self._taken:
                self._finish(step, self._taken[step.name])
        steps = [step for step in self._steps if step.name not in self._taken]
        pythons = dict.fromkeys(step.python for step in steps)
        found = {python: self._bench.environments.current(self._bench.recipes[python]) for python in pythons}
        self._environments.ready |= {python for python, environment in found.items() if environment is not None}
        if self._bench.fresh:
            return steps
        pending = []
        for step in steps:
            environment = found[step.python]
            needs_met = all(name in self._outcomes for name in step.needs if name in self._names)
            hit = self._look_up(step, environment) if environment is not None and needs_met else None
            if hit is None:
                pending.append(step)
            else:
                self._finish(step, hit)
        return pending

    def _look_up(self, step: Step, environment: Environment) -> Outcome | None:
        key = self._bench.key(step, environment, self._data(step), self._bench.inputs.tree)
        hit = self._bench.cache.look_up(step.name, key)
        return None if hit is None else Outcome(check=hit.check, data=hit.data, coverage=hit.coverage)

    def _data(self, step: Step) -> dict[str, tuple[Path, ...]]:
        return {name: self._outcomes[name].data for name in step.needs if name in self._outcomes}

    def _work_off(self, pending: list[Step], jobs: int, *, keep_going: bool) -> None:
        running: dict[str, Step] = {}
        environments = self._environments
        bug: BaseException | None = None
        while pending or running:
            while len(running) < jobs and (step := self._startable(pending, environments)) is not None:
                pending[:] = [one for one in pending if one.name != step.name]
                running[step.name] = step
                environments.begin(step.python)
                self._listener.started(step.name)
                threading.Thread(target=self._work, args=(step,), daemon=True).start()
            if self._cancel.requested() and not running:
                self._skip(pending)
                break
            try:
                message = self._messages.get(timeout=0.2)
            except queue.Empty:
                continue
            environments.hear(message)
            if isinstance(message, _Done):
                del running[message.step.name]
                bug = message.bug or bug
                self._take(message, keep_going=keep_going)
        if bug is not None:
            raise bug

    def _startable(self, pending: Sequence[Step], environments: _Readiness) -> Step | None:
        if self._cancel.requested():
            return None
        steps = self._open_needs(pending)
        return next_step(steps, self._outcomes, environments.ready, environments.preparing, self._expected)

    def _take(self, done: _Done, *, keep_going: bool) -> None:
        """A worker's end; a failure stops the others unless told to keep going, a bug always does."""
        if done.outcome is None:
            self._cancel.set()
            self._skip([done.step])
            return
        self._finish(done.step, done.outcome)
        if done.outcome.check.status == "fail" and not keep_going and not self._cancel.requested():
            # Only once: twice would mean at once, and that is the user's to say.
            self._cancel.set()

    def _open_needs(self, pending: Sequence[Step]) -> list[Step]:
        """Pending steps with only those needs that this run can meet at all."""
        return [
            msgspec.structs.replace(step, needs=tuple(name for name in step.needs if name in self._names))
            for step in pending
        ]

    def _skip(self, steps: Sequence[Step]) -> None:
        culprit = next((name for name, one in self._outcomes.items() if one.check.status == "fail"), None)
        reason = "interrupted" if self.interrupted or culprit is None else f"not started: {culprit} failed"
        for step in steps:
            self._finish(step, Outcome(check=Check(name=step.name, status="skipped", reason=reason)))

    def _finish(self, step: Step, outcome: Outcome) -> None:
        check = outcome.check
        if check.status == "skipped" and check.reason == "stopped":
            culprit = next((name for name, one in self._outcomes.items() if one.check.status == "fail"), None)
            reason = "interrupted" if self.interrupted or culprit is None else f"stopped: {culprit} failed"
            outcome = msgspec.structs.replace(outcome, check=msgspec.structs.replace(check, reason=reason))
        self._outcomes[step.name] = outcome
        self._listener.finished(outcome.check, outcome.output)

    def _work(self, step: Step) -> None:
        """A worker's life: one step, and never an unreported end."""
        try:
            self._messages.put(_Done(step, outcome=self._outcome(step)))
        except BaseException as error:  # noqa: BLE001  (raised again in the main thread)
            self._messages.put(_Done(step, bug=error))

    def _outcome(self, step: Step) -> Outcome:
        begun = clock.monotonic()
        identity = ""
        attempts: list[str] = []

        def say(what: str) -> None:
            self._listener.noted(step.name, what)

        errand = Errand(self._cancel, say, attempts.append)
        try:
            with self._bench.environments.ready(self._bench.recipes[step.python], errand) as environment:
                self._messages.put(_Ready(step.python))
                hit = None if self._bench.fresh else self._look_up(step, environment)
                if hit is not None:
                    return msgspec.structs.replace(hit, attempts=tuple(attempts))
                say("")
                begun = clock.monotonic()
                identity = environment.identity
                self.started[step.name] = clock.now()
                outcome = self._run(step, environment)
        except NoEnvironmentError as error:
            outcome = _without_environment(step, error)
        took = clock.monotonic() - begun
        check = msgspec.structs.replace(outcome.check, seconds=round(took, 3))
        return msgspec.structs.replace(outcome, check=check, identity=identity, attempts=tuple(attempts))

    def _run(self, step: Step, environment: Environment) -> Outcome:
        """The check's outcome, also when the run's own folder has no room for it."""
        try:
            return self._checked(step, environment)
        except OSError as error:
            what = f"{error.filename or self._bench.folder}: {error.strerror or error}"
            what += "; free some space" if error.errno in {errno.ENOSPC, errno.EDQUOT} else ""
            return Outcome(check=Check(name=step.name, status="unknown", reason=what))

    def _checked(self, step: Step, environment: Environment) -> Outcome:
        missing = [name for name in step.needs if name in self._names and not self._outcomes[name].data]
        if missing and self._outcomes[missing[0]].check.status != "pass":
            status = self._outcomes[missing[0]].check.status
            reason = f"{missing[0]} gave no coverage data ({status})"
            return Outcome(check=Check(name=step.name, status="skipped", reason=reason))
        folder = self._bench.folder / step.name
        folder.mkdir(parents=True, exist_ok=True)
        context = Context(
            project=self._bench.project,
            step=msgspec.structs.replace(step, needs=tuple(name for name in step.needs if name in self._names)),
            environment=environment,
            surroundings=self._bench.surroundings,
            folder=folder,
            memory=self._bench.memory,
            cancel=self._cancel,
            pytest_args=self._bench.pytest_args,
            data=self._data(step),
            roots={name: self._taken[name].root for name in step.needs if name in self._taken},
            again=self._bench.again,
            progress=lambda done, total: self._listener.progressed(step.name, done, total),
        )
        outcome = RUNNERS[step.kind](context)
        return outcome if step.kind == "test" else _with_reads(outcome, context)


def _with_reads(outcome: Outcome, context: Context) -> Outcome:
    """The outcome with what the check's Python processes said of their reads."""
    if not context.reads.exists():
        return outcome
    said = Follower(context.reads).session()
    return msgspec.structs.replace(
        outcome,
        reads=said.reads,
        looks=said.looks,
        mutated=said.mutated,
        asked_git=outcome.asked_git or said.asked_git,
        cacheable=outcome.cacheable and said.complete,
    )


def _without_environment(step: Step, error: NoEnvironmentError) -> Outcome:
    problems: tuple[Problem, ...] = ()
    if error.output:
        excerpt = error.output.strip()[-_OUTPUT_EXCERPT:]
        problems = (Problem(tool="uv", message=error.reason, severity="error", excerpt=excerpt),)
    check = Check(name=step.name, status=error.status, reason=error.reason, problems=problems)
    return Outcome(check=check, output=error.output)
