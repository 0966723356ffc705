"""Whether gate and scan passed for exactly one commit: as GitHub saw it, or run here on the clean tree."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lockgate.flows import scan as scans
from lockgate.flows.publishing import Desk, Wishes
from lockgate.flows.render import survey
from lockgate.gate.run import Request, run_gate
from lockgate.model.check_names import names
from lockgate.model.errors import InterruptedByUserError, LockgateError
from lockgate.model.project import Project
from lockgate.model.release import Prerequisite
from lockgate.ports import actions, clock, git, github
from lockgate.ports.console import Console
from lockgate.ports.display import open_display
from lockgate.ports.process import Cancel
from lockgate.publish import ledger as moves
from lockgate.publish import prerequisites
from lockgate.workflows.contexts import REQUIRED

# The workflow whose required checks prove it.
EVIDENCE = {"gate": "quality_gate", "scan": "security_scan"}
_FRESH = 3600.0  # seconds for which a gate that passed here need not be run again for the same commit


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What the prerequisites are asked about."""

    desk: Desk
    project: Project
    commit: str
    wishes: Wishes
    console: Console


def proved(scene: Scene, name: str) -> Prerequisite:
    """Gate or scan: as GitHub saw it for this commit, else run here on the clean tree."""
    if actions.is_here() or scene.wishes.no_run:
        try:
            return _on_github(scene, name)
        except LockgateError as error:
            return prerequisites.unknown(name, error.message, error.hint or "run it again later")
    kept = earlier(scene, name)
    if kept is not None:
        return prerequisites.passed(name, f"passed here earlier, at {kept}")
    if git.is_dirty(git.top(scene.project.root) or scene.project.root) is not False:
        return prerequisites.unknown(name, "not run: the tree is not this commit", "make it clean")
    scene.console.say(f"lockgate: running the {name} for {scene.commit[:12]}")
    cancel = Cancel()
    if name == "gate":
        with open_display(scene.console) as display:
            result = run_gate(Request(project=scene.project, fresh=True, keep_going=True), display, cancel)
        verdict, ended = result.report.verdict, result.interrupted
        bad = [one.name for one in result.report.checks if one.status not in {"pass", "not-run"}]
    else:
        wanted = scans.Wishes(folder=scene.wishes.directory, config_file=scene.wishes.config_file, fresh=True)
        report, _, _ = scans.look(wanted, scene.console, cancel)
        verdict, ended = report.verdict, cancel.requested()
        bad = [one.name for one in report.scanners if one.status not in {"pass", "not-run"}]
    if ended:
        raise InterruptedByUserError("interrupted; nothing was planned")
    moved = git.changed(git.top(scene.project.root) or scene.project.root)
    if verdict == "fail":
        return prerequisites.failed(name, f"{', '.join(bad)}: fail", f"`lockgate {name}` shows it")
    if git.head(scene.project.root) != scene.commit or moved != ():
        what = ", ".join((moved or ("HEAD",))[:3])
        return prerequisites.unknown(
            name, f"the tree changed while it ran: {what}", "ignore or leave it, and plan again"
        )
    if verdict == "unknown":
        return prerequisites.unknown(name, f"{', '.join(bad)}: unknown", f"`lockgate {name}` shows it")
    return prerequisites.passed(name, f"passed here for {scene.commit[:12]}")


def earlier(scene: Scene, name: str) -> str | None:
    """When it passed here for this commit, if that is not long ago."""
    since = moves.stamp(clock.now() - _FRESH)
    steps = scene.desk.ledger.steps if scene.desk.ledger else ()
    mine = [one for one in steps if (one.name, one.status) == (name, "pass") and one.detail.startswith(scene.commit)]
    return next((one.at for one in reversed(mine) if since <= one.at <= moves.stamp(clock.now())), None)


def _on_github(scene: Scene, name: str) -> Prerequisite:
    """By the check runs of this commit."""
    where = github.place(git.remote_url(scene.project.root))
    client = github.GitHub(where.api, github.token()[0])
    workflow = EVIDENCE[name]
    rendered = next(file for file in survey(scene.project).files if file.name == workflow)
    jobs = (rendered.document or {}).get("jobs", {})
    required = [one for job in REQUIRED[workflow] if job in jobs for one in names(job, jobs[job])]
    runs = client.pages(f"/repos/{where.repository}/commits/{scene.commit}/check-runs", filter="all")
    return prerequisites.check_runs(name, (run for run in runs if isinstance(run, Mapping)), required, scene.commit)
