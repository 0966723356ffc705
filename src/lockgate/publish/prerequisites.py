"""From what was gathered to what it means for a release: one function per prerequisite (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from lockgate.model.release import Ledger, Prerequisite
from lockgate.model.verdict import Status

_FAILED = frozenset({"failure", "timed_out", "action_required", "startup_failure"})
_SHOWN = 3
_BAD: Mapping[Status, int] = {"fail": 0, "unknown": 1}


def passed(name: str, detail: str) -> Prerequisite:
    """One that holds."""
    return Prerequisite(name=name, status="pass", detail=detail)


def failed(name: str, detail: str, remedy: str) -> Prerequisite:
    """One that does not."""
    return Prerequisite(name=name, status="fail", detail=detail, remedy=remedy)


def unknown(name: str, detail: str, remedy: str) -> Prerequisite:
    """One of which nothing is known."""
    return Prerequisite(name=name, status="unknown", detail=detail, remedy=remedy)


def version(asked: str, own: str, where: str) -> Prerequisite:
    """The package's version is the one that is asked for."""
    try:
        known = str(Version(own))
    except InvalidVersion:
        return failed("version", f"{where} says {own!r}, which is no version (PEP 440)", "write one like 1.2.0")
    if known != asked:
        return failed("version", f"{where} says {own}, not {asked}", f"commit version {asked}, or release {own}")
    if Version(asked).local:
        return failed(
            "version", f"{asked} is a local version, which no public index takes", "leave out the part from +"
        )
    return passed("version", f"{own}, by {where}")


def tag_name(asked: str, name: str, existing: Collection[str], configured: str | None) -> str:
    """What the release's tag is called: as configured, else as the newest of the existing tags, else `v1.2.0`."""
    if configured is not None:
        return configured.replace("{version}", asked)
    newest: tuple[Version, str] | None = None
    for tag in existing:
        prefix = next(
            (one for one in (f"{name}-v", f"{name}-", f"{name}/v", f"{name}@", "v", "") if tag.startswith(one)), ""
        )
        try:
            known = Version(tag.removeprefix(prefix))
        except InvalidVersion:
            continue
        newest = max(newest or (known, prefix), (known, prefix))
    return f"{'v' if newest is None else newest[1]}{asked}"


def tag(name: str, commit: str, here: Mapping[str, str], there: Mapping[str, str] | None) -> Prerequisite:
    """The tag is free, or at this commit; `here` and `there` are commits by tag, None where nobody answers."""
    for whose, tags in (("here", here), ("on the remote", there or {})):
        if tags.get(name, commit) != commit:
            return failed(
                "tag",
                f"{name} is at {tags[name][:12]} {whose}, not at {commit[:12]}",
                "release the next version: a tag that people may have fetched is not moved",
            )
    if there is None:
        return unknown("tag", f"{name}: the remote did not say which tags it has", "see that the remote can be reached")
    taken = name in here or name in there
    return passed("tag", f"{name} is at this commit already" if taken else f"{name} is free")


def tree(changed: Sequence[str] | None) -> Prerequisite:
    """Nothing differs from the commit; `changed` are the paths that do."""
    if changed is None:
        return unknown("tree", "git does not say what has changed", "see that `git status` works here")
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        return failed("tree", f"not clean: {', '.join(changed[:_SHOWN])}{more}", "commit it, or take it away")
    return passed("tree", "clean")


def branch(name: str, commit: str, tip: str | None, *, contained: bool | None) -> Prerequisite:
    """The commit is on the protected branch, as the remote has it; `contained` is None when that cannot be told."""
    if tip is None:
        return failed("branch", f"the remote has no branch {name}", "push it, or set [tool.lockgate.protection] branch")
    if contained is None:
        return unknown(
            "branch", f"whether {commit[:12]} is on {name}: the history is not all here", "git fetch --unshallow"
        )
    if not contained:
        return failed("branch", f"{commit[:12]} is not on the remote's {name}", f"merge it, and release from {name}")
    return passed("branch", f"{commit[:12]} is on {name}" + (", its tip" if commit == tip else ""))


def changelog(path: str | None, section: str | None, asked: str) -> Prerequisite:
    """A heading of the changelog is of this version."""
    if path is None:
        return failed("changelog", "there is none", f"write CHANGELOG.md, with a heading `## {asked}`")
    if section is None:
        return failed("changelog", f"{path} has no heading of {asked}", f"say what is new, under `## {asked}`")
    return passed("changelog", f"{path} has {asked}" if section else f"{path} has {asked}, but says nothing of it")


def name(given: str, classifiers: Collection[str]) -> Prerequisite:
    """The project's name is one that an index takes."""
    if re.fullmatch(r"(?i)[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9]", given) is None:
        return failed("name", f"{given!r} is no name for a project", "use letters, digits, -, _ and .")
    private = [one for one in classifiers if one.startswith("Private ::")]
    if private:
        return failed("name", f"the classifier {private[0]!r} forbids publishing", "take the classifier out, if it may")
    return passed("name", given)


