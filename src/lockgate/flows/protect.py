"""`lockgate protect`: the table and the rendered workflows against what GitHub has."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from lockgate.flows import traps
from lockgate.flows.protect_look import Compared, Desk, compare
from lockgate.flows.protect_rounds import carry_out, in_vain, interrupted, not_kept
from lockgate.flows.render import survey
from lockgate.flows.replay import replay as replayed
from lockgate.model.config import Config
from lockgate.model.errors import LockgateError, UsageError
from lockgate.model.protection import TO_DO, Plan, ProtectReport, Scope, Step, verdict_of
from lockgate.model.verdict import EXIT_CODES
from lockgate.ports import git
from lockgate.ports.console import Console
from lockgate.ports.files import write_atomic
from lockgate.ports.github import place
from lockgate.ports.github_app import connect
from lockgate.ports.pyproject import read_project
from lockgate.protect import replay_words, words
from lockgate.protect.difference import continues
from lockgate.protect.traps import find
from lockgate.workflows.contexts import required
from lockgate.workflows.quality import PROTECTION

_REFUSED = 4
_NOBODY = "no token"
_IN_VAIN = "GitHub took the call, and reading does not show it: lockgate protect check"


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    folder: Path
    format_: str = "text"
    out: Path | None = None
    plan_file: Path | None = None
    yes: bool = False
    replay: int = 0


def plan(wishes: Wishes, console: Console) -> int:
    """Show what `apply` would change; returns the exit code: 0 nothing, 1 something, 3 not all could be seen.

    Raises:
        LockgateError: See its subclasses.
    """
    desk = _desk(wishes, console)
    found = _judged(desk, compare(desk), console, wishes.replay)
    if wishes.out is not None:
        content = msgspec.json.format(msgspec.json.encode(_plan(desk, found)), indent=2) + b"\n"
        try:
            write_atomic(wishes.out, content)
        except OSError as error:
            raise UsageError(f"--out {wishes.out}: {error.strerror or error}") from error
    report = _show(desk, found, wishes, console)
    if wishes.out is not None and any(change.kind in TO_DO for change in found.changes):
        console.say(f"lockgate: review {wishes.out}, then run `lockgate protect apply {wishes.out}`")
    return EXIT_CODES[report.verdict]


def check(wishes: Wishes, console: Console) -> int:
    """The same as a gate: in phase `observe` or `off` its exit code is 0.

    Raises:
        LockgateError: See its subclasses.
    """
    desk = _desk(wishes, console)
    report = _show(desk, compare(desk), wishes, console)
    return EXIT_CODES[report.verdict] if report.enforced else 0


def apply(wishes: Wishes, console: Console) -> int:
    """Make it so, and prove it by reading again; returns the exit code.

    Raises:
        LockgateError: The plan does not fit any more, is not confirmed, or would lock everybody out.
    """
    reviewed = None if wishes.plan_file is None else _reviewed(wishes.plan_file)
    desk = _desk(wishes, console)
    found = compare(desk)
    if reviewed is not None:
        _refuse_another(reviewed, _plan(desk, found))
    found = _judged(desk, found, console)
    todo = [change for change in found.changes if change.kind in TO_DO]
    locked = next((trap for trap in found.traps if trap.status == "fail"), None)
    if locked is not None:
        _show(desk, found, wishes, console)
        raise LockgateError(f"nothing was applied: {locked.message}", locked.remedy)
    if todo and reviewed is None and not wishes.yes:
        _ask(desk, found, console)
        if compare(desk).remote.digest() != found.remote.digest():
            raise LockgateError("the repository has changed meanwhile: nothing was applied", "run it again")
    steps: tuple[Step, ...] = ()
    if todo:
        before = found
        steps, found = carry_out(desk, before, console)
        steps += tuple(Step(f"keep {one.key}", "refused", "GitHub did not keep it") for one in not_kept(before, found))
        steps += tuple(Step(f"set {one.key}", "unknown", _IN_VAIN) for one in in_vain(steps, found))
        try:
            found = _judged(desk, found, console)
        except KeyboardInterrupt:
            raise interrupted(steps) from None
    report = _show(desk, found, wishes, console, steps)
    ends = set({step.what: step.status for step in steps}.values())  # what was tried again ended as it did then
    # A server that fails at every try has refused nothing, and promised nothing.
    return _REFUSED if "refused" in ends else EXIT_CODES["unknown" if "unknown" in ends else report.verdict]


def _judged(desk: Desk, found: Compared, console: Console, merges: int = 0) -> Compared:
    """The same, with the traps that are set, and the last merges under the planned rules."""
    assert desk.rendered is not None  # noqa: S101  (see `_desk`)
    if not console.quiet:
        console.say("lockgate: looking for traps in the workflows, on GitHub and on the index")
    facts = traps.facts(desk.config, desk.rendered, desk.contexts, desk.github, desk.repository)
    replay = None
    if merges:
        rules = traps.rules(desk.config, desk.rendered, desk.contexts)
        branch = desk.config.protection.branch
        replay = replayed(desk.github, desk.repository, branch, rules, facts.writers, merges, console)
    return msgspec.structs.replace(found, traps=find(facts), replay=replay)


def _desk(wishes: Wishes, console: Console) -> Desk:
    project = read_project(wishes.folder)
    rendered = survey(project)
    where = place(git.remote_url(project.root))
    if not console.quiet:
        console.say(f"lockgate: reading the rules of {where.repository} at {where.api}")
    github, credential = connect(where.api, where.repository, lambda text: console.say(f"lockgate: {text}"))
    if credential == _NOBODY and not console.quiet:
        console.say(
            f"lockgate: there is {_NOBODY}, and GitHub shows its rules to few: {_token_for(project.config)}", "unknown"
        )
    return Desk(
        config=project.config,
        contexts=required({file.name: file.document for file in rendered.files if file.document is not None}),
        github=github,
        credential=credential,
        repository=where.repository,
        reviewers_at=project.where("publish", "reviewers"),
        rendered=rendered,
    )


def _token_for(config: Config) -> str:
    name = config.protection.app or config.protection.token or "GH_TOKEN"
    return (
        "gh auth login, or a fine-grained token in GH_TOKEN that may read Administration, Actions, Environments and"
        f" Secrets; for the scheduled check: gh secret set {name} --env {PROTECTION}"
    )


def _plan(desk: Desk, found: Compared) -> Plan:
    return Plan(
        api=desk.github.api,
        repository=found.remote.repository["full_name"],
        branch=desk.config.protection.branch,
        kind=desk.config.protection.kind,
        digest=found.remote.digest(),
        changes=found.changes,
        traps=found.traps,
    )


def _reviewed(path: Path) -> Plan:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan, strict=True)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: no plan of lockgate: {error}", "lockgate protect plan --out FILE") from None


def _refuse_another(reviewed: Plan, now: Plan) -> None:
    """Refuse a plan that is not, or not the rest of, what would be done now."""
    if reviewed.schema != now.schema:
        raise UsageError(f"the plan is {reviewed.schema}, and not {now.schema}", "lockgate protect plan --out FILE")
    place = (now.api, now.repository, now.branch, now.kind)
    if (reviewed.api, reviewed.repository, reviewed.branch, reviewed.kind) != place:
        raise UsageError(
            f"the plan is for {reviewed.repository}, {reviewed.branch} ({reviewed.kind}) at {reviewed.api}, "
            f"and this is {now.repository}, {now.branch} ({now.kind}) at {now.api}"
        )
    if reviewed.digest == now.digest and reviewed.changes == now.changes:
        return
    # Half applied before: then what is left is all there is.
    if reviewed.digest != now.digest and reviewed.changes != now.changes and continues(reviewed.changes, now.changes):
        return
    what = "the table has" if reviewed.digest == now.digest else f"{now.repository} has"
    raise LockgateError(
        f"{what} changed since the plan was made: nothing was applied",
        "make it again and review it: `lockgate protect plan --out FILE`",
    )


def _ask(desk: Desk, found: Compared, console: Console) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody is here to be asked whether to apply the plan",
            "save it, review it and apply that file (`lockgate protect plan --out FILE`), or give --yes",
        )
    report = _report(desk, found)
    console.say(words.render(report, lambda text, style: console.paint(text, style, stream=sys.stderr)).rstrip())
    console.say("lockgate: apply this? [y/N]")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise LockgateError("nothing was applied: the answer was no")


def _report(desk: Desk, found: Compared, steps: tuple[Step, ...] = ()) -> ProtectReport:
    return ProtectReport(
        verdict=verdict_of(found.changes, found.traps),
        enforced=desk.config.phase.protection == "enforce",
        scope=Scope(unseen=tuple(change.key for change in found.changes if change.kind == "unknown")),
        api=desk.github.api,
        repository=found.remote.repository["full_name"],
        branch=desk.config.protection.branch,
        kind=desk.config.protection.kind,
        credential=desk.credential,
        digest=found.remote.digest(),
        changes=found.changes,
        traps=found.traps,
        steps=steps,
        replay=found.replay,
    )


def _show(desk: Desk, found: Compared, wishes: Wishes, console: Console, steps: tuple[Step, ...] = ()) -> ProtectReport:
    report = _report(desk, found, steps)
    if wishes.format_ == "json":
        console.document(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        if report.replay is not None:
            console.result(replay_words.render(report.replay, report.branch, console.paint))
        console.result(words.render(report, console.paint, quiet=console.quiet, verbose=console.verbose))
    return report
