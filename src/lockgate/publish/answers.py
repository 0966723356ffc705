"""What `uv publish` says of one upload, and what that means (pure)."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Kind = Literal["accepted", "identity", "refused", "unclear"]
_STATUS = re.compile(r"(?:Server returned (?:status|error) code |HTTP status \w+ error \()(\d{3})")
_IDENTITY = ("Failed to obtain token for trusted publishing", "Trusted publishing failed", "Missing credentials")
_MASK = re.compile(r"^::add-mask::.*\n?", re.MULTILINE)
_TAG = re.compile(r"<[^>]*>")
_CAUSE = re.compile(r"^(?:error|\s*cause): (.*(?:\n {4,}\S.*)*)", re.MULTILINE)
# What is true for ever, in the words of the indexes that say it.
_FOR_EVER = re.compile(
    r"already exists|already been used|previously used|been deleted|one sdist|different hash"
    r"|older than \d+ days|\d+ days old|no longer accepts|too old",
    re.IGNORECASE,
)
_LONGEST = 400


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one upload ended.

    Attributes:
        kind: `accepted` is uv's word only; `identity` is about who uploads; `refused` will be said again to the same
            bytes; after `unclear` the index has to be read.
        status: The HTTP status, where there was one.
        text: What the index or uv said, in few words.
    """

    kind: Kind
    status: int | None = None
    text: str = ""

    @property
    def for_ever(self) -> bool:
        """Whether no later try can end otherwise."""
        return self.kind == "refused" and _FOR_EVER.search(self.text) is not None


def answered(code: int | None, output: str) -> Answer:
    """Read uv's exit code (None: it did not end by itself) and output."""
    if code == 0:
        return Answer(kind="accepted")
    output = _MASK.sub("", output)
    found = _STATUS.search(output)
    status = int(found[1]) if found else None
    text = _said(output)
    if status is not None and (status in {408, 425, 429} or status >= 500):  # noqa: PLR2004
        return Answer(kind="unclear", status=status, text=text)
    if any(mark in output for mark in _IDENTITY):
        # Without a status it may be the network as well: the texts of permissions and codes tell.
        return Answer(kind="identity", status=status, text=text)
    if status in {401, 403}:
        return Answer(kind="identity", status=status, text=text)
    if status is not None and status >= 400:  # noqa: PLR2004
        return Answer(kind="refused", status=status, text=text)
    return Answer(kind="unclear", status=status, text=text)


def _said(output: str) -> str:
    """The causes, innermost last, on one line and without markup."""
    causes = [one for one in _CAUSE.findall(output) if not one.startswith("Failed to publish")]
    text = "; ".join(causes) if causes else output
    text = " ".join(_TAG.sub(" ", text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
