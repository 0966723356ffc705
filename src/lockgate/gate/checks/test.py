"""`test-X.Y`: pytest on one interpreter, believed only as far as it proves itself from inside."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import msgspec

from lockgate.gate import declared
from lockgate.gate.evidence import Bad, Follower, Session
from lockgate.gate.outcome import Context, Outcome
from lockgate.model.duration import parse_duration
from lockgate.model.gate import Check, Tests
from lockgate.model.problem import Problem
from lockgate.model.verdict import Status
from lockgate.ports.process import Finished, signal_name

_EXCERPT_LINES = 24
_NOTHING_COLLECTED = 5  # pytest's exit code


class _Run(msgspec.Struct, frozen=True):
    """One pytest process and what it testified."""

    done: Finished
    session: Session
    data: tuple[Path, ...]


class _Judgement(msgspec.Struct, frozen=True):
    status: Status
    reason: str | None


def test(context: Context) -> Outcome:
    """Run the cell, run failed tests again if configured, and judge by the testimony."""
    timeout = parse_duration(context.project.config.test.timeout)
    first = _pytest(context, "first", timeout, only=None)
    runs = [first]
    failed = _rerunnable(first)
    stable_failures = failed
    for attempt in range(context.project.config.test.reruns):
        if not stable_failures or context.cancel.requested():
            break
        again = _pytest(context, f"rerun-{attempt + 1}", timeout, only=stable_failures)
        runs.append(again)
        if again.session.finished is None or _wrong_interpreter(context, again.session) is not None:
            break
        # Skipped is not passed.
        passed = again.session.passed - {bad.id for bad in again.session.bad}
        stable_failures = tuple(name for name in stable_failures if name not in passed)
    flaky = tuple(name for name in failed if name not in stable_failures)
    return _outcome(context, runs, flaky, recovered=bool(flaky) and not stable_failures and runs[-1].done.code == 0)


test.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it where it is imported


def _pytest(context: Context, name: str, timeout: float, only: tuple[str, ...] | None) -> _Run:
    """One pytest process; `only` limits it to these node ids."""
    folder = context.folder / name
    folder.mkdir(parents=True)
    evidence = folder / "evidence.jsonl"
    extra = {"LOCKGATE_EVIDENCE": str(evidence), "COVERAGE_FILE": str(folder / "coverage")}
    if "coverage" in declared.checks(context.project):
        # Not pytest-cov's file: it would count what the probe measured before it as its own.
        extra["LOCKGATE_COVERAGE"] = f"{extra['COVERAGE_FILE']}-probe"
    if only is not None:
        listing = folder / "only.json"
        listing.write_bytes(msgspec.json.encode(only))
        extra["LOCKGATE_ONLY"] = str(listing)
    if only is None and not context.pytest_args:
        # With `--lf` or `--sw` among the project's options, a whole gate would run only what failed last time.
        for name_ in ("lastfailed", "stepwise"):
            (_pytest_cache(context) / "v" / "cache" / name_).unlink(missing_ok=True)
    follower = Follower(evidence)

    def tick() -> None:
        follower.read()
        context.progress(follower.done, follower.collected)

    argv = command(context, again=only is not None)
    # The probe itself says what the session reads.
    done = context.run(argv, watched=False, timeout=timeout, on_tick=tick, extra=extra)
    return _Run(done, follower.session(), tuple(sorted(folder.glob("coverage*"))))


def command(context: Context, *, again: bool = False) -> list[str]:
    """The pytest command of a cell: the project's own options stand, ours are added."""
    config = context.project.config.test
    arguments = [str(context.environment.python), "-m", "pytest", "-p", "lockgate_probe"]
    options = f"{context.project.ini.get('addopts', '')} {context.surroundings.get('PYTEST_ADDOPTS', '')}"
    if "no:cacheprovider" not in options:
        # Each cell remembers its own failures; five cells would overwrite one another's.
        arguments += ["-o", f"cache_dir={_pytest_cache(context)}"]
    if again and "pytest-cov" in context.environment.versions and not re.search(r"no:(pytest_)?cov\b", options):
        # A few tests cannot cover what all of them must.
        return [*arguments, *config.args, *context.pytest_args, "--cov-fail-under=0"]
    return [*arguments, *config.args, *context.pytest_args]


def _pytest_cache(context: Context) -> Path:
    return context.memory / f"pytest-{context.step.python}"


def _rerunnable(run: _Run) -> tuple[str, ...]:
    """Node ids of failed tests, when all that went wrong are failed tests."""
    session = run.session
    if session.finished is None or session.unexplained or any(bad.when == "collect" for bad in session.bad):
        return ()
    return tuple(dict.fromkeys(bad.id for bad in run.session.bad))


