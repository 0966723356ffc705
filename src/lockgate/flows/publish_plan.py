"""`lockgate publish plan`: gather what is known of every prerequisite, judge all of them, keep the answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lockgate.flows.publish_evidence import EVIDENCE, Scene, earlier, proved
from lockgate.flows.publishing import Desk, Wishes, again, desk, tell
from lockgate.flows.rehearsal import NAME as REHEARSAL
from lockgate.gate.declared import version_from_git
from lockgate.model.errors import LockgateError, UnknownError, UsageError
from lockgate.model.gate import Check
from lockgate.model.project import Project, normalize
from lockgate.model.release import Ledger, Prerequisite, PublishReport
from lockgate.model.verdict import Verdict
from lockgate.ports import actions, checkout, clock, git, github, history, origin
from lockgate.ports.console import Console
from lockgate.ports.display import open_display
from lockgate.ports.http import exchange
from lockgate.ports.index import Listed, project_files, release_files
from lockgate.ports.installer import Errand, NoEnvironmentError
from lockgate.ports.interpreters import Finder
from lockgate.ports.process import Cancel
from lockgate.ports.relay import reason
from lockgate.ports.state import open_state, run_folder
from lockgate.publish import changelog, prerequisites
from lockgate.publish import ledger as moves
from lockgate.publish.contents import metadata_of
from lockgate.publish.places import place_of
from lockgate.publish.workshop import Order, Workshop, requires
from lockgate.workflows.files import PATHS

_T = TypeVar("_T")
_LIMIT = 30.0
_CONFIRMED = "confirmed publisher"


def plan(wishes: Wishes, console: Console) -> int:
    """See every prerequisite, and write the answer into the ledger; returns the exit code.

    Raises:
        LockgateError: See its subclasses; the ledger is then as it was.
    """
    begun = clock.monotonic()
    with desk(wishes, console) as at:
        scene = _scene(at, wishes, console)
        release = _release(scene)
        if at.ledger is not None and at.ledger.state in {"released", "burned"}:
            found = at.ledger
        else:
            moves.planned(at.ledger, release, (), 0)  # refuses what may not be planned over, before anything runs
            known = _known(scene, release.tag)
            runs = [proved(scene, name) for name in EVIDENCE]
            ledger = moves.planned(at.ledger, release, (*known, *runs), clock.now())
            if "publisher" in wishes.confirm:
                ledger = moves.noted(ledger, _CONFIRMED, "pass", clock.now(), at.index)
            for one in runs:
                if one.status == "pass" and earlier(scene, one.name) is None:
                    ledger = moves.noted(ledger, one.name, "pass", clock.now(), f"{scene.commit}: {one.detail}")
            at.store.write(ledger)
            found = ledger
        enforced = scene.project.config.phase.publishing == "enforce"
        wrong = moves.different(found, at.store.hashes()) if found.files else ()
        verdict: Verdict = "fail" if found.state == "burned" or wrong else moves.verdict(found)
        report = PublishReport(
            verdict=verdict,
            enforced=enforced,
            command="plan",
            dry_run=wishes.dry_run,
            seconds=round(clock.monotonic() - begun, 3),
            folder=str(at.store.folder),
            ledger=found,
            reason=f"{at.store.dist}: {'; '.join(wrong)}" if wrong else found.reason,
            next=None if wrong else again(wishes, found),
        )
    return tell(report, wishes, console)


def _scene(at: Desk, wishes: Wishes, console: Console) -> Scene:
    project = at.project
    if project is None:
        raise UsageError(
            f"there is no package in {wishes.directory.resolve()}", "run it in the package's clone: -C DIR"
        )
    if not project.is_package:
        raise UsageError("pyproject.toml has no [build-system]: there is nothing to release", "add one")
    commit = git.head(project.root)
    if commit is None:
        raise UsageError(f"{project.root} is in no git repository, or nothing is committed", "a release is of a commit")
    if at.ledger is not None and at.ledger.files and actions.is_here():
        # Built files are of the commit that they were built from, wherever the branch is by now.
        commit = at.ledger.commit
    strange = set(wishes.confirm) - {"publisher", ""}
    if strange:
        raise UsageError(f"--confirm {min(strange)}: nothing of that name waits for it", "--confirm publisher")
    return Scene(desk=at, project=project, commit=commit, wishes=wishes, console=console)


def _release(scene: Scene) -> Ledger:
    """The release as it would be planned now."""
    root, project = scene.project.root, scene.project
    name = normalize(project.name)
    here = origin.tags(root)
    configured = project.config.publish.tag
    return Ledger(
        project=name,
        version=scene.desk.version,
        commit=scene.commit,
        source_date_epoch=checkout.made_at(root, scene.commit) or 0,
        tag=prerequisites.tag_name(scene.desk.version, name, here, configured),
        index=scene.desk.index,
        prerequisites=(),
    )


def _known(scene: Scene, tag: str) -> list[Prerequisite]:
    """All that can be looked up; each shown as soon as it is known."""
    root, branch = scene.project.root, scene.project.config.protection.branch
    remote = _asked(lambda: origin.look(root, branch))
    listed = _asked(lambda: _listed(scene))

    def of_tag() -> Prerequisite:
        there = remote.tags if isinstance(remote, origin.Origin) else None
        return prerequisites.tag(tag, scene.commit, origin.tags(root), there)

    def of_branch() -> Prerequisite:
        seen = _answered(remote)
        contained = origin.has(root, seen, branch, scene.commit)
        return prerequisites.branch(f"{seen.remote}/{branch}", scene.commit, seen.tip, contained=contained)

    def of_index() -> Prerequisite:
        files = _answered(listed)
        digests = None if files is None else {one.name: one.sha256 for one in files.values()}
        return prerequisites.index(scene.desk.index, digests, scene.desk.version, scene.desk.ledger)

    display = open_display(scene.console)
    asked: dict[str, Callable[[], Prerequisite]] = {
        "version": lambda: _built_version(scene) or _version(scene, partial(display.noted, "version")),
        "tag": of_tag,
        "tree": lambda: _built_from(scene) or prerequisites.tree(git.changed(git.top(root) or root)),
        "branch": of_branch,
        "changelog": lambda: _changelog(scene),
        "name": lambda: prerequisites.name(scene.project.name, _classifiers(scene.project)),
        "index": of_index,
        "publisher": lambda: _publisher(scene, listed),
    }
    found = []
    with display:
        display.planned(dict.fromkeys(asked, 0.0))
        for name, ask in asked.items():
            begun = clock.monotonic()
            display.started(name)
            try:
                answer = ask()
            except UnknownError as error:
                answer = prerequisites.unknown(name, error.message, error.hint or "run it again later")
            found.append(answer)
            status = "unknown" if answer.status == "confirm" else answer.status
            seconds = round(clock.monotonic() - begun, 3)
            display.finished(Check(name=name, status=status, seconds=seconds, reason=answer.detail), "")
    return found


def _built_version(scene: Scene) -> Prerequisite | None:
    """What was built says itself which version it is."""
    ledger = scene.desk.ledger
    return prerequisites.passed("version", f"{ledger.version}, by its built files") if ledger and ledger.files else None


def _built_from(scene: Scene) -> Prerequisite | None:
    """Another commit's files are continued: the working tree has no say in them."""
    if git.head(scene.project.root) == scene.commit:
        return None
    return prerequisites.passed("tree", f"its files are built, from {scene.commit[:12]}")


