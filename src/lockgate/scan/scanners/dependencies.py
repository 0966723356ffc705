"""`dependencies`: every locked package, asked of OSV by `uv audit`, through a relay that checks every answer."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from lockgate.model.finding import Finding, Severity, fingerprint
from lockgate.model.project import minor
from lockgate.ports import clock
from lockgate.ports.relay import Relay
from lockgate.scan.answer import Answer, BrokenError, answer
from lockgate.scan.context import Context, decode
from lockgate.scan.lock import Lock, read_lock

_LIMIT = 30.0  # seconds that one request may take
_MOST_PAGES = 100
_FLAGS = ("--output-format", "json", "--preview-features", "audit,json-output")
_REMEDY = "try again; `osv` in [tool.lockgate.scan] names another service"
_SEVERITIES: dict[str, Severity] = {
    "CRITICAL": "critical",
    "HIGH": "high",
    "MODERATE": "medium",
    "MEDIUM": "medium",
    "LOW": "low",
}
_PREFERRED = ("PYSEC", "GHSA", "CVE")


class _Dependency(msgspec.Struct):
    name: str
    version: str


class _Vulnerability(msgspec.Struct):
    dependency: _Dependency
    id: str
    aliases: list[str] = []
    summary: str | None = None
    link: str | None = None
    fix_versions: list[str] = []


class _Summary(msgspec.Struct):
    audited_packages: int


class _Audit(msgspec.Struct):
    summary: _Summary
    vulnerabilities: list[_Vulnerability]
    adverse_statuses: list[dict[str, Any]]


def osv(context: Context) -> Answer:
    """Ask of every locked package; without a lock, of what its requirements resolve to now."""
    if context.wishes.offline:
        raise BrokenError("no vulnerability data: --offline", "run it without --offline")
    project, notes = context.project, []
    if project.lock is None:
        folder = _resolved(context)
        lock = read_lock(folder / "uv.lock", folder)
        notes.append("no uv.lock: what the requirements resolve to today was asked of; `uv lock` makes that repeatable")
    else:
        folder = project.lock.parent
        lock = read_lock(project.lock, project.root)
    expected = {(one.name, one.version) for one in lock.packages if not one.is_local and one.version is not None}
    service = context.wishes.osv or project.config.scan.osv
    with Relay(service, check, min(_LIMIT, context.limit)) as relay:
        try:
            done = context.run(
                *("uv", "audit", "--frozen", *_FLAGS, "--service-url", relay.url, "--project", folder, "--no-config"),
                codes=frozenset({0, 1}),
                online=True,
            )
        except BrokenError as error:
            if relay.problems:
                raise BrokenError(f"{service} gave no answer: {relay.problems[0]}", _REMEDY) from error
            raise
        if relay.problems:
            raise BrokenError(f"{service} gave no answer: {relay.problems[0]}", _REMEDY)
    report = decode(done.output, _Audit, "uv audit")
    asked = _asked(relay.exchanges)
    missing = sorted(f"{name} {version}" for name, version in expected - asked)
    if missing or report.summary.audited_packages < len(expected):
        raise BrokenError(f"uv audit did not ask of {missing[0] if missing else 'every package'}", "update uv")
    findings = _findings(report, relay.exchanges, lock)
    notes.append(f"{len(expected)} packages asked of {service}")
    # Without any dependency there is nothing to ask.
    return answer(findings, max(1, len(expected)), tuple(notes), relay.answered or clock.now())


def check(path: str, asked: Any, given: Any) -> str | None:  # noqa: ANN401  (JSON)
    """What is wrong with an answer of an OSV service."""
    if path.startswith("/v1/querybatch"):
        results = given.get("results") if isinstance(given, dict) else None
        if not isinstance(results, list):
            return "the answer holds no results"
        if len(results) != len(asked["queries"]):
            return f"{len(results)} results for {len(asked['queries'])} questions"
        for result in results:
            vulns = result.get("vulns", []) if isinstance(result, dict) else None
            if not isinstance(vulns, list) or not all(
                isinstance(one, dict) and isinstance(one.get("id"), str) for one in vulns
            ):
                return "a result is no list of advisories"
        return None
    wanted = path.rpartition("/")[2]
    if not isinstance(given, dict) or given.get("id") != wanted or not isinstance(given.get("affected"), list):
        return f"the answer is not the advisory {wanted}"
    return None


def _asked(exchanges: list[tuple[str, Any, Any]]) -> set[tuple[str, str]]:
    """Name and version of every package that was asked of, and whose answer came to its last page."""
    open_pages: dict[tuple[str, str], bool] = {}
    for path, asked, given in exchanges:
        if path.startswith("/v1/querybatch"):
            for query, result in zip(asked["queries"], given["results"], strict=True):
                key = (query["package"]["name"], query["version"])
                open_pages[key] = bool(result.get("next_page_token"))
    return {key for key, is_open in open_pages.items() if not is_open}


def _findings(report: _Audit, exchanges: list[tuple[str, Any, Any]], lock: Lock) -> tuple[Finding, ...]:
    advisories = {path.rpartition("/")[2]: given for path, _, given in exchanges if path.startswith("/v1/vulns/")}
    by_package: dict[tuple[str, str], list[set[str]]] = {}
    found: dict[str, Finding] = {}
    for one in report.vulnerabilities:
        advisory = advisories.get(one.id, {})
        if advisory.get("withdrawn"):
            continue
        ids = {one.id, *one.aliases}
        groups = by_package.setdefault((one.dependency.name, one.dependency.version), [])
        # CVE, GHSA and PYSEC of one flaw come as separate advisories.
        known = next((group for group in groups if group & ids), None)
        if known is not None:
            known |= ids
            continue
        groups.append(ids)
        finding = _finding(one, ids, advisory, lock)
        found[f"{finding.fingerprint} {finding.version}"] = finding
    statuses = [_adverse(one, lock) for one in report.adverse_statuses]
    return (*found.values(), *statuses)


def _finding(one: _Vulnerability, ids: set[str], advisory: dict[str, Any], lock: Lock) -> Finding:
    name, version = one.dependency.name, one.dependency.version
    main = min(ids, key=lambda id_: (_rank(id_), id_))
    fixed = one.fix_versions[0] if one.fix_versions else None
    package = next((each for each in lock.packages if each.name == name and each.version == version), None)
    return Finding(
        scanner="dependencies",
        rule=main,
        severity=_severity(advisory),
        message=f"{name} {version}: {one.summary or 'a known vulnerability'}",
        path=lock.path if package is not None else None,
        line=package.line if package is not None else None,
        package=name,
        version=version,
        fixed_in=fixed,
        fingerprint=fingerprint("dependencies", main, name),
        help=f"uv lock --upgrade-package {name}"
        if fixed
        else f"no version is fixed yet: replace {name}, or waive {main}",
        url=f"https://osv.dev/vulnerability/{one.id}",
        aliases=tuple(sorted(ids - {main})),
        tools=("uv audit",),
    )


def _adverse(given: dict[str, Any], lock: Lock) -> Finding:
    """A package that its index has archived, deprecated or quarantined."""
    inner = given.get("dependency")
    dependency = inner if isinstance(inner, dict) else given
    name, status = str(dependency.get("name", "?")), str(given.get("status", "adverse"))
    package = next((each for each in lock.packages if each.name == name), None)
    return Finding(
        scanner="dependencies",
        rule=f"project-{status}",
        severity="high" if status == "quarantined" else "low",
        message=f"{name}: the index calls the project {status}",
        path=lock.path,
        line=package.line if package is not None else None,
        package=name,
        version=package.version if package is not None else None,
        fingerprint=fingerprint("dependencies", f"project-{status}", name),
        help=f"replace {name}",
        tools=("uv audit",),
    )


def _rank(id_: str) -> int:
    return next((n for n, prefix in enumerate(_PREFERRED) if id_.startswith(prefix)), len(_PREFERRED))


def _severity(advisory: dict[str, Any]) -> Severity:
    """As the advisory's database says, else from its CVSS vector, else high."""
    specific = advisory.get("database_specific")
    named = str(specific.get("severity", "")).upper() if isinstance(specific, dict) else ""
    if named in _SEVERITIES:
        return _SEVERITIES[named]
    vectors = " ".join(str(one.get("score", "")) for one in advisory.get("severity") or [] if isinstance(one, dict))
    worst = len(re.findall(r"/(?:V?[CIA]):H", vectors))
    if not vectors:
        return "high"
    remote = "AV:N" in vectors and "PR:N" in vectors and "UI:N" in vectors
    return "critical" if worst > 1 and remote else "high" if worst else "medium"


