"""Stamps in lines of text: `Last updated: 2026-01-02`, `generated_at = …`. Masked while texts are merged (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lockgate.push.stamps import ISO, Scalar, Stamps

_VALUE = re.sub(r"\?P<[a-z]+>", "?:", ISO)
# A label is a whole phrase; what follows a date on its line must not belong to it (10:30 PM, 10:00:61).
_LABELLED = re.compile(
    rf"(?<![A-Za-z0-9])(?P<label>[A-Za-z][A-Za-z0-9 _-]*?)[*_`\"']{{0,3}} *[:=|] *[*_`\"']{{0,3}}"
    rf"(?P<value>{_VALUE}|[0-9]{{9,19}})(?![\w:/+-]|[.,][0-9]|\s*[0-9:/]|\s*[AaPp]\.?[Mm]\b)"
)


class Found(NamedTuple):
    """One labelled stamp; `token` names it by label and how many of that label stand before it."""

    token: str
    path: tuple[str, ...]
    value: Scalar
    start: int
    end: int


def find(text: str, stamps: Stamps) -> list[Found]:
    """The labelled stamps of a text, in order."""
    found: list[Found] = []
    for label, match in _labelled(text, stamps):
        number = sum(one.path == (label,) for one in found)
        value = Scalar("number" if match["value"].isdigit() else "string", match["value"])
        found.append(Found(f"\x01{label} {number}\x01", (label,), value, *match.span("value")))
    return found


def _labelled(text: str, stamps: Stamps) -> Iterator[tuple[str, re.Match[str]]]:
    for match in _LABELLED.finditer(text):
        label = match["label"].strip(" _-")
        if stamps.include((label,)):
            yield " ".join(label.lower().replace("_", " ").replace("-", " ").split()), match


def mask(text: str, found: list[Found], tokens: Mapping[str, object]) -> str:
    """The text with the stamps of `tokens` replaced by them."""
    for one in reversed(found):
        if one.token in tokens:
            text = text[: one.start] + one.token + text[one.end :]
    return text


def unmask(text: str, values: Mapping[str, str]) -> str:
    """The text with every token replaced by its value."""
    return re.sub("\x01[^\x01]*\x01", lambda match: values[match[0]], text)


def plain(text: str) -> str:
    """The text with tokens left out, for people."""
    return re.sub("\x01[^\x01]*\x01", "…", text)