def _version(scene: Scene, say: Callable[[str], None]) -> Prerequisite:
    """The package's own version: as written, else as its backend says."""
    project, asked = scene.project, scene.desk.version
    written = project.document.get("project", {}).get("version")
    if isinstance(written, str):
        return prerequisites.version(asked, written, "pyproject.toml")
    told = asked if version_from_git(project) else None
    try:
        with run_folder(open_state(project.root)) as folder:
            inside = checkout.check_out(project.root, scene.commit, folder / "tree")
            shop = Workshop(order_of(project, project.root, scene.commit, told), folder, Errand(Cancel(), say, say))
            own = metadata_of(shop.build(inside, folder / "out", "sdist"))["version"] or ""
    except NoEnvironmentError as error:
        if error.status == "fail":
            return prerequisites.failed(
                "version", f"the backend does not say: {error.reason}", "see `uv build --sdist`"
            )
        return prerequisites.unknown("version", f"the backend could not be asked: {error.reason}", "run it again")
    where = "its backend" + (", which was told it: the tag comes last" if told else "")
    return prerequisites.version(asked, own, where)


def order_of(project: Project, root: Path, commit: str, told: str | None) -> Order:
    """How the project is built: with the newest of its Pythons; `root` is the package's folder in the clone."""
    minor = project.pythons[-1]
    found = Finder(open_state(root) / "cache" / "interpreters.json").find(minor)
    return Order(
        requires=requires(project.document),
        python=found.path if found else minor,
        epoch=checkout.made_at(root, commit) or 0,
        told=told,
    )


