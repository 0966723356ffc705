"""What a changelog says of a version (pure)."""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

NAMES = tuple(
    f"{folder}{name}{suffix}"
    for folder in ("", "docs/")
    for name in ("CHANGELOG", "CHANGES", "HISTORY", "NEWS", "RELEASES", "changelog", "changes", "history", "news")
    for suffix in (".md", ".rst", ".txt", "")
)
_HASHES = re.compile(r"(#{1,6})\s+(.*)")
_UNDERLINE = re.compile(r"([=\-~^*\"'+])\1{2,}\s*")

# What shows no heading: comments, and code between fences.
_UNSEEN = re.compile(r"<!--.*?-->|^ {0,3}(`{3,})[^`\n]*$.*?(?:^ {0,3}\1|\Z)", re.DOTALL | re.MULTILINE)


def section(text: str, version: str, name: str) -> str | None:
    """What stands under the version's heading, None when no heading is of it.

    Headings are those of Markdown and reStructuredText: `## [1.2.0] - 2026-01-02`, `v1.2.0 (2026)` underlined,
    `## Release 1.2.0`, `## name 1.2.0`; versions compare by PEP 440.
    """
    lines = text.splitlines()
    heads = _headings(_UNSEEN.sub(lambda unseen: re.sub(r"\S", "", unseen[0]), text).splitlines())
    for at, (number, level, words) in enumerate(heads):
        if _version(words, name) != Version(version):
            continue
        ends = (n for n, other, text_ in heads[at + 1 :] if other == level or _version(text_, name) is not None)
        body = lines[number + 1 : next(ends, len(lines))]
        return "\n".join(body[1:] if body and _UNDERLINE.fullmatch(body[0]) else body).strip()
    return None


def _headings(lines: list[str]) -> list[tuple[int, str, str]]:
    """Line number, kind and words of every heading."""
    found = []
    for number, line in enumerate(lines):
        hashes = _HASHES.match(line)
        below = _UNDERLINE.fullmatch(lines[number + 1]) if number + 1 < len(lines) else None
        if hashes:
            found.append((number, hashes[1], hashes[2]))
        elif below and line.strip() and not _UNDERLINE.fullmatch(line):
            found.append((number, below[1], line.strip()))
    return found


def _version(words: str, name: str) -> Version | None:
    """The version that a heading is of."""
    loose = re.sub(r"[-_.]+", "[-_.]+", re.escape(name).replace(r"\-", "-").replace(r"\.", "."))
    found = re.match(
        rf"[\[*_`\s]*(?:(?:version|release|{loose})[:\s]+)*[\[*_`\s]*v?(\d[\w.!+-]*)", words, re.IGNORECASE
    )
    try:
        return Version(found[1].rstrip(".-")) if found else None
    except InvalidVersion:
        return None
