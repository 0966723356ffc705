"""`supply-chain`: the lock itself. What it names must be fresh, hashed, from allowed indexes, and what they serve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from lockgate.model.finding import Finding, Severity, fingerprint
from lockgate.model.project import Project, normalize
from lockgate.scan.answer import Absent, Answer, BrokenError, answer
from lockgate.scan.context import Context
from lockgate.scan.lock import File, Lock, Package, read_lock
from lockgate.scan.locks import nested

PYPI = "https://pypi.org/simple"
_PYPI_FILES = re.compile(r"https://files\.pythonhosted\.org/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^/]+")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PAGE = "docs/rules/lock.md"
_RELOCK = "uv lock --upgrade-package {name}"


def absent(context: Context) -> Absent | None:
    """Said when there is no lock."""
    is_there = context.project.lock is not None or nested(context) is not None
    return None if is_there else Absent(reason="there is no uv.lock: nothing is pinned")


def locked(context: Context) -> Lock:
    """The lock that governs the project."""
    if context.project.lock is None:
        raise BrokenError("there is no uv.lock", "uv lock")
    return read_lock(context.project.lock, context.root)


def policy(context: Context) -> Answer:
    """What the lock and pyproject.toml decide by themselves, without the index."""
    lock, project = locked(context), context.project
    allowed = allowed_indexes(project)
    findings = list(_settings(project, lock))
    for package in lock.packages:
        findings += _source(package, lock, project, allowed)
        findings += _files(package, lock)
    findings += _shared(lock)
    return answer(tuple(findings), len(lock.packages))


def fresh(context: Context) -> Answer:
    """Whether the lock is what pyproject.toml asks for: `uv lock --check`, offline if that can tell."""
    lock = locked(context)
    where = ("--project", str((context.project.lock or context.root).parent))
    attempts = [("--offline",), *([()] if not context.wishes.offline else [])]
    for extra in attempts:
        try:
            context.run("uv", "lock", "--check", *extra, *where, codes=frozenset({0}), online=True)
        except BrokenError as error:
            if "needs to be updated" in error.answer.reason:
                text = "the lock is not what pyproject.toml asks for"
                finding = about("lock-stale", "medium", None, lock, text, "uv lock, and commit it")
                return answer((finding,), len(lock.packages))
            if extra == attempts[-1]:
                raise
        else:
            break
    return answer((), len(lock.packages))


def allowed_indexes(project: Project) -> frozenset[str]:
    """Addresses of the indexes that `scan.indexes` names.

    Raises:
        BrokenError: A name stands for no index.
    """
    known = {str(one.get("name")): str(one.get("url", "")) for one in _declared_indexes(project)}
    found = set()
    for name in project.config.scan.indexes:
        address = PYPI if name == "pypi" else name if "://" in name else known.get(name)
        if not address:
            remedy = (
                f"name an index of [[tool.uv.index]] ({', '.join(sorted(known)) or 'there is none'}) or its address"
            )
            raise BrokenError(f"[tool.lockgate.scan] indexes: no index is called {name!r}", remedy)
        found.add(address.rstrip("/"))
    return frozenset(found)


def _declared_indexes(project: Project) -> list[Mapping[str, Any]]:
    listed = (project.tool("uv") or {}).get("index", [])
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _settings(project: Project, lock: Lock) -> Iterator[Finding]:
    """Settings of uv that let any index answer for any package."""
    strategy = str((project.tool("uv") or {}).get("index-strategy", "first-index"))
    if strategy != "first-index":
        yield Finding(
            scanner="supply-chain",
            rule="index-strategy",
            severity="high",
            message=f"index-strategy = {strategy!r}: a public package can stand in for a private one of its name",
            path=lock.path.replace("uv.lock", "pyproject.toml"),
            fingerprint=fingerprint("supply-chain", "index-strategy", strategy),
            help="take index-strategy out, and bind private packages to their index with [tool.uv.sources]",
            url=f"{_PAGE}#index-strategy",
            tools=("lockgate",),
        )


def _source(package: Package, lock: Lock, project: Project, allowed: frozenset[str]) -> Iterator[Finding]:
    """Where a package comes from: an allowed index, or what pyproject.toml declares for it."""
    if package.kind == "registry":
        address = package.origin.rstrip("/")
        if address not in allowed:
            text = f"comes from the index {_shown(address)}, which [tool.lockgate.scan] indexes does not allow"
            yield about(
                "lock-index", "high", package, lock, text, "name the index in `indexes`, or lock it from an allowed one"
            )
        elif not _is_secure(address):
            yield about(
                "lock-https", "high", package, lock, f"comes over {_scheme(address)}", "use the index's https address"
            )
        return
    declared = _declared(package, project)
    if package.kind in {"editable", "virtual"} and (package.origin == "." or _is_member(package, project)):
        return
    if declared is None:
        text = f"comes from {package.kind} {_shown(package.origin)}, which pyproject.toml does not declare"
        yield about(
            "lock-source",
            "high",
            package,
            lock,
            text,
            f"declare it in [tool.uv.sources], or uv lock --upgrade-package {package.name}",
        )
    elif package.kind == "git":
        address, _, commit = package.origin.partition("#")
        if _COMMIT.fullmatch(commit) is None or not _same_place(declared, address):
            text = f"is locked to {_shown(package.origin)}, which is not what pyproject.toml declares, at a full commit"
            yield about("lock-source", "high", package, lock, text, _RELOCK.format(name=package.name))
    elif package.kind == "url" and (not _same_place(declared, package.origin) or not _is_secure(package.origin)):
        text = f"is locked to {_shown(package.origin)}, which is not the https address that pyproject.toml declares"
        yield about("lock-source", "high", package, lock, text, _RELOCK.format(name=package.name))


def _declared(package: Package, project: Project) -> str | None:
    """What pyproject.toml names as the package's source: the address or folder; None when it names none."""
    sources = (project.tool("uv") or {}).get("sources", {})
    for name, given in sources.items() if isinstance(sources, Mapping) else ():
        if normalize(str(name)) == package.name:
            options = given if isinstance(given, list) else [given]
            named = [str(one[key]) for one in options for key in ("git", "url", "path") if key in one]
            return " ".join(named) or ("workspace" if any(one.get("workspace") for one in options) else None)
    for text in _requirements(project):
        name, mark, address = text.partition("@")
        if mark and normalize(re.split(r"[\s\[]", name.strip())[0]) == package.name:
            return address.partition(";")[0].strip()
    return None