def _classifiers(project: Project) -> list[str]:
    found = project.document.get("project", {}).get("classifiers", [])
    return [str(one) for one in found]


def _changelog(scene: Scene) -> Prerequisite:
    """Of the commit, not of the working tree."""
    root = scene.project.root
    for name in changelog.NAMES:
        content = history.content(root, f"{scene.commit}:./{name}")
        if content is not None:
            text = content.decode("utf-8", errors="replace")
            found = changelog.section(text, scene.desk.version, scene.project.name)
            return prerequisites.changelog(name, found, scene.desk.version)
    return prerequisites.changelog(None, None, scene.desk.version)


def _asked(ask: Callable[[], _T]) -> _T | UnknownError:
    """The answer, or why there is none: more than one prerequisite needs it."""
    try:
        return ask()
    except UnknownError as error:
        return error


def _answered(answer: _T | UnknownError) -> _T:
    if isinstance(answer, UnknownError):
        raise answer
    return answer


def _listed(scene: Scene) -> dict[str, Listed] | None:
    """The project's files on the index, None when it has no such project.

    Raises:
        UnknownError: It does not answer, or not as an index does.
    """
    address, name = scene.desk.index, normalize(scene.project.name)
    if address == REHEARSAL:
        return _rehearsed(scene.desk.store.folder / "index", name)
    try:
        # The JSON API is ahead of the list that installers read, which alone knows the provenance.
        ahead = release_files(place_of(address).about(name, scene.desk.version), _LIMIT)
        return ahead | project_files(f"{address}/simple", name, _LIMIT, fresh=True) or None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{address} did not say what it has: {reason(error)}"
        raise UnknownError(said, "see that it can be reached") from None


def _rehearsed(folder: Path, name: str) -> dict[str, Listed] | None:
    """What an earlier rehearsal of this release left on the embedded index."""
    if not folder.exists():
        return None
    from lockgate.loopback.index import Index  # keys and certificates, for rehearsals only

    found = Index(folder).files(name).values()
    return {one.name: Listed(one.name, "", one.sha256) for one in found} or None


def _publisher(scene: Scene, listed: dict[str, Listed] | UnknownError | None) -> Prerequisite:
    if scene.desk.index == REHEARSAL:
        return prerequisites.passed("publisher", "a rehearsal: the embedded index takes this repository for it")
    repository = None
    with contextlib.suppress(LockgateError):
        repository = github.place(git.remote_url(scene.project.root)).repository
    steps = scene.desk.ledger.steps if scene.desk.ledger else ()
    kept = any((one.name, one.detail) == (_CONFIRMED, scene.desk.index) for one in steps)
    return prerequisites.publisher(
        _provenance(listed),
        repository,
        Path(PATHS["publish"]).name,
        scene.project.config.publish.environment,
        confirmed="publisher" in scene.wishes.confirm or kept,
    )


def _provenance(listed: dict[str, Listed] | UnknownError | None) -> Mapping[str, Any] | str:
    """Who published the last release, by the index's provenance (PEP 740); else why that is not known."""
    if isinstance(listed, UnknownError):
        return listed.message
    if not listed:
        return "no release is there yet"
    dated = {name: prerequisites.version_of(name) for name in listed}
    last = max((version for version in dated.values() if version is not None), default=None)
    addresses = [listed[name].provenance for name, version in dated.items() if version == last]
    address = next((one for one in addresses if one), None)
    if address is None:
        return f"its last release, {last}, has no provenance"
    try:
        answer = exchange("GET", address, limit=_LIMIT)
        found = msgspec.convert(answer.json(), dict[str, Any])["attestation_bundles"][0]["publisher"]
        return msgspec.convert(found, dict[str, Any])
    except (OSError, ValueError, LookupError, TypeError) as error:
        return f"the provenance of {last} cannot be read: {type(error).__name__}"