def _outcome(context: Context, runs: list[_Run], flaky: tuple[str, ...], *, recovered: bool) -> Outcome:
    first = runs[0]
    session = first.session
    judgement = _judge(context, first, recovered=recovered)
    tests = session.tests
    if tests is not None and flaky:
        tests = _with_flaky(tests, [bad.when for bad in session.bad if bad.id in flaky], len(flaky))
    problems = tuple(_problem(context, session.rootdir, bad, is_flaky=bad.id in flaky) for bad in session.bad)
    python = session.pythons[0][1] if session.pythons else context.environment.interpreter.version
    check = Check(
        name=context.step.name,
        status=judgement.status,
        python=python,
        reason=judgement.reason,
        tests=tests or _partial(session),
        problems=problems,
        notes=_notes(runs, flaky),
    )
    return Outcome(
        check=check,
        output="\n".join(run.done.output for run in runs),
        data=tuple(path for run in runs for path in run.data),
        reads=session.reads,
        looks=session.looks,
        wrote=session.wrote,
        mutated=session.mutated,
        asked_git=session.asked_git,
        cacheable=session.complete and not flaky,
    )


def _with_flaky(tests: Tests, phases: list[str], flaky: int) -> Tests:
    """The counts after the reruns; `phases` are those in which the flaky tests failed at first."""
    around = phases.count("setup") + phases.count("teardown")
    return msgspec.structs.replace(
        tests,
        passed=tests.passed + len(phases) - phases.count("teardown"),  # whose test itself had passed
        failed=max(0, tests.failed - (len(phases) - around)),
        errors=max(0, tests.errors - around),
        flaky=flaky,
    )


def _judge(context: Context, run: _Run, *, recovered: bool) -> _Judgement:
    """From the first doubt to the last: a pass is what is left when nothing else fits."""
    done, session, tests = run.done, run.session, run.session.tests
    ended = _ended(context, run)
    if ended is not None:
        return ended
    wrong = _wrong_interpreter(context, session)
    if wrong is not None:
        return _Judgement("unknown", wrong)
    if tests is None or session.finished is None:
        return _Judgement("unknown", "the test session left no testimony")
    if tests.collected == 0 and not session.bad:
        return _nothing(done, tests)
    if (session.bad or tests.failed or tests.errors) and not recovered:
        return _Judgement("fail", _counted(tests))
    if recovered and done.code in (1, 2):  # 2: `--stepwise` stopped there
        return _really_tested(session, tests)
    if done.code != 0 or session.finished != 0:
        why = _internal_error(done) or _first_error(done).strip("= ")
        return _Judgement("fail", f"pytest ended with exit {done.code} although no test failed: {why}")
    return _really_tested(session, tests)


def _nothing(done: Finished, tests: Tests) -> _Judgement:
    """A session without tests."""
    if done.code == 0 or "caught unexpected SystemExit" in done.output:
        ended = f"the session ended with exit {done.code} before it collected any test"
        return _Judgement("fail", f"{ended}: something called sys.exit() at import")
    if done.code != _NOTHING_COLLECTED:
        return _Judgement("fail", f"pytest could not start (exit {done.code}): {_first_error(done)}")
    selected = "no test was selected" if tests.deselected else "no tests were collected"
    return _Judgement("fail", f"{selected}: a cell that tests nothing proves nothing")


def _really_tested(session: Session, tests: Tests) -> _Judgement:
    """A session that pytest calls green: did all its tests run?"""
    if session.unfinished > 0:
        # pytest.exit(returncode=0) ends a session with a green exit code.
        ran = f"only {session.done} of {session.collected} collected tests ran"
        return _Judgement("fail" if session.done else "unknown", f"{ran}: something ended the session early")
    if tests.passed + tests.xfailed + tests.xpassed == 0:
        return _Judgement("unknown", "every test was skipped: nothing was tested")
    return _Judgement("pass", None)


def _ended(context: Context, run: _Run) -> _Judgement | None:
    """A session that did not come to its own end."""
    done, session = run.done, run.session
    during = f" while running {session.running}" if session.running else ""
    if done.cancelled:
        return _Judgement("skipped", "stopped")
    if done.timed_out:
        limit = context.project.config.test.timeout
        if session.finished is not None:
            why = "all tests had ended, but a thread or an exit handler keeps the interpreter alive"
            return _Judgement("fail", f"did not end within {limit}: {why}")
        return _Judgement(
            "fail", f"did not end within {limit}{during}; raise [tool.lockgate.test] timeout if it needs longer"
        )
    if done.code is None:
        return _Judgement("unknown", f"pytest could not be started: {done.error}")
    return None if session.finished is not None else _died(context, done, session, during)


