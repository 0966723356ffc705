"""The calls of an apply, sent in rounds: what became of each, and what holds afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from lockgate.flows.protect_look import Compared, Desk, compare
from lockgate.model.errors import InterruptedByUserError, LockgateError
from lockgate.model.protection import TO_DO, Change, Step
from lockgate.ports.console import Console
from lockgate.protect.apply import Call, calls, send
from lockgate.protect.difference import continues

_ROUNDS = 3  # of an apply that gets no answers


def carry_out(desk: Desk, found: Compared, console: Console) -> tuple[tuple[Step, ...], Compared]:
    """Send the calls; where an answer is lost, read, and go on with what is left of the same plan.

    Returns what became of each call, and what holds now.

    Raises:
        InterruptedByUserError: Somebody wants an end; it says what was and what was not applied.
    """
    heard: list[Step] = []

    def note(step: Step) -> None:
        # Told at once, should this be killed.
        _tell(step, console)
        heard.append(step)

    try:
        return _rounds(desk, found, note, console)
    except KeyboardInterrupt:
        raise interrupted(heard) from None


def interrupted(steps: Sequence[Step]) -> InterruptedByUserError:
    """The ending that says what was done until then."""
    told = "; ".join(f"{step.status}: {step.what}" for step in steps) or "nothing was applied"
    return InterruptedByUserError(f"interrupted ({told})", "what is left: `lockgate protect plan`")


def _rounds(
    desk: Desk, found: Compared, note: Callable[[Step], None], console: Console
) -> tuple[tuple[Step, ...], Compared]:
    steps: list[Step] = []
    begun, todo, attempt = found.changes, _calls(desk, found), 0
    while True:
        attempt += 1
        done = send(desk.github, todo, lambda: compare(desk).changes, note)
        lost = next((number for number, step in enumerate(done) if step.status == "unknown"), None)
        try:
            found = compare(desk)
        except LockgateError as error:
            console.say(f"lockgate: {error.message}", "unknown")
            return (*steps, *done), msgspec.structs.replace(found, changes=tuple(map(_hidden, found.changes)))
        if lost is None:
            return (*steps, *done), found
        again = _calls(desk, found)
        todo = (*(call for call in todo[lost + 1 :] if call.restores and call not in again), *again)
        answered = done[:lost]
        if done[lost].what not in {call.what for call in todo}:
            answered.append(Step(done[lost].what, "applied", "its answer was lost; reading shows it"))
        if not todo:
            return (*steps, *answered), found
        if attempt == _ROUNDS or not continues(begun, found.changes):
            return (*steps, *answered, *done[len(answered) :]), found
        steps += answered


def not_kept(before: Compared, after: Compared) -> list[Change]:
    """Values that nobody manages, and that an apply sent back in vain."""
    gone = {line.key for line in before.changes if line.kind == "remove"}
    still = {(line.key, line.kind) for line in after.changes}
    beside = (line for line in before.changes if line.kind == "unmanaged" and line.permission is None)
    return [line for line in beside if (line.key, "unmanaged") not in still and not gone & {line.key.partition(".")[0]}]


def in_vain(steps: Sequence[Step], after: Compared) -> list[Change]:
    """What is still to do although GitHub took every call."""
    done = all(step.status == "applied" for step in steps)
    return [line for line in after.changes if line.kind in TO_DO] if done else []


def _calls(desk: Desk, found: Compared) -> tuple[Call, ...]:
    branch, environment = desk.config.protection.branch, desk.config.publish.environment
    return calls(found.changes, found.settings, found.remote, branch=branch, environment=environment)


def _hidden(change: Change) -> Change:
    if change.kind not in TO_DO:
        return change
    return msgspec.structs.replace(change, kind="unknown", permission="an answer of GitHub: `lockgate protect check`")


def _tell(step: Step, console: Console) -> None:
    if not console.quiet:
        console.say(f"lockgate: {step.status}: {step.what}")
