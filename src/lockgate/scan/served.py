"""The lock against the index, file by file: address, hash, yanked, age, attestation. uv does not compare them."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from lockgate.model.duration import human, parse_duration
from lockgate.model.finding import Finding
from lockgate.ports import clock
from lockgate.ports.index import Listed, project_files
from lockgate.ports.relay import fetch, reason
from lockgate.scan.answer import Answer, BrokenError, answer
from lockgate.scan.context import Context
from lockgate.scan.lock import File, Lock, Package
from lockgate.scan.scanners.supply_chain import about, locked

_AT_A_TIME = 16
_LIMIT = 30.0  # seconds for one request
_PUBLISH_PREDICATE = "https://docs.pypi.org/attestations/publish/v1"


def served(context: Context) -> Answer:
    """Compare every locked file with what its index serves now."""
    lock = locked(context)
    packages = [one for one in lock.packages if one.kind == "registry" and one.version is not None]
    if not packages:
        return answer((), len(lock.packages))
    if context.wishes.offline:
        raise BrokenError("the index was not asked: --offline", "run it without --offline")
    limit = min(_LIMIT, context.limit)

    def ask(package: Package) -> dict[str, Listed]:
        if context.cancel.requested():
            return {}
        try:
            return project_files(package.origin, package.name, limit)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokenError(
                f"the index gave no answer for {package.name}: {reason(error)}", "see that the index can be reached"
            ) from error

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        listed = list(pool.map(ask, packages))
        asked = clock.now()
        findings = [
            finding
            for package, files in zip(packages, listed, strict=True)
            for finding in _compared(context, package, lock, files)
        ]
        attested = [
            (package, file, files[file.name])
            for package, files in zip(packages, listed, strict=True)
            for file in package.files
            if file.name in files and files[file.name].provenance
        ]
        wrong = list(pool.map(lambda one: _attestation(one[1], one[2], limit), attested))
    for (package, file, _), text in zip(attested, wrong, strict=True):
        if text is not None:
            help_ = f"do not install it; ask the maintainers of {package.name}"
            findings.append(
                about("lock-attestation", "critical", package, lock, text, help_, lock.line_of(package, file.url))
            )
    total = sum(len(package.files) for package in packages)
    note = f"{total} files of {len(packages)} packages compared with the index; {len(attested)} attestations compared"
    return answer(tuple(findings), len(packages), (note,), asked)


def _compared(context: Context, package: Package, lock: Lock, files: dict[str, Listed]) -> Iterator[Finding]:
    relock = f"uv lock --upgrade-package {package.name}"
    for file in package.files:
        line, there = lock.line_of(package, file.url), files.get(file.name)
        if there is None:
            text = f"{file.name} is not on the index (any more)"
            yield about("lock-gone", "high", package, lock, text, relock, line)
            continue
        if there.sha256 is not None and file.hash != f"sha256:{there.sha256}":
            text = f"the hash of {file.name} is not the one that the index serves"
            yield about("lock-swapped", "critical", package, lock, text, relock, line)
        elif _bare(file.url) != _bare(there.url):
            text = f"the address of {file.name} is not the one that the index serves"
            yield about("lock-swapped", "critical", package, lock, text, relock, line)
    present = [files[file.name] for file in package.files if file.name in files]
    reasons = [one.yanked for one in present if one.yanked is not None]
    if reasons:
        text = f"was yanked{': ' + reasons[0] if reasons[0] else ''}"
        yield about("lock-yanked", "medium", package, lock, text, relock)
    yield from _age(context, package, lock, present)


def _age(context: Context, package: Package, lock: Lock, present: list[Listed]) -> Iterator[Finding]:
    """A release needs time to be looked at before it is trusted; one that fixes an advisory does not wait."""
    wanted = parse_duration(context.project.config.scan.cool_down)
    times = [one.uploaded for one in present if one.uploaded] or [one.uploaded for one in package.files if one.uploaded]
    if not times:
        text = "the index does not say when it was uploaded, so its age cannot be judged"
        help_ = "waive it by its fingerprint, or lock it from an index that tells (PEP 700)"
        yield about("lock-age-unknown", "low", package, lock, text, help_)
        return
    first = min(dt.datetime.fromisoformat(text).timestamp() for text in times)
    age = clock.now() - first
    if age < wanted and not _is_fix(context, package):
        text = f"was released {human(max(age, 0.0))} ago, and the cool-down is {context.project.config.scan.cool_down}"
        help_ = f"wait {human(wanted - age)}, or lock the release before: uv lock --upgrade-package {package.name}"
        yield about("lock-too-new", "medium", package, lock, text, f"{help_} --exclude-newer …")


def _is_fix(context: Context, package: Package) -> bool:
    """Whether an advisory names this version as the one that fixes it."""
    service = (context.wishes.osv or context.project.config.scan.osv).rstrip("/")
    question = json.dumps({"package": {"name": package.name, "ecosystem": "PyPI"}}).encode()
    try:
        given = json.loads(fetch(f"{service}/v1/query", min(_LIMIT, context.limit), body=question))
        advisories = given.get("vulns", [])
        return any(
            event.get("fixed") == package.version
            for advisory in advisories
            if not advisory.get("withdrawn")
            for affected in advisory.get("affected", [])
            for one in affected.get("ranges", [])
            for event in one.get("events", [])
        )
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BrokenError(
            f"{package.name} {package.version} is younger than the cool-down, and {service} did not say whether it "
            f"fixes an advisory: {reason(error)}",
            "try again",
        ) from error


def _attestation(file: File, listed: Listed, limit: float) -> str | None:
    """What is wrong with a file's attestations: one must be of this very file, and made for publishing it."""
    try:
        given = json.loads(fetch(str(listed.provenance), limit))
        statements = [
            json.loads(base64.b64decode(one["envelope"]["statement"]))
            for bundle in given["attestation_bundles"]
            for one in bundle["attestations"]
        ]
        subjects = [
            (subject.get("name"), subject.get("digest", {}).get("sha256"))
            for statement in statements
            if statement.get("predicateType") == _PUBLISH_PREDICATE
            for subject in statement.get("subject", [])
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenError(f"the attestations of {file.name} cannot be read: {reason(error)}", "try again") from error
    expected = (file.name, (file.hash or "").removeprefix("sha256:"))
    return None if expected in subjects else f"the attestations of {file.name} are of another file"


def _bare(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]
