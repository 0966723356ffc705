"""The scan: every scanner's parts side by side, what is known used again, and one policy over all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from lockgate.model.decode import suggest
from lockgate.model.errors import UsageError
from lockgate.model.finding import Finding
from lockgate.model.project import Project
from lockgate.model.scan import SCANNERS, Scanner
from lockgate.ports import clock
from lockgate.ports.process import Cancel
from lockgate.ports.state import open_state, run_folder
from lockgate.scan.answer import Absent, Answer, Broken, BrokenError, Found, StoppedError
from lockgate.scan.context import Context, Wishes, tool_versions
from lockgate.scan.memory import Memory
from lockgate.scan.scanners import DEFINITIONS, Adapter, Definition
from lockgate.scan.toolbox import Toolbox


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A scanner's result and what it found, before the policy."""

    scanner: Scanner
    findings: tuple[Finding, ...] = ()


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One scan.

    Attributes:
        names: The scanners that were asked for; empty means all.
        fresh: Use no earlier answer.
        root: Another checkout of the project that is looked at instead, or None.
    """

    project: Project
    names: tuple[str, ...] = ()
    wishes: Wishes = Wishes()
    fresh: bool = False
    root: Path | None = None


def wanted(names: Sequence[str]) -> tuple[str, ...]:
    """The scanners that run.

    Raises:
        UsageError: A name does not exist.
    """
    for name in names:
        if name not in SCANNERS:
            raise UsageError(f"no scanner is called {name!r}", suggest(name, SCANNERS))
    return tuple(name for name in SCANNERS if name in names) if names else SCANNERS


def run_scan(request: Request, cancel: Cancel, note: Callable[[str, str], None]) -> dict[str, Outcome]:
    """Run the scanners; `note(scanner, what)` is told when one begins (`""`) and ends (its status).

    Raises:
        UnknownError: lockgate has nowhere to keep its state.
    """
    state = open_state(request.project.root)
    with run_folder(state) as folder:
        context = Context(
            project=_at(request),
            folder=folder,
            toolbox=Toolbox(cancel, lambda what: note("tools", what), offline=request.wishes.offline),
            cancel=cancel,
            wishes=request.wishes,
        )
        memory = None if request.fresh else Memory(state / "cache" / "scan", context)
        chosen = wanted(request.names)
        parts = [part for name in chosen for part in DEFINITIONS[name].parts]
        with ThreadPoolExecutor(len(chosen)) as scanners, ThreadPoolExecutor(len(parts)) as tools:

            def one(name: str) -> Outcome:
                note(name, "")
                outcome = _scanner(name, context, memory, tools)
                note(name, outcome.scanner.status)
                return outcome

            outcomes = dict(zip(chosen, scanners.map(one, chosen), strict=True))
        outcomes = {name: _hidden(outcome, context.secrets) for name, outcome in outcomes.items()}
        if memory is not None:
            for name, outcome in outcomes.items():
                memory.store(name, outcome.scanner, outcome.findings)
    return outcomes


def _at(request: Request) -> Project:
    if request.root is None:
        return request.project
    lock = request.root / "uv.lock"
    return msgspec.structs.replace(request.project, root=request.root, lock=lock if lock.is_file() else None)


def _scanner(name: str, context: Context, memory: Memory | None, pool: ThreadPoolExecutor) -> Outcome:
    definition, begun = DEFINITIONS[name], clock.monotonic()
    absent = definition.absent(context)
    if absent is not None:
        return _absent(name, absent, required=name in context.project.config.scan.required)
    known = memory.look_up(name, definition.lasts) if memory is not None else None
    if known is not None:
        return Outcome(scanner=known[0], findings=known[1])
    futures = {part: pool.submit(ask, adapter, context) for part, adapter in definition.parts.items()}
    answers = {part: future.result() for part, future in futures.items()}
    return _judged(name, definition, answers, context, clock.monotonic() - begun)


def ask(adapter: Adapter, context: Context) -> Answer:
    """An adapter's answer, whatever happens inside it."""
    try:
        return adapter(context)
    except BrokenError as error:
        return error.answer
    except StoppedError:
        return Broken(reason="stopped")
    except OSError as error:
        return Broken(reason=f"{error.filename or 'a file'}: {error.strerror or error}", remedy="free some space")


def _absent(name: str, absent: Absent, *, required: bool) -> Outcome:
    if required:
        remedy = f"take {name} out of `required` in [tool.lockgate.scan], or add what is missing"
        return Outcome(scanner=Scanner(name=name, status="unknown", reason=absent.reason, remedy=remedy))
    return Outcome(scanner=Scanner(name=name, status="not-run", reason=absent.reason))


def _judged(
    name: str, definition: Definition, answers: Mapping[str, Answer], context: Context, seconds: float
) -> Outcome:
    """The parts' answers as one: any broken part makes it unknown, unless another has found something already."""
    broken = {part: one for part, one in answers.items() if isinstance(one, Broken)}
    found = [one for one in answers.values() if isinstance(one, Found)]
    findings = definition.merge(context, tuple(finding for one in found for finding in one.findings))
    # Several parts may fail over the same file.
    reasons = tuple(dict.fromkeys(one.reason for one in broken.values()))
    remedies = tuple(dict.fromkeys(one.remedy for one in broken.values() if one.remedy))
    asked = [one.asked for one in answers.values() if not isinstance(one, (Broken, Absent)) and one.asked is not None]
    notes = tuple(note for one in answers.values() if not isinstance(one, (Broken, Absent)) for note in one.notes)
    if "stopped" in reasons:
        return Outcome(scanner=Scanner(name=name, status="skipped", reason="stopped", seconds=round(seconds, 3)))
    scanner = Scanner(
        name=name,
        status="fail" if findings else "unknown" if broken else "pass",
        tools=tool_versions(*definition.tools),
        seconds=round(seconds, 3),
        reason="; ".join(reasons) or None,
        remedy="; ".join(remedies) or None,
        age=round(max(0.0, clock.now() - min(asked)), 1) if asked else None,
        notes=notes,
    )
    return Outcome(scanner=scanner, findings=findings)


def _hidden(outcome: Outcome, secrets: Mapping[str, str]) -> Outcome:
    """The outcome without any value that the secret scanners found, whichever tool quoted it."""
    values = sorted({value for value in secrets.values() if len(value) >= _SHORTEST}, key=len, reverse=True)

    def clean(text: str | None) -> str | None:
        for value in values if text else ():
            text = str(text).replace(value, "[secret]")
        return text

    findings = tuple(
        msgspec.structs.replace(
            one, message=clean(one.message) or "", path=clean(one.path), help=clean(one.help), why=clean(one.why)
        )
        for one in outcome.findings
    )
    scanner = outcome.scanner
    notes = tuple(clean(note) or "" for note in scanner.notes)
    scanner = msgspec.structs.replace(scanner, reason=clean(scanner.reason), remedy=clean(scanner.remedy), notes=notes)
    return Outcome(scanner=scanner, findings=findings)


_SHORTEST = 6