def index(address: str, listed: Mapping[str, str | None] | None, asked: str, ledger: Ledger | None) -> Prerequisite:
    """No file of the version is on the index but the ledger's; `listed` is sha256 by name, None for a new project."""
    mine = {one.name: one.sha256 for one in ledger.files} if ledger else {}
    there = [one for one in listed or () if one in mine or version_of(one) == Version(asked)]
    foreign = [one for one in there if (listed or {})[one] != mine.get(one, "")]
    if foreign:
        what = "with other bytes" if foreign[0] in mine else "and not from this ledger"
        return failed(
            "index",
            f"{address} has {foreign[0]} already, {what}: a name is taken for ever",
            "continue with the ledger that has these files (on GitHub: resume-run-id), or release the next version",
        )
    if there:
        return passed("index", f"{len(there)} of {len(mine)} files are there already, with the same bytes")
    unseen = "; names of deleted files are taken too, but no index shows those"
    return passed(
        "index", f"{address} has {'no such project yet' if listed is None else f'no file of {asked}'}{unseen}"
    )


def version_of(filename: str) -> Version | None:
    """The version that a distribution file is of."""
    try:
        return parse_wheel_filename(filename)[1] if filename.endswith(".whl") else parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        older = re.match(r"[^-]+-([^-]+?)(?:-py3|\.(?:tar\.\w+|zip|egg|exe|msi|rpm))", filename)
        try:
            return Version(older[1]) if older else None
        except InvalidVersion:
            return None


def publisher(
    evidence: Mapping[str, Any] | str, repository: str | None, workflow: str, environment: str, *, confirmed: bool
) -> Prerequisite:
    """The index trusts this repository's workflow: `evidence` is the last release's publisher, or why there is none."""
    wanted = f"repository {repository or '?'}, workflow {workflow}, environment {environment}"
    if isinstance(evidence, str):
        detail = f"an index does not tell ({evidence})"
    else:
        seen = (str(evidence.get("repository")).lower(), evidence.get("workflow"), evidence.get("environment"))
        if seen == ((repository or "").lower(), workflow, environment):
            return passed("publisher", f"the last release came from {repository}, {workflow}")
        detail = f"the last release came from {evidence.get('repository')}, {evidence.get('workflow')}"
        detail += f", environment {evidence.get('environment') or 'none'}"
    if confirmed:
        return passed("publisher", f"confirmed by hand: {wanted}")
    remedy = f"see that the index has the trusted publisher {wanted}; then add --confirm publisher"
    return Prerequisite(name="publisher", status="confirm", detail=detail, remedy=remedy)


def check_runs(name: str, runs: Iterable[Mapping[str, Any]], required: Sequence[str], commit: str) -> Prerequisite:
    """The latest attempt of every required check of this commit succeeded; only what GitHub Actions says counts."""
    latest: dict[str, Mapping[str, Any]] = {}
    others: set[str] = set()
    for run in runs:
        if run.get("head_sha", commit) != commit or run.get("name") not in required:
            continue
        if (run.get("app") or {}).get("slug") != "github-actions":
            others.add(str(run["name"]))
            continue
        before = latest.get(run["name"])
        if before is None or _attempt(run) > _attempt(before):
            latest[run["name"]] = run
    found = [(_judged(latest.get(one)), one) for one in required]
    bad = sorted((one for one in found if one[0][0] != "pass"), key=lambda one: _BAD.get(one[0][0], 1))
    if not required:
        return unknown(name, "no check is required", "run `lockgate render`")
    if not bad:
        return passed(name, f"{len(required)} checks of this commit succeeded on GitHub")
    status = bad[0][0][0]
    words = ", ".join(
        f"{one} {said}" + (" (another app reports it, which does not count)" if one in others else "")
        for (_, said), one in bad[:_SHOWN]
    )
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    again = (
        "mend it, and release a commit that passes" if status == "fail" else "let every required check end, then again"
    )
    return Prerequisite(name=name, status="fail" if status == "fail" else "unknown", detail=words + more, remedy=again)


def _attempt(run: Mapping[str, Any]) -> tuple[str, int]:
    return str(run.get("started_at") or ""), int(run.get("id") or 0)


def _judged(run: Mapping[str, Any] | None) -> tuple[Status, str]:
    if run is None:
        return "unknown", "did not report"
    if run.get("status") != "completed":
        return "unknown", f"is {str(run.get('status')).replace('_', ' ')}"
    ended = str(run.get("conclusion"))
    return ("pass" if ended == "success" else "fail" if ended in _FAILED else "unknown"), f"ended {ended}"