def _resolved(context: Context) -> Path:
    """A folder with a lock of what the package's requirements resolve to now."""
    project, folder = context.project, context.place("resolved")
    files = [name for name in ("setup.py", "setup.cfg") if name in project.files]
    static = "project" in project.document
    source = "pyproject.toml" if static else files[0] if files else None
    wanted = [*([source] if source else []), *project.config.requirements]
    groups = [part for name in project.groups() for part in ("--group", name)] if static else []
    # The Python that runs lockgate is there; a package that is too new for it brings its own.
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = own if minor(own) >= minor(project.pythons[0]) else project.pythons[-1]
    pins: list[str] = []
    if wanted:
        extras = ("--all-extras",) if source else ()
        flags = ("--universal", "--no-annotate", "--no-header", "--quiet", "--python-version", python)
        done = context.run("uv", "pip", "compile", *flags, *extras, *groups, *wanted, codes=frozenset({0}), online=True)
        pins = [line for line in done.output.splitlines() if "==" in line]
    listed = "".join(f"    {line!r},\n" for line in [*pins, *project.config.packages])
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "lockgate-resolved"\nversion = "0"\nrequires-python = ">={python}"\n'
        f"dependencies = [\n{listed}]\n",
        encoding="utf-8",
    )
    context.run("uv", "lock", "--project", folder, "--no-config", codes=frozenset({0}), online=True)
    return folder


def merge(_context: Context, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """As they are: aliases were put together by package."""
    return findings
