"""From a document as data to YAML text: readable, deterministic, and every line knows which part it shows."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z_./$].*")
# What a YAML 1.1 or 1.2 parser would read as something other than a string, or as the start of something.
_OTHER = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|\.nan|\.inf|\.[0-9_.]+(?:e[-+]?\d+)?")
_ENDS_PLAIN = re.compile(r": | #|:$|\s$")
_FLOW = re.compile(r"[,\[\]{}]")
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]")


class Commented(msgspec.Struct, frozen=True):
    """A scalar, or a sequence of scalars, with a comment behind it."""

    value: str | int | bool | tuple[str, ...]
    comment: str


class Line(msgspec.Struct, frozen=True):
    """One line of the text and its place in the data: keys joined by `/`; a step of a job by its id."""

    text: str
    place: str


def emit(document: Mapping[str, Any], heading: Sequence[str] = ()) -> tuple[Line, ...]:
    """The lines of a YAML file: the `heading` as comments, then the document in parts.

    Mappings keep their order. Values are mappings, sequences, strings, numbers, booleans, None and `Commented`, which
    stands in mappings that are not inside brackets.
    """
    lines = [Line(f"# {text}".rstrip(), "heading") for text in heading]
    parted = False
    for key, value in document.items():
        before, parted = parted, bool(value) and not isinstance(value, (str, int))
        if (before or parted) and lines:
            lines.append(Line("", ""))
        if key == "jobs":
            lines.append(Line("jobs:", "jobs"))
            for number, (name, job) in enumerate(value.items()):
                lines += [Line("", "")] if number else []
                lines += _pair(name, job, 2, "jobs/")
        else:
            lines += _pair(key, value, 0, "")
    return tuple(lines)


def text_of(lines: Sequence[Line]) -> str:
    """The file's text."""
    return "".join(f"{line.text}\n" for line in lines)


def scalar(value: object, *, flow: bool = False) -> str:
    """A scalar on one line; `flow` for inside brackets, where more must be quoted."""
    if value is None or isinstance(value, (bool, int, float)):
        return _number(value)
    text = str(value)
    printable = not _UNPRINTABLE.search(text)
    plain = printable and _PLAIN.fullmatch(text) and not _OTHER.fullmatch(text) and not _ENDS_PLAIN.search(text)
    if plain and not (flow and _FLOW.search(text)):
        return text
    if '"' in text and "'" not in text and printable:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{_UNPRINTABLE.sub(_escape, escaped)}"'


def _number(value: float | bool | None) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            return ".nan" if math.isnan(value) else f"{'-' * (value < 0)}.inf"
        # YAML 1.1 knows a number with an exponent by its point.
        text = repr(value)
        return text if "." in text else text.replace("e", ".0e")
    return json.dumps(value)


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"  # noqa: PLR2004


def _pair(key: str, value: object, depth: int, above: str) -> Iterator[Line]:
    place = f"{above}{key}"
    # GitHub reads YAML 1.2, where `on` is a name like any other: a workflow's triggers stand as people write them.
    head = f"{' ' * depth}{key if place == 'on' else scalar(key)}:"
    if isinstance(value, Commented):
        shown = _flow(value.value) if isinstance(value.value, tuple) else scalar(value.value)
        yield Line(f"{head} {shown}{f'  # {value.comment}' if value.comment else ''}", place)
    elif isinstance(value, Mapping):
        yield Line(head if value else f"{head} {{}}", place)
        for inner, content in value.items():
            yield from _pair(inner, content, depth + 2, f"{place}/")
    elif isinstance(value, (list, tuple)):
        yield from _sequence(head, value, depth, place)
    elif value is None:
        yield Line(head, place)
    elif isinstance(value, str) and _is_block(value):
        yield Line(f"{head} |{'' if value.endswith(chr(10)) else '-'}", place)
        yield from (Line(f"{' ' * (depth + 2)}{line}" if line else "", place) for line in value.splitlines())
    else:
        yield Line(f"{head} {scalar(value)}", place)


def _sequence(head: str, values: Sequence[object], depth: int, place: str) -> Iterator[Line]:
    if not any(isinstance(value, (Mapping, list, tuple, Commented)) for value in values):
        inline = f"{head} [{', '.join(scalar(value, flow=True) for value in values)}]"
        if len(inline) <= _WIDTH:
            yield Line(inline, place)
            return
    yield Line(head, place)
    for number, value in enumerate(values):
        if not isinstance(value, Mapping) or not value:
            yield Line(f"{' ' * (depth + 2)}- {_flow(value)}", place)
            continue
        inner = f"{place}/{value.get('id', number)}/"
        # The dash takes the place of the first line's indentation.
        lines = [line for key, content in value.items() for line in _pair(key, content, depth + 4, inner)]
        yield Line(f"{' ' * (depth + 2)}- {lines[0].text.lstrip()}", lines[0].place)
        yield from lines[1:]


def _flow(value: object) -> str:
    """A value on one line, inside brackets as deep as need be."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{scalar(key, flow=True)}: {_flow(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_flow, value))}]"
    return scalar(value, flow=True)


def _is_block(text: str) -> bool:
    """Whether text reads best, and safely, as a literal block."""
    lines = text.splitlines()
    safe = len(lines) > 1 and text.strip("\n") == text.removesuffix("\n") and not lines[0].startswith((" ", "\t"))
    return safe and not _UNPRINTABLE.search(text.replace("\n", "")) and "\n".join(lines) == text.removesuffix("\n")