def _died(context: Context, done: Finished, session: Session, during: str) -> _Judgement:
    """A session that ended by itself before pytest said that it was finished."""
    if "No module named pytest" in done.output:
        return _Judgement("unknown", "pytest is not in the project's environment; add it: `uv add --dev pytest`")
    if not context.project.root.is_dir():
        return _Judgement("fail", f"the tests deleted the project's folder {context.project.root}")
    if not session.loaded:
        return _Judgement("unknown", f"the test session could not testify: {_first_error(done)}")
    if done.code is not None and done.code < 0:
        return _Judgement("fail", f"the interpreter was killed by {signal_name(done.code)}{during}")
    if session.pythons and session.collected is None and done.code == 0:
        return _Judgement(
            "fail",
            "the session ended with exit 0 before it collected any test: "
            "something called sys.exit() or os._exit() at import",
        )
    if not session.pythons and done.code != 0:
        return _Judgement("fail", f"pytest could not start (exit {done.code}): {_first_error(done)}")
    internal = _internal_error(done)
    if internal is not None:
        return _Judgement("fail", f"pytest had an internal error{during}: {internal}")
    return _Judgement(
        "fail",
        f"the interpreter ended with exit {done.code}{during} before pytest was finished: "
        "something called os._exit() or sys.exit()",
    )


def _wrong_interpreter(context: Context, session: Session) -> str | None:
    for implementation, version, prefix in session.pythons:
        if implementation != "cpython" or ".".join(version.split(".")[:2]) != context.step.python:
            return f"the tests ran on {implementation} {version}, not on CPython {context.step.python}"
        if Path(prefix).resolve() != context.environment.folder.resolve():
            return f"the tests ran in {prefix}, not in this cell's environment"
    return None if session.pythons else "no process said which interpreter ran the tests"


def _internal_error(done: Finished) -> str | None:
    """What a plugin or conftest.py raised in a hook."""
    found = re.search(r"^INTERNALERROR> ([A-Za-z_][\w.]*(?:: .*)?)$", done.output, re.MULTILINE)
    return found[1] if found else None


def _first_error(done: Finished) -> str:
    """The line of pytest's output that says most."""
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"(ERROR(?!: usage)|E  |\w*Error\b|.*pytest: error)", line)]
    return (telling or lines or ["no message"])[-1 if not telling else 0]


def _counted(tests: Tests) -> str:
    parts = [f"{tests.failed} failed"] if tests.failed else []
    parts += [f"{tests.errors} error{'s' if tests.errors > 1 else ''}"] if tests.errors else []
    return f"{', '.join(parts) or 'failed'} of {tests.collected}"


def _partial(session: Session) -> Tests | None:
    """Counts of a session that did not come to its end."""
    if session.collected is None:
        return None
    return Tests(collected=session.collected, failed=len({bad.id for bad in session.bad}))


def _notes(runs: list[_Run], flaky: tuple[str, ...]) -> tuple[str, ...]:
    notes = [f"flaky: {name} failed, then passed when it was run again" for name in flaky]
    left = sum(run.done.left_behind for run in runs)
    if left:
        notes.append(f"the tests left {left} process{'es' if left > 1 else ''} running; ended")
    return tuple(notes)


def _problem(context: Context, rootdir: str, bad: Bad, *, is_flaky: bool) -> Problem:
    """A failed test as an expert would report it."""
    node = _node(context, rootdir, bad.id)
    path, line = _place(context, node, bad)
    first = next((text.strip() for text in bad.message.splitlines() if text.strip()), "failed")
    subject = bad.id.partition("::")[2] or bad.id
    kinds = {"collect": "could not be collected", "setup": "setup failed", "teardown": "teardown failed"}
    how = f"{subject} {kinds[bad.when]}" if bad.when in kinds else subject
    return Problem(
        tool="pytest",
        rule="flaky" if is_flaky else None,
        severity="warning" if is_flaky else "error",
        message=f"{how}: {first}",
        path=path,
        line=line,
        help=f"run just that again: lockgate gate {context.step.name}{context.again} -- {shlex.quote(node)}",
        excerpt=shorten(bad.excerpt),
    )


def _node(context: Context, rootdir: str, node: str) -> str:
    """A node id as pytest takes it in the project's folder: its own may be relative to a rootdir elsewhere."""
    path, colons, rest = node.partition("::")
    if not path or not rootdir:
        return node
    return f"{context.relative(os.path.normpath(f'{rootdir}/{path}'))}{colons}{rest}"


def _place(context: Context, node: str, bad: Bad) -> tuple[str | None, int | None]:
    """The line in the project to look at: the crash if it is there, else the test."""
    root = context.project.root
    own = node.partition("::")[0] or None
    if bad.path is not None:
        crash = Path(bad.path) if bad.path.startswith("/") else root / bad.path
        if root in crash.parents and ".lockgate" not in crash.parts:
            return context.relative(str(crash)), bad.line
    return own, bad.defined


def shorten(text: str) -> str:
    """The end of a failure report: where it says what went wrong."""
    lines = text.rstrip().splitlines()
    if len(lines) <= _EXCERPT_LINES:
        return "\n".join(lines)
    return "\n".join([f"[… {len(lines) - _EXCERPT_LINES} lines]", *lines[-_EXCERPT_LINES:]])
