"""`workflows`: zizmor, actionlint, and lockgate's own rules on everything that GitHub runs."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from lockgate.model.errors import UsageError
from lockgate.model.finding import Confidence, Finding, Severity, at_line, together
from lockgate.model.workflow import Document
from lockgate.ports.yamlfile import read_workflow
from lockgate.scan.answer import Absent, Answer, BrokenError, answer
from lockgate.scan.context import Context, decode
from lockgate.scan.rules import workflows as own

_ZIZMOR_CODES = frozenset({0, 11, 12, 13, 14})
_SEVERITIES: dict[str, Severity] = {
    "High": "high",
    "Medium": "medium",
    "Low": "low",
    "Informational": "low",
    "Unknown": "low",
}
_CONFIDENCES: dict[str, Confidence] = {"High": "high", "Medium": "medium", "Low": "low", "Unknown": "low"}
_HELP = "mend the workflow as the page of the rule shows; a file that lockgate renders: `lockgate render`"


class _Point(msgspec.Struct):
    row: int


class _Span(msgspec.Struct):
    start_point: _Point


class _Concrete(msgspec.Struct):
    location: _Span


class _File(msgspec.Struct):
    verbatim_path: str


class _Key(msgspec.Struct):
    Local: _File | None = None


class _Symbolic(msgspec.Struct):
    key: _Key
    annotation: str = ""
    kind: str | dict[str, Any] = "Primary"


class _Location(msgspec.Struct):
    symbolic: _Symbolic
    concrete: _Concrete


class _Determinations(msgspec.Struct):
    confidence: str
    severity: str
    persona: str


class _Zizmor(msgspec.Struct):
    ident: str
    desc: str
    url: str
    determinations: _Determinations
    locations: list[_Location]


class _Lint(msgspec.Struct):
    message: str
    filepath: str
    line: int
    kind: str


def absent(context: Context) -> Absent | None:
    """Said when GitHub runs nothing here."""
    return None if _names(context) else Absent(reason="there is no .github/workflows here")


def _names(context: Context, *, workflows_only: bool = False) -> list[str]:
    names = [name for name in context.files if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", name)]
    if not workflows_only:
        names += [name for name in context.files if PurePosixPath(name).name in {"action.yml", "action.yaml"}]
    return names


def _documents(context: Context) -> list[Document]:
    """Every file, parsed.

    Raises:
        BrokenError: One is no YAML: no scanner could judge it.
    """
    documents = []
    for name in _names(context):
        try:
            text = (context.root / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BrokenError(f"{name}: cannot be read: {type(error).__name__}") from error
        try:
            documents.append(read_workflow(text, name))
        except UsageError as error:
            raise BrokenError(error.message, "mend the file: GitHub does not run it either") from error
    return documents


def zizmor(context: Context) -> Answer:
    """Zizmor as an auditor, offline; the project's zizmor.yml has no say."""
    documents = {document.path: document for document in _documents(context)}
    extra = [name for name in (".github/dependabot.yml", ".github/dependabot.yaml") if name in context.files]
    flags = (
        "--persona=auditor",
        "--strict-collection",
        "--offline",
        "--no-config",
        "--no-ignores",
        "--no-progress",
        "--format=json",
    )
    done = context.run("zizmor", *flags, *documents, *extra, codes=_ZIZMOR_CODES)
    found = decode(done.output, list[_Zizmor], "zizmor")
    if bool(found) != (done.code != 0):
        raise BrokenError(f"zizmor's exit code {done.code} and its report disagree")
    unseen = [name for name in (*documents, *extra) if f"completed {name}" not in done.error]
    if unseen:
        raise BrokenError(f"zizmor did not say that it looked at {unseen[0]}")
    findings = []
    for one in found:
        # What only an auditor wants to know counts from MEDIUM; what zizmor shows everybody always does.
        grave = one.determinations.severity in {"High", "Medium"}
        if not grave and one.determinations.persona != "Regular":
            continue
        place = next((each for each in one.locations if each.symbolic.kind == "Primary"), one.locations[0])
        local = place.symbolic.key.Local
        path = local.verbatim_path.removeprefix("./").removeprefix(f"{context.root}/") if local else ""
        line = place.concrete.location.start_point.row + 1
        lines = documents[path].lines if path in documents else _lines(context, path)
        detail = f": {place.symbolic.annotation}" if place.symbolic.annotation else ""
        findings.append(
            Finding(
                scanner="workflows",
                rule=one.ident,
                severity=_SEVERITIES.get(one.determinations.severity, "high"),
                confidence=_CONFIDENCES.get(one.determinations.confidence, "low"),
                message=f"{one.desc}{detail}",
                path=path,
                line=line,
                fingerprint=at_line("workflows", one.ident, path, lines, line),
                help=_HELP,
                url=one.url,
                tools=("zizmor",),
            )
        )
    return answer(tuple(findings), len(documents))


def _lines(context: Context, path: str) -> tuple[str, ...]:
    return tuple((context.root / path).read_text(encoding="utf-8", errors="replace").splitlines())


def actionlint(context: Context) -> Answer:
    """Actionlint without helpers of the machine; the project's actionlint.yaml has no say."""
    documents = {document.path: document for document in _documents(context)}
    names = _names(context, workflows_only=True)
    if not names:
        return answer((), len(documents))
    settings = context.place("actionlint") / "settings.yaml"
    settings.write_text("{}\n", encoding="utf-8")
    flags = ("-format", "{{json .}}", "-no-color", "-shellcheck=", "-pyflakes=", "-config-file", settings)
    done = context.run("actionlint", *flags, *names, codes=frozenset({0, 1}))
    found = decode(done.output, list[_Lint], "actionlint")
    if bool(found) != (done.code == 1):
        raise BrokenError(f"actionlint's exit code {done.code} and its report disagree")
    findings = [
        Finding(
            scanner="workflows",
            rule=one.kind,
            severity="medium",
            message=one.message,
            path=one.filepath,
            line=one.line,
            fingerprint=at_line("workflows", one.kind, one.filepath, documents[one.filepath].lines, one.line),
            help=_HELP,
            url="https://github.com/rhysd/actionlint/blob/main/docs/checks.md",
            tools=("actionlint",),
        )
        for one in found
        # An old runtime is no hole.
        if not one.message.startswith("runtime ")
    ]
    return answer(tuple(findings), len(names))


def rules(context: Context) -> Answer:
    """Lockgate's own rules."""
    documents = _documents(context)
    findings = [
        rule.finding(document.path, document.lines, line)
        for document in documents
        for rule in own.RULES
        for line in rule.look(document)
    ]
    return answer(tuple(findings), len(documents))


def merge(_context: Context, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Each finding once."""
    return together(findings)
