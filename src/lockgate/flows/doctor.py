"""`lockgate doctor`: what is installed, what is missing, and the command that mends it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Literal

import msgspec

from lockgate import __version__
from lockgate.flows.render import judge, survey
from lockgate.gate import declared
from lockgate.gate.plan import Selection, plan
from lockgate.model.actions import NESTED
from lockgate.model.errors import LockgateError
from lockgate.model.project import Project
from lockgate.model.verdict import Verdict
from lockgate.ports import git, github
from lockgate.ports.interpreters import Finder
from lockgate.ports.nested import locked_version
from lockgate.ports.state import open_state
from lockgate.ports.uv import find_uv

SCHEMA = "lockgate/doctor/1"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `remedy` is the next command when it is not in order."""

    name: str
    status: Literal["ok", "missing", "note"]
    found: str
    remedy: str | None = None


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/doctor/1`: unknown when something is missing that the gate needs."""

    schema: str = SCHEMA
    verdict: Verdict
    enforced: bool = True
    scope: dict[str, bool] = {}
    findings: tuple[Finding, ...]


def diagnose(project: Project) -> Diagnosis:
    """Look at everything that the gate needs; changes nothing but the memory of interpreters."""
    findings = (
        _uv(),
        _git(project.root),
        *_state_and_pythons(project),
        _table(project),
        _lock(project),
        *_workflows(project),
        *_protection(project),
        *_tools(project),
    )
    missing = any(finding.status == "missing" for finding in findings)
    return Diagnosis(verdict="unknown" if missing else "pass", findings=findings)


def _uv() -> Finding:
    try:
        path = find_uv()
    except LockgateError as error:
        return Finding("uv", "missing", error.message, error.hint)
    version, works = _version(str(path))
    if not works:
        return Finding("uv", "missing", version, "install uv anew as https://docs.astral.sh/uv/ says")
    return Finding("uv", "ok", f"{version} ({path})")


def _git(root: Path) -> Finding:
    path = shutil.which("git")
    if path is None:
        return Finding("git", "note", "not found: reports name no commit", "install git")
    version, works = _version(path)
    if not works:
        return Finding("git", "note", version, "install git")
    inside = subprocess.run([path, "rev-parse", "--git-dir"], cwd=root, capture_output=True, check=False)
    where = "" if inside.returncode == 0 else ", but this folder is in no repository"
    return Finding("git", "ok", f"{version}{where}")


def _version(command: str) -> tuple[str, bool]:
    """What the command says of its version, and whether it works."""
    try:
        done = subprocess.run([command, "--version"], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command} does not run: {error}", False
    said = done.stdout.decode(errors="replace").strip()
    return (said, True) if done.returncode == 0 else (f"{command} does not run: exit {done.returncode}", False)


def _state_and_pythons(project: Project) -> list[Finding]:
    try:
        state = open_state(project.root)
    except LockgateError as error:
        return [Finding("state", "missing", error.message, error.hint)]
    findings = [Finding("state", "ok", str(state))]
    finder = Finder(state / "cache" / "interpreters.json")
    for python in project.pythons:
        found = finder.find(python)
        if found is None:
            findings.append(
                Finding(f"Python {python}", "missing", "not on this machine", f"uv python install {python}")
            )
        else:
            findings.append(Finding(f"Python {python}", "ok", f"{found.version} ({found.path})"))
    return findings


def _table(project: Project) -> Finding:
    try:
        names = ", ".join(step.name for step in plan(project, Selection()).selected())
    except LockgateError as error:
        return Finding("checks", "missing", error.message, error.hint)
    if project.has_table:
        return Finding("checks", "ok", f"{names} (by {project.config_file})")
    return Finding("checks", "note", f"{names} (declared by the package; no [tool.lockgate])", "lockgate init")


def _lock(project: Project) -> Finding:
    if project.lock is None:
        return Finding("lock", "note", "no uv.lock: every new environment resolves anew", "uv lock")
    return Finding("lock", "ok", str(project.lock))


def _workflows(project: Project) -> list[Finding]:
    """What CI runs: the rendered files, and the lockgate that is locked for it."""
    if not project.has_table:
        return []
    try:
        found = survey(project)
        report = judge(found)
    except LockgateError as error:
        return [Finding("workflows", "note", error.message, error.hint)]
    wrong = [file.path for file in report.files if any(one.severity == "error" for one in file.problems)]
    rendered = [path for path in wrong if not path.startswith(NESTED)]
    return [
        Finding("workflows", "note", f"not as the table says: {', '.join(rendered)}", "lockgate render --diff")
        if rendered
        else Finding("workflows", "ok", "as the table says"),
        _locked_lockgate(found.root),
    ]


def _protection(project: Project) -> list[Finding]:
    """Who would ask which repository about its rules; nobody is asked, so that this works without a network."""
    remote = git.remote_url(project.root)
    if not project.has_table or project.config.phase.protection == "off" or remote is None:
        return []
    try:
        where = github.place(remote)
    except LockgateError as error:
        return [Finding("protection", "note", error.message, error.hint)]
    app = os.environ.get("LOCKGATE_APP_ID")
    credential = f"the app {app}" if app else where.credential
    found = f"{where.repository} at {where.api}, asked with {credential}"
    if credential == "no token":
        return [Finding("protection", "note", found, "gh auth login, or GH_TOKEN; then lockgate protect check")]
    return [Finding("protection", "ok", f"{found} (by lockgate protect check)")]


def _locked_lockgate(root: Path) -> Finding:
    if not (root / NESTED / "uv.lock").is_file():
        return Finding("lockgate", "note", f"not locked for CI: there is no {NESTED}/uv.lock", "lockgate init")
    version = locked_version(root)
    if version is None:
        return Finding("lockgate", "note", f"{NESTED}/uv.lock locks no lockgate", f"uv lock --project {NESTED}")
    other = "" if version == __version__ else f", but this is {__version__}"
    return Finding("lockgate", "ok", f"{version} is locked for CI{other}")


def _tools(project: Project) -> list[Finding]:
    """Tools that the checks need and the package does not declare."""
    kinds = frozenset(declared.checks(project))
    known = project.dependencies()
    findings = []
    if kinds & {"lint", "format"} and "ruff" not in known:
        findings.append(Finding("ruff", "note", "not declared: the newest is installed", "uv add --dev ruff"))
    if "types" in kinds:
        checker = declared.type_checker(project)
        if checker is None:
            findings.append(Finding("types", "missing", "no type checker is declared", "uv add --dev mypy"))
        elif checker not in known:
            findings.append(
                Finding(checker, "note", "not declared: the newest is installed", f"uv add --dev {checker}")
            )
    return findings
