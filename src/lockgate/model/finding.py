"""One finding, whichever scanner made it, and the fingerprint by which it is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

Severity = Literal["critical", "high", "medium", "low"]
Confidence = Literal["high", "medium", "low"]
RANKS: dict[Severity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must be mended or waived, and where.

    Attributes:
        scanner: `dependencies`, `code`, `secrets`, `supply-chain`, `workflows`, `codeql` or `policy`.
        rule: The tool's rule, or the advisory's id.
        severity: How bad it is if it is true.
        confidence: How sure the tool is that it is true.
        message: What is wrong, in one line; never a secret's value.
        path: Relative to the project with `/`.
        line: 1-based.
        commit: Full hash of the commit that holds it, when it is not (or not only) in the tree.
        fixed_in: The lowest version without it.
        fingerprint: `SCANNER-HASH`; the same as long as the flaw is the same, wherever its line moves.
        first_seen: When the reports branch first knew it (ISO 8601), None when that cannot be read.
        new: Not present on the merge base; None when there is none to compare with.
        waived: The reason of the waiver that holds for it.
        help: How to mend it: the next command where there is one.
        why: Why it matters.
        url: Where to read on.
        aliases: Other ids of the same thing (CVE, GHSA, PYSEC; bandit's number of ruff's rule).
        tools: Who reported it.
    """

    scanner: str
    rule: str
    severity: Severity
    confidence: Confidence = "high"
    message: str
    path: str | None = None
    line: int | None = None
    commit: str | None = None
    package: str | None = None
    version: str | None = None
    fixed_in: str | None = None
    fingerprint: str = ""
    first_seen: str | None = None
    new: bool | None = None
    waived: str | None = None
    help: str | None = None
    why: str | None = None
    url: str | None = None
    aliases: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()

    def where(self) -> str:
        """`path:line` as far as known, with the commit when it is not in the tree."""
        place = ":".join(str(part) for part in (self.path, self.line) if part is not None)
        return f"{place} in {self.commit[:12]}" if self.commit else place

    def ids(self) -> frozenset[str]:
        """Every id by which people may call it."""
        return frozenset((self.rule, *self.aliases))

    def order(self) -> tuple[object, ...]:
        """Sorts the new before the old, the worst first, then by place."""
        place = (self.path or "", self.line or 0, self.rule, self.fingerprint)
        return (self.waived is not None, self.new is False, RANKS[self.severity], self.scanner, *place)


def fingerprint(scanner: str, *parts: str) -> str:
    """A fingerprint of what makes the finding the same finding."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", errors="surrogateescape"))
    return f"{scanner}-{digest.hexdigest()[:16]}"


def at_line(scanner: str, rule: str, path: str, lines: Sequence[str], number: int) -> str:
    """The fingerprint of a finding at a line: by the line's text, wherever it has moved.

    Lines with the same text are told apart by their order in the file.
    """
    texts = [" ".join(line.split()) for line in lines[:number]]
    text = texts[-1] if texts else ""
    return fingerprint(scanner, rule, path, text, str(texts.count(text)))


def together(findings: Iterable[Finding], judge: str = "") -> tuple[Finding, ...]:
    """What several tools found as one finding each: its text is that of tool `judge`, else of the first."""
    found: dict[str, Finding] = {}
    for one in findings:
        other = found.setdefault(one.fingerprint, one)
        if other is not one:
            spoken = one if judge in one.tools else other
            tools, aliases = {*one.tools, *other.tools}, {*one.aliases, *other.aliases}
            found[one.fingerprint] = msgspec.structs.replace(
                spoken, tools=tuple(sorted(tools)), aliases=tuple(sorted(aliases - {spoken.rule}))
            )
    return tuple(found.values())
