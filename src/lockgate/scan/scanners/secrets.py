"""`secrets`: gitleaks and kingfisher over the tree and the whole history; what they find never leaves this module."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lockgate.model.finding import RANKS, Confidence, Finding, Severity
from lockgate.ports import history
from lockgate.scan.answer import Answer, BrokenError, answer
from lockgate.scan.context import Context, decode
from lockgate.scan.stage import MESSAGES, original, stage
from lockgate.scan.toolbox import versions

_FOUND = 77  # gitleaks's own 1 also means that it crashed
_ROUNDS = 20_000
_HELP = "revoke it where it was issued, then take it out of the file; once pushed, removing alone is not enough"
_HELP_HISTORY = "revoke it where it was issued: it stays readable in the history (`git filter-repo` can rewrite that)"


class _Leak(msgspec.Struct):
    """One of gitleaks's findings."""

    RuleID: str
    Description: str
    StartLine: int
    Secret: str
    File: str
    Commit: str = ""


class _Rule(msgspec.Struct):
    name: str
    description: str | None = None


class _Id(msgspec.Struct):
    id: str


class _Git(msgspec.Struct):
    commit: _Id


class _Match(msgspec.Struct):
    snippet: str
    confidence: str
    line: int
    path: str
    git_metadata: _Git | None = None


class _Hit(msgspec.Struct):
    rule: _Rule
    finding: _Match


class _Summary(msgspec.Struct):
    blobs_scanned: int
    rules_applied: int
    custom_rules_used: bool


class _Metadata(msgspec.Struct):
    kingfisher_version: str
    summary: _Summary


class _Scans(msgspec.Struct):
    scan_partial: int = 0
    scan_failed: int = 0
    pending: int = 0


class _Audit(msgspec.Struct):
    summary: _Scans


class _Kingfisher(msgspec.Struct):
    findings: list[_Hit]
    metadata: _Metadata
    audit: _Audit | None = None


class Secret(msgspec.Struct, frozen=True):
    """A found secret, with its value: only ever in memory."""

    value: str
    rule: str
    text: str
    path: str
    line: int | None
    commit: str | None
    confidence: Confidence
    tool: str


def gitleaks(context: Context) -> Answer:
    """Gitleaks over tree, commit messages and history; the project's own configuration and comments have no say."""
    folder, files = _staged(context)
    settings = Path(__file__).parents[1] / "secrets.toml"
    common = (
        *("--config", settings, "--exit-code", str(_FOUND), "--report-format", "json", "--report-path", "-"),
        *("--ignore-gitleaks-allow", "--no-banner", "--no-color", "--max-archive-depth", "3"),
        *("--gitleaks-ignore-path", context.place("gitleaks")),
    )
    found = _leaks(context, folder, "dir", folder, *common)
    looked_at = files
    if context.in_git:
        repository = _repository(context)
        head = history.ask(context.root, "rev-parse", "HEAD") or b""
        options = f"--full-history --all {head.decode().strip()}"
        found += _leaks(context, folder, "git", repository, *common, "--log-opts", options)
        looked_at += len(history.commits(context.root))
    return _answer(context, found, looked_at)


def _leaks(context: Context, folder: Path, mode: str, target: Path, *flags: str | Path) -> list[Secret]:
    done = context.run("gitleaks", mode, *flags, target, codes=frozenset({0, _FOUND}), quote=False)
    leaks = decode(done.output, list[_Leak], "gitleaks")
    seen = (
        re.search(r"(\d+) commits scanned", done.error) if mode == "git" else re.search(r"scanned ~(\d+)", done.error)
    )
    if seen is None or int(seen[1]) == 0 or bool(leaks) != (done.code == _FOUND):
        raise BrokenError(f"gitleaks {mode} did not say that it looked at anything")
    if re.search(r" (ERR|FTL) |partial scan", done.error):
        raise BrokenError(f"gitleaks {mode} could not look at everything")
    secrets = []
    for leak in leaks:
        path, line, commit = _placed(context, folder, leak.File, leak.StartLine, leak.Commit or None)
        confidence: Confidence = "medium" if leak.RuleID.startswith("generic") else "high"
        secrets.append(Secret(leak.Secret, leak.RuleID, leak.Description, path, line, commit, confidence, "gitleaks"))
    return secrets


def kingfisher(context: Context) -> Answer:
    """Kingfisher likewise; it never validates a secret, for that would send it away."""
    folder, files = _staged(context)
    targets = [folder, *([_repository(context)] if context.in_git else [])]
    found: list[Secret] = []
    for target in targets:
        done = context.run(
            *("kingfisher", "scan", target, "--no-validate", "--no-update-check", "--no-ignore", "--format", "json"),
            *("--confidence", "medium", "--rule-cache-dir", context.memory("kingfisher")),
            codes=frozenset({0, 200}),
            quote=False,
        )
        # What follows on a second line are statistics.
        report = decode(done.output.partition("\n")[0], _Kingfisher, "kingfisher")
        _prove(report, files if target == folder else 1)
        for hit in report.findings:
            match = hit.finding
            commit = match.git_metadata.commit.id if match.git_metadata else None
            path, line, commit = _placed(context, folder, match.path, match.line, commit)
            confidence: Confidence = "high" if match.confidence == "high" else "medium"
            text = hit.rule.description or f"a secret: {hit.rule.name}"
            found.append(Secret(match.snippet, hit.rule.name, text, path, line, commit, confidence, "kingfisher"))
    return _answer(context, found, files)