def _requirements(project: Project) -> Iterator[str]:
    table = project.document.get("project", {})
    for entries in (table.get("dependencies", []), *project.extras().values(), *project.groups().values()):
        yield from (text for text in entries if isinstance(text, str))


def _is_member(package: Package, project: Project) -> bool:
    """A member of the workspace that the lock belongs to: it lies inside of it."""
    workspace = (project.tool("uv") or {}).get("workspace")
    own_lock = project.lock is not None and project.lock.parent == project.root
    inside = not package.origin.startswith(("/", ".."))
    return inside and (workspace is not None or not own_lock)


def _same_place(declared: str, address: str) -> bool:
    """Whether a locked address is one of the declared ones; uv appends what it resolved."""
    bare = re.split(r"[?#]", address)[0].removesuffix(".git").rstrip("/")
    wanted = [re.split(r"[?#]", one.removeprefix("git+"))[0] for one in declared.split()]
    return any(bare == re.sub(r"(\.git)?(@[^/@]+)?$", "", one).rstrip("/") or bare == one.rstrip("/") for one in wanted)


def _files(package: Package, lock: Lock) -> Iterator[Finding]:
    """The files of a package: hashed, over https, from the index's own host, and named as the package is."""
    if package.kind not in {"registry", "url"}:
        return
    if not package.files:
        yield about("lock-hash", "high", package, lock, "has no file, so no hash", _RELOCK.format(name=package.name))
    for file in package.files:
        line, help_ = lock.line_of(package, file.url), _RELOCK.format(name=package.name)
        if file.hash is None or _SHA256.fullmatch(file.hash) is None:
            yield about("lock-hash", "high", package, lock, f"{file.name} has no sha256", help_, line)
        if not _is_secure(file.url) and _scheme(file.url) != "":
            yield about("lock-https", "high", package, lock, f"{file.name} comes over {_scheme(file.url)}", help_, line)
        elif package.kind == "registry" and not _is_hosted(package.origin, file.url):
            text = f"{file.name} comes from {_shown(file.url)}, which is not where its index keeps files"
            yield about("lock-host", "critical", package, lock, text, help_, line)
        if package.kind == "registry" and not _is_named(package, file):
            text = f"{file.name} is no file of {package.name} {package.version}"
            yield about("lock-file", "critical", package, lock, text, help_, line)


def _is_hosted(index: str, url: str) -> bool:
    if index.rstrip("/") == PYPI:
        return _PYPI_FILES.fullmatch(url) is not None
    # Elsewhere only the index can tell: it may keep its files with another host.
    return True


def _is_named(package: Package, file: File) -> bool:
    try:
        if file.name.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(file.name)
        else:
            name, version = parse_sdist_filename(file.name)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        # Old releases have names of older rules: then name and version must at least begin it.
        stem = f"{package.name}-{package.version}"
        return normalize(file.name).startswith(normalize(stem))
    return (
        name == canonicalize_name(package.name) and package.version is not None and version == Version(package.version)
    )


def _shared(lock: Lock) -> Iterator[Finding]:
    """One hash cannot be that of two files: one of the entries was copied."""
    owners: dict[str, tuple[Package, File]] = {}
    for package in lock.packages:
        for file in package.files:
            if file.hash is None:
                continue
            other, first = owners.setdefault(file.hash, (package, file))
            if first.name != file.name:
                text = f"{file.name} has the hash of {other.name}'s {first.name}"
                yield about(
                    "lock-swapped",
                    "critical",
                    package,
                    lock,
                    text,
                    _RELOCK.format(name=package.name),
                    lock.line_of(package, file.url),
                )


def _is_secure(url: str) -> bool:
    """https, or an address that never leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})


def _scheme(url: str) -> str:
    return urlsplit(url).scheme


def _shown(url: str) -> str:
    """An address without the credentials that people put into it."""
    return re.sub(r"//[^/@]*@", "//", url)


def about(
    rule: str, severity: Severity, package: Package | None, lock: Lock, text: str, help_: str, line: int | None = None
) -> Finding:
    """A finding about a package of the lock, or about the lock itself."""
    name, version = (package.name, package.version or "") if package else ("", "")
    shown = f"{name} {version}: ".replace(" :", ":") if package else ""
    return Finding(
        scanner="supply-chain",
        rule=rule,
        severity=severity,
        message=f"{shown}{text}",
        path=lock.path,
        line=line or (package.line if package else 1),
        package=package.name if package else None,
        version=package.version if package else None,
        fingerprint=fingerprint("supply-chain", rule, name, version, text),
        help=help_,
        url=f"{_PAGE}#{rule}",
        tools=("uv lock",) if rule == "lock-stale" else ("lockgate",),
    )


def merge(_context: Context, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What two parts say of the same file is one finding each; nothing to put together."""
    return findings
