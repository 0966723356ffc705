"""CODEOWNERS: who must approve a file (pure)."""

from __future__ import annotations

import re
from typing import Literal

import msgspec


class Owners(msgspec.Struct, frozen=True):
    """The lines of a CODEOWNERS file; the last one that matches a file decides."""

    text: str

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file, as they are written."""
        for line in reversed(self.text.splitlines()):
            words = re.sub(r"(?:^|\s)#.*", "", line).replace("\\ ", "\0").split()
            if words and _pattern(words[0].replace("\0", " ")).match(path):
                return tuple(words[1:])
        return ()

    def lacking(self, path: str, approving: set[str]) -> Literal["", "blocked", "unknown"]:
        """Whether an owner's approval is missing; of a team's (and a mail address's) it cannot be told."""
        owners = self.of(path)
        if not owners or any(f"@{user}".lower() == owner.lower() for user in approving for owner in owners):
            return ""
        hidden = any("/" in owner or not owner.startswith("@") for owner in owners)
        return "unknown" if hidden and approving else "blocked"


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern of gitignore's kind: one with a slash inside is anchored, a folder stands for all in it."""
    anchored = "/" in text.rstrip("/")
    parts = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(
        parts.get(part, re.escape(part)) for part in re.split(r"(/\*\*/|\*\*/|/\*\*|\*\*|\*|\?)", text.strip("/"))
    )
    # `docs/*` owns the files of the folder, but not those of the folders in it.
    end = "$" if text.endswith("/*") else "/" if text.endswith("/") else "(?:/|$)"
    return re.compile(f"{'' if anchored else '(?:.*/)?'}{body}{end}")