def _prove(report: _Kingfisher, files: int) -> None:
    summary, audit = report.metadata.summary, report.audit.summary if report.audit else _Scans()
    if report.metadata.kingfisher_version != versions()["kingfisher"]:
        raise BrokenError(f"kingfisher is {report.metadata.kingfisher_version}, which is not the locked version")
    if summary.rules_applied == 0 or summary.custom_rules_used:
        raise BrokenError("kingfisher did not use its own rules")
    if files and summary.blobs_scanned == 0:
        raise BrokenError("kingfisher looked at nothing")
    if audit.scan_failed or audit.scan_partial or audit.pending:
        raise BrokenError("kingfisher could not look at everything")


def _staged(context: Context) -> tuple[Path, int]:
    if context.in_git:
        why = history.why_incomplete(context.root)
        if why is not None:
            raise BrokenError(f"{why}: secrets in the rest of the history would not be seen", "git fetch --unshallow")
    try:
        folder, files = context.staged(stage)
    except OSError as error:
        raise BrokenError(f"{error.filename or 'the tree'}: {error.strerror or error}") from error
    if files == 0:
        raise BrokenError("there is no file that holds anything", "is this the package's folder? -C DIR names another")
    return folder, files


def _repository(context: Context) -> Path:
    """The repository without its working tree, where no file of the project can say what to leave out."""
    folder = history.git_folder(context.root)
    if folder is None or not history.commits(context.root):
        raise BrokenError("the repository has no commit yet", "commit the package, then scan it")
    return folder


def _placed(
    context: Context, folder: Path, path: str, line: int | None, commit: str | None
) -> tuple[str, int | None, str | None]:
    """Path, line and commit of a finding as users know them."""
    name = path.removeprefix(f"{folder}/").removeprefix("stage/")
    if name == "messages" and commit is None and line is not None:
        hashes = (folder.parent / "message-commits").read_text("utf-8").splitlines()
        return MESSAGES, None, hashes[line - 1] if 0 < line <= len(hashes) else None
    if commit is None and name.startswith(f"{history.git_folder(context.root)}/"):
        return MESSAGES, None, None  # git's own notes, which a clone does not have: the reflog repeats messages
    if name.startswith("past/") and commit is None:
        _, digest, name = name.split("/", 2)
        commit = history.holder(context.root, digest)
    place = original(name.removeprefix("tree/"))
    # Lines of what was opened are not lines of the file.
    return place, None if place != name.removeprefix("tree/") else line, commit


def _answer(context: Context, secrets: Iterable[Secret], looked_at: int) -> Answer:
    """Findings without their values; those stay with the context, in memory, to be compared and to be hidden."""
    found: dict[tuple[str, str | None, str | None], Finding] = {}
    guesses: list[str] = []
    for secret in secrets:
        if _is_guess(secret):
            guesses.append(f"{secret.path}:{secret.line}")
            continue
        finding = _finding(secret, context.project.name)
        found.setdefault((finding.fingerprint, finding.path, finding.commit), finding)
        context.secrets[finding.fingerprint] = secret.value
    notes = (f"not counted, for they are guesses in prose: {', '.join(sorted(set(guesses)))}",) if guesses else ()
    return answer(tuple(found.values()), looked_at, notes)


def merge(context: Context, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """One finding for each secret, wherever it stands: one thing to revoke. Places in the tree come first.

    Tools cut the same secret out with more or less around it: the shortest cut gives the fingerprint, and the most
    telling rule the name.
    """
    values = context.secrets

    def rank(each: Finding) -> tuple[object, ...]:
        past = each.commit is not None or each.path == MESSAGES
        return (past, past and each.commit is None, len(values[each.fingerprint]), each.path, each.line or 0, each.rule)

    groups: list[list[Finding]] = []
    for one in sorted(findings, key=rank):
        value = values[one.fingerprint]
        known = (values[group[0].fingerprint] for group in groups)
        place = next((n for n, other in enumerate(known) if other in value or value in other), None)
        if place is None:
            groups.append([one])
        else:
            groups[place].append(one)
    return tuple(map(_together, groups))


def _together(group: list[Finding]) -> Finding:
    name = min(group, key=lambda each: (each.rule.startswith("generic"), RANKS[each.severity]))
    others = sorted({each.path or "" for each in group if each.commit is None} - {group[0].path})
    also = f" Also in {', '.join(others[:3])}{' …' if len(others) > 3 else ''}." if others else ""  # noqa: PLR2004
    return msgspec.structs.replace(
        group[0],
        rule=name.rule,
        severity=name.severity,
        confidence=name.confidence,
        message=f"{name.message}{also}",
        tools=tuple(sorted({tool for each in group for tool in each.tools})),
    )


def _is_guess(secret: Secret) -> bool:
    """A value that only looks random, in a text for people: documentation is full of examples."""
    return secret.rule.startswith("generic-api") and secret.path.lower().endswith((".rst", ".md", ".adoc"))


def _finding(secret: Secret, project: str) -> Finding:
    severity: Severity = "high" if secret.rule.startswith("generic") else "critical"
    return Finding(
        scanner="secrets",
        rule=secret.rule,
        severity=severity,
        confidence=secret.confidence,
        message=secret.text.replace(secret.value, "[secret]"),
        path=secret.path.replace(secret.value, "[secret]"),
        line=secret.line,
        commit=secret.commit,
        fingerprint=_print(secret, project),
        help=_HELP if secret.commit is None else _HELP_HISTORY,
        tools=(secret.tool,),
    )


def _print(secret: Secret, project: str) -> str:
    """Of the value, so that a new secret in an old place is a new finding; slow, so that none can be guessed."""
    value = secret.value.encode("utf-8", errors="surrogateescape")
    digest = hashlib.pbkdf2_hmac("sha256", value, f"lockgate secret {project}".encode(), _ROUNDS)
    return f"secrets-{digest.hex()[:16]}"
