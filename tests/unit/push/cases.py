# ruff: noqa: E501  (a case a line)
"""The conflict table as cases: what both sides did to a document, and what must come of it.

A case of documents is written in each structured format; a case of texts stands as it is. `None` as the expected
result means that it must be refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Document = dict[str, Any]


class Case(NamedTuple):
    """`path` tells the format; `expected` is the parsed document, the text, or None."""

    name: str
    path: str
    base: str | bytes | None
    ours: str | bytes
    theirs: str | bytes
    expected: Any


def s(day: int, hour: int = 0) -> str:
    return f"2026-01-{day:02d}T{hour:02d}:00:00Z"


_G = "generated_at"
A = {"a": 1}
# By name: the base, ours, theirs, and what comes of it.
DOCUMENTS: dict[str, tuple[Document | None, Document, Document, Document | None]] = {
    # automatic: the newer wins
    "stamp, theirs newer": ({_G: s(1), **A}, {_G: s(2), **A}, {_G: s(3), **A}, {_G: s(3), **A}),
    "stamp, ours newer": ({_G: s(1), **A}, {_G: s(4), **A}, {_G: s(3), **A}, {_G: s(4), **A}),
    "stamp, older than the base but newer of both": ({_G: s(9)}, {_G: s(4)}, {_G: s(3)}, {_G: s(4)}),
    "nested stamp": (
        {"m": {"last_updated": s(1), **A}},
        {"m": {"last_updated": s(2), **A}},
        {"m": {"last_updated": s(3), **A}},
        {"m": {"last_updated": s(3), **A}},
    ),
    "deeply nested stamp": (
        {"x": {"y": {"z": {"timestamp": s(1)}}}},
        {"x": {"y": {"z": {"timestamp": s(5)}}}},
        {"x": {"y": {"z": {"timestamp": s(3)}}}},
        {"x": {"y": {"z": {"timestamp": s(5)}}}},
    ),
    "stamps in a list of the same things": (
        {"runs": [{"name": "x", _G: s(1)}, {"name": "y", _G: s(1)}]},
        {"runs": [{"name": "x", _G: s(2)}, {"name": "y", _G: s(1)}]},
        {"runs": [{"name": "x", _G: s(3)}, {"name": "y", _G: s(1)}]},
        {"runs": [{"name": "x", _G: s(3)}, {"name": "y", _G: s(1)}]},
    ),
    "other spellings of names": ({"lastUpdated": s(1)}, {"lastUpdated": s(2)}, {"lastUpdated": s(3)}, {"lastUpdated": s(3)}),
    "a name with dashes": ({"last-updated": s(1)}, {"last-updated": s(2)}, {"last-updated": s(3)}, {"last-updated": s(3)}),
    "a name in capitals": ({"TIMESTAMP": s(1)}, {"TIMESTAMP": s(3)}, {"TIMESTAMP": s(2)}, {"TIMESTAMP": s(3)}),
    "two stamps won by one side": (
        {"started_at": s(1, 1), "ended_at": s(1, 2)},
        {"started_at": s(2, 1), "ended_at": s(2, 2)},
        {"started_at": s(3, 1), "ended_at": s(3, 2)},
        {"started_at": s(3, 1), "ended_at": s(3, 2)},
    ),
    "zones": (
        {_G: "2026-01-01T00:00:00Z"},
        {_G: "2026-01-02T01:00:00+02:00"},
        {_G: "2026-01-01T23:30:00Z"},
        {_G: "2026-01-01T23:30:00Z"},
    ),
    "precisions": (
        {_G: "2026-01-01T00:00:00Z"},
        {_G: "2026-01-02T00:00:00.123456Z"},
        {_G: "2026-01-02T00:00:00Z"},
        {_G: "2026-01-02T00:00:00.123456Z"},
    ),
    "nanoseconds": (
        {_G: s(1)},
        {_G: "2026-01-02T00:00:00.123456788Z"},
        {_G: "2026-01-02T00:00:00.123456789Z"},
        {_G: "2026-01-02T00:00:00.123456789Z"},
    ),
    "both without a zone": (
        {_G: "2026-01-01 00:00:00"},
        {_G: "2026-01-02 00:00:00"},
        {_G: "2026-01-03 00:00:00"},
        {_G: "2026-01-03 00:00:00"},
    ),
    "days": ({"last_updated": "2026-01-01"}, {"last_updated": "2026-01-03"}, {"last_updated": "2026-01-02"}, {"last_updated": "2026-01-03"}),
    "the same instant in two spellings": (
        {_G: s(1)},
        {_G: "2026-01-02T00:00:00Z"},
        {_G: "2026-01-02T01:00:00+01:00"},
        {_G: "2026-01-02T01:00:00+01:00"},
    ),
    "epoch seconds": ({"timestamp": 1700000000}, {"timestamp": 1700000002}, {"timestamp": 1700000001}, {"timestamp": 1700000002}),
    "epoch milliseconds": (
        {"timestamp": 1700000000000},
        {"timestamp": 1700000000002},
        {"timestamp": 1700000000001},
        {"timestamp": 1700000000002},
    ),
    "the base lacks the stamp": (A, {**A, _G: s(2)}, {**A, _G: s(3)}, {**A, _G: s(3)}),
    "both added the file, only stamps differ": (None, {_G: s(2), **A}, {_G: s(3), **A}, {_G: s(3), **A}),
    "both added a table, only stamps differ": (A, {**A, "t": {_G: s(2), "x": "y"}}, {**A, "t": {_G: s(3), "x": "y"}}, {**A, "t": {_G: s(3), "x": "y"}}),
    "only ours changed the stamp": ({_G: s(1), **A}, {_G: s(2), **A}, {_G: s(1), "a": 2}, {_G: s(2), "a": 2}),
    "disjoint keys": (A, {**A, "b": "x"}, {**A, "c": "y"}, {**A, "c": "y", "b": "x"}),
    "disjoint changes": ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3}, {"a": 2, "b": 3}),
    "disjoint changes and a stamp": (
        {"a": 1, "b": 1, _G: s(1)},
        {"a": 2, "b": 1, _G: s(2)},
        {"a": 1, "b": 3, _G: s(3)},
        {"a": 2, "b": 3, _G: s(3)},
    ),
    "disjoint in nested tables": (
        {"t": {"x": {"v": "1"}, "y": {"v": "1"}}},
        {"t": {"x": {"v": "2"}, "y": {"v": "1"}}},
        {"t": {"x": {"v": "1"}, "y": {"v": "3"}}},
        {"t": {"x": {"v": "2"}, "y": {"v": "3"}}},
    ),
    "sections with their own stamps": (
        {"x": {_G: s(1), "v": "a"}, "y": {_G: s(1), "v": "a"}},
        {"x": {_G: s(4), "v": "b"}, "y": {_G: s(1), "v": "a"}},
        {"x": {_G: s(1), "v": "a"}, "y": {_G: s(3), "v": "c"}},
        {"x": {_G: s(4), "v": "b"}, "y": {_G: s(3), "v": "c"}},
    ),
    "one deletes, the other changes something else": ({"a": 1, "b": "x"}, {"b": "x"}, {"a": 1, "b": "y"}, {"b": "y"}),
    "both say the same": ({"a": "x"}, {"a": "y"}, {"a": "y"}, {"a": "y"}),
    "the order of keys": ({"a": "x", "b": "x"}, {"b": "x", "a": "z"}, {"a": "x", "b": "y"}, {"a": "z", "b": "y"}),
    "a list that one side changed": ({"l": ["a"], "b": "x"}, {"l": ["a", "b"], "b": "x"}, {"l": ["a"], "b": "y"}, {"l": ["a", "b"], "b": "y"}),
    "numbers of one side": ({"f": 1.5, "b": "x"}, {"f": 2.25, "b": "x"}, {"f": 1.5, "b": "y"}, {"f": 2.25, "b": "y"}),
    # refused
    "the same other key": (A, {"a": 2}, {"a": 3}, None),
    "the same other key, in words": ({"a": "x"}, {"a": "y"}, {"a": "z"}, None),
    "the same other key besides a stamp": ({_G: s(1), **A}, {_G: s(2), "a": 2}, {_G: s(3), "a": 3}, None),
    "a nested key": ({"t": {"a": 1}}, {"t": {"a": 2}}, {"t": {"a": 3}}, None),
    "lists": ({"l": ["a"]}, {"l": ["a", "b"]}, {"l": ["a", "c"]}, None),
    "lists, one shorter": ({"l": ["a", "b"]}, {"l": ["a"]}, {"l": ["a", "b", "c"]}, None),
    "a count": ({"count": 1}, {"count": 2}, {"count": 3}, None),
    "a count that both raised, with rows in a list": (
        {"count": 1, "rows": ["a"]},
        {"count": 2, "rows": ["a", "b"]},
        {"count": 2, "rows": ["a", "c"]},
        None,
    ),
    "a count that both raised, with rows as keys": (
        {"count": 1, "rows": {"a": "x"}},
        {"count": 2, "rows": {"a": "x", "b": "x"}},
        {"count": 2, "rows": {"a": "x", "c": "x"}},
        None,
    ),
    "a count that both added": ({"rows": {}}, {"count": 1, "rows": {"b": "x"}}, {"count": 1, "rows": {"c": "x"}}, None),
    "a count in words that both raised": (
        {"total": "1 row", "rows": {"a": "x"}},
        {"total": "2 rows", "rows": {"a": "x", "b": "x"}},
        {"total": "2 rows", "rows": {"a": "x", "c": "x"}},
        None,
    ),
    "a row that both deleted, and a count": (
        {"count": 2, "rows": {"a": 1, "z": 1}},
        {"count": 1, "rows": {"z": 1}},
        {"count": 2, "rows": {"z": 1, "c": 1}},
        None,
    ),
    "a zone on one side only": ({_G: s(1)}, {_G: "2026-01-02T00:00:00"}, {_G: s(3)}, None),
    "a day against an instant": ({_G: s(1)}, {_G: "2026-01-02"}, {_G: s(3)}, None),
    "seconds against milliseconds": ({"timestamp": 1700000000}, {"timestamp": 1700000001}, {"timestamp": 1700000002000}, None),
    "an impossible date": ({_G: s(1)}, {_G: "2026-02-30T00:00:00Z"}, {_G: s(3)}, None),
    "an impossible hour": ({_G: s(1)}, {_G: "2026-01-02T25:00:00Z"}, {_G: s(3)}, None),
    "an impossible zone": ({_G: s(1)}, {_G: "2026-01-02T00:00:00+25:00"}, {_G: s(3)}, None),
    "no date at all": ({_G: s(1)}, {_G: "yesterday"}, {_G: s(3)}, None),
    "an empty stamp": ({_G: s(1)}, {_G: ""}, {_G: s(3)}, None),
    "an ambiguous date": ({"last_updated": "01/10/2026"}, {"last_updated": "01/11/2026"}, {"last_updated": "02/11/2026"}, None),
    "a small number under a stamp's name": ({"timestamp": 1}, {"timestamp": 2}, {"timestamp": 3}, None),
    "an epoch in words": ({"timestamp": "1700000000"}, {"timestamp": "1700000001"}, {"timestamp": "1700000002"}, None),
    "the same int under another name": ({"size": 1700000000}, {"size": 1700000001}, {"size": 1700000002}, None),
    "a date under another name": ({"due": s(1)}, {"due": s(2)}, {"due": s(3)}, None),
    "created_at is no stamp": ({"created_at": s(1)}, {"created_at": s(2)}, {"created_at": s(3)}, None),
    "expires_at is no stamp": ({"expires_at": s(1)}, {"expires_at": s(2)}, {"expires_at": s(3)}, None),
    "one side deleted it": ({"a": "x"}, {}, {"a": "y"}, None),
    "one side deleted the stamp": ({_G: s(1), **A}, dict(A), {_G: s(3), **A}, None),
    "one side deleted the table": ({"t": {_G: s(1)}, **A}, dict(A), {"t": {_G: s(2)}, **A}, None),
    "1 is not true": ({"a": 0}, {"a": 1}, {"a": True}, None),
    '1 is not "1"': ({"a": 0}, {"a": 1}, {"a": "1"}, None),
    "1 is not 1.0": ({"a": 0}, {"a": 1}, {"a": 1.0}, None),
    "false is not 0": ({"a": 1}, {"a": False}, {"a": 0}, None),
    "the stamp's type changed": ({_G: s(1)}, {_G: 1700000001}, {_G: s(3)}, None),
    "the stamp's type changed on both": ({_G: 1700000000}, {_G: s(2)}, {_G: s(3)}, None),
    "a table became a value": ({"t": {"a": 1}}, {"t": "x"}, {"t": {"a": 2}}, None),
    "two runs mixed": (
        {"started_at": s(1, 1), "ended_at": s(1, 2)},
        {"started_at": s(2, 1), "ended_at": s(2, 9)},
        {"started_at": s(2, 2), "ended_at": s(2, 3)},
        None,
    ),
    "two runs mixed, a stamp each": (
        {"started_at": s(1, 1), "ended_at": s(1, 2)},
        {"started_at": s(2, 1), "ended_at": s(1, 2)},
        {"started_at": s(1, 1), "ended_at": s(2, 3)},
        None,
    ),
    "two runs mixed across tables": (
        {"x": {_G: s(1)}, "y": {_G: s(1)}},
        {"x": {_G: s(2)}, "y": {_G: s(5)}},
        {"x": {_G: s(3)}, "y": {_G: s(4)}},
        None,
    ),
    "a stamp in lists of different length": (
        {"runs": [{_G: s(1)}]},
        {"runs": [{_G: s(2)}]},
        {"runs": [{_G: s(3)}, {_G: s(3)}]},
        None,
    ),
    "a stamp in lists that differ besides": (
        {"runs": [{"n": "x", _G: s(1)}]},
        {"runs": [{"n": "y", _G: s(2)}]},
        {"runs": [{"n": "x", _G: s(3)}]},
        None,
    ),
    "both added the key": (A, {**A, "b": "x"}, {**A, "b": "y"}, None),
    "both added a table that differs": (A, {**A, "t": {"x": "y", _G: s(2)}}, {**A, "t": {"x": "z", _G: s(3)}}, None),
    "both added the file, more than stamps differ": (None, {_G: s(2), "a": 1}, {_G: s(3), "a": 2}, None),
    "both added the file, disjoint keys": (None, {"a": "x"}, {"b": "y"}, None),
}  # fmt: skip


def _json(document: Document) -> str:
    return json.dumps(document, indent=2) + "\n"


def _compact(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))


def _scalar(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value)


def _yaml(document: Document, indent: str = "") -> str:
    lines = ""
    for key, value in document.items():
        if isinstance(value, dict) and value:
            lines += f"{indent}{key}:\n" + _yaml(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines += f"{indent}{key}:\n"
            for one in value:
                first, *rest = _yaml(one, indent + "  ").splitlines()
                lines += f"{indent}- {first.strip()}\n" + "".join(f"{line}\n" for line in rest)
        else:
            lines += f"{indent}{key}: {_scalar(value)}\n"
    return lines or f"{indent}{{}}\n"


def _toml(document: Document, prefix: str = "") -> str:
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    lines = "".join(f"{key} = {_inline(value)}\n" for key, value in document.items() if key not in tables)
    for key, value in tables.items():
        lines += f"\n[{prefix}{key}]\n" + _toml(value, f"{prefix}{key}.")
    return lines


def _inline(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return _scalar(value)


WRITERS: dict[str, tuple[str, Callable[[Document], str]]] = {
    "json": ("x.json", _json),
    "compact": ("y.json", _compact),
    "yaml": ("x.yaml", _yaml),
    "toml": ("x.toml", _toml),
}


def documents() -> Iterator[Case]:
    """Every case of documents in every format."""
    for name, (base, ours, theirs, expected) in DOCUMENTS.items():
        for form, (path, write) in WRITERS.items():
            texts = [None if one is None else write(one) for one in (base, ours, theirs)]
            yield Case(f"{name} [{form}]", path, texts[0], texts[1] or "", texts[2] or "", expected)


def _j(day: int, rest: str = '"a": 1') -> str:
    return f'{{"generated_at": "{s(day)}", {rest}}}\n'


def _md(stamp: str, text: str = "text", label: str = "Last updated") -> str:
    return f"# Report\n\n{label}: {stamp}\n\n{text}\n"


TEXTS = [
    Case("CRLF on both", "x.json", _j(1).replace("\n", "\r\n"), _j(2).replace("\n", "\r\n"), _j(3).replace("\n", "\r\n"), _j(3).replace("\n", "\r\n")),
    Case("CRLF on one side", "x.json", _j(1), _j(2).replace("\n", "\r\n"), _j(3), None),
    Case("a BOM on both", "x.json", "\ufeff" + _j(1), "\ufeff" + _j(2), "\ufeff" + _j(3), "\ufeff" + _j(3)),
    Case("a BOM on one side", "x.json", _j(1), "\ufeff" + _j(2), _j(3), None),
    Case("duplicate keys on our side", "x.json", _j(1), _j(2, '"a": 1, "a": 1'), _j(3), None),
    Case("duplicate keys on their side", "x.json", _j(1), _j(2), _j(3, '"a": 1, "a": 1'), None),
    Case("duplicate keys in YAML", "x.yaml", "a: 1\nb: 1\n", "a: 1\nb: 1\na: 2\n", "a: 1\nb: 2\n", None),
    Case("duplicate keys in TOML", "x.toml", "a = 1\nb = 1\n", "a = 1\nb = 1\na = 2\n", "a = 1\nb = 2\n", None),
    Case("invalid on one side", "x.json", _j(1), _j(2)[:-3], _j(3), None),
    Case("conflict markers", "x.json", _j(1), "<<<<<<< a\n" + _j(2), _j(3), None),
    Case("NaN is no JSON", "x.json", _j(1), _j(2, '"a": NaN'), _j(3), None),
    Case("not UTF-8", "x.json", _j(1), _j(2).encode() + b"\xff", _j(3), None),
    Case("binary", "x.json", _j(1), _j(2).encode() + b"\0", _j(3), None),
    Case("a file that was emptied", "x.json", _j(1), "", _j(3), None),
    Case("number literals stay as written", "x.json", _j(1, '"f": 1.50, "e": 1E+2'), _j(2, '"f": 1.50, "e": 1E+2'), _j(3, '"f": 1.50, "e": 1E+2'), _j(3, '"f": 1.50, "e": 1E+2')),
    Case("another literal of the same number", "x.json", '{"f": 1.0}', '{"f": 1.00}', '{"f": 1.000}', None),
    Case("large numbers stay", "x.json", _j(1, '"n": 123456789012345678901234567890'), _j(2, '"n": 123456789012345678901234567890'), _j(3, '"n": 123456789012345678901234567890'), _j(3, '"n": 123456789012345678901234567890')),
    Case("escapes stay as written", "x.json", _j(1, '"u": "\\u00e9"'), _j(2, '"u": "\\u00e9"'), _j(3, '"u": "\\u00e9"'), _j(3, '"u": "\\u00e9"')),
    Case("layout is the branch's", "x.json", '{"a":1,"b":1}', '{"a":2,"b":1}', '{ "a" : 1,\n\t"b" : 3 }\n', '{ "a" : 2,\n\t"b" : 3 }\n'),
    Case("a new key stands where its side has it", "x.json", '{\n  "a": 1,\n  "d": 1\n}\n', '{\n  "a": 1,\n  "b": {\n    "x": "y"\n  },\n  "d": 1\n}\n', '{\n  "a": 1,\n  "d": 2\n}\n', '{\n  "a": 1,\n  "b": {\n    "x": "y"\n  },\n  "d": 2\n}\n'),
    Case("a new first key", "x.json", '{"b": 1}', '{"a": "x", "b": 1}', '{"b": 2}', '{"a": "x","b": 2}'),
    Case("the last key goes", "x.json", '{\n  "a": 1,\n  "b": 1\n}\n', '{\n  "a": 1\n}\n', '{\n  "a": 2,\n  "b": 1\n}\n', '{\n  "a": 2\n}\n'),
    Case("all keys go, one comes", "x.json", '{"a": 1}', "{}", '{"a": 1, "b": "x"}', '{ "b": "x"}'),
    Case("a list at the top", "x.json", '["a"]', '["a", "b"]', '["a", "c"]', None),
    Case("a document that is only a value", "x.json", "1", "2", "3", None),
    Case("the same key at two places", "x.json", '{\n  "a": 1,\n  "x": 1,\n  "y": 1,\n  "z": 1\n}\n', '{\n  "new": 1,\n  "a": 1,\n  "x": 1,\n  "y": 1,\n  "z": 1\n}\n', '{\n  "a": 1,\n  "x": 1,\n  "y": 1,\n  "z": 1,\n  "new": 2\n}\n', None),
    Case("the same key at two places in YAML", "x.yaml", "a: 1\nx: 1\ny: 1\nz: 1\n", "new: 1\na: 1\nx: 1\ny: 1\nz: 1\n", "a: 1\nx: 1\ny: 1\nz: 1\nnew: 2\n", None),
    Case("the same table at two places in TOML", "x.toml", "[a]\nx = 1\n\n[b]\ny = 1\n", "[new]\nv = 'a'\n\n[a]\nx = 1\n\n[b]\ny = 1\n", "[a]\nx = 1\n\n[b]\ny = 1\n\n[new]\nv = 'b'\n", None),
    # JSON Lines
    Case("appended on both", "x.jsonl", '{"n": 1}\n', '{"n": 1}\n{"n": 2}\n', '{"n": 1}\n{"n": 3}\n', '{"n": 1}\n{"n": 3}\n{"n": 2}\n'),
    Case("both began the log", "x.jsonl", None, '{"n": 2}\n', '{"n": 3}\n', '{"n": 3}\n{"n": 2}\n'),
    Case("appended to an empty log", "x.ndjson", "", '{"n": 2}\n', '{"n": 3}\n', '{"n": 3}\n{"n": 2}\n'),
    Case("theirs came before what is new here", "x.jsonl", '{"n": 1}\n{"n": 2}\n', '{"n": 1}\n{"n": 2}\n{"n": 4}\n', '{"n": 1}\n{"n": 3}\n{"n": 2}\n', '{"n": 1}\n{"n": 3}\n{"n": 2}\n{"n": 4}\n'),
    Case("upstream rewrote a line", "x.jsonl", '{"n": 1}\n', '{"n": 1}\n{"n": 2}\n', '{"n": 9}\n{"n": 3}\n', None),
    Case("we rewrote a line", "x.jsonl", '{"n": 1}\n', '{"n": 9}\n{"n": 2}\n', '{"n": 1}\n{"n": 3}\n', None),
    Case("upstream took lines away", "x.jsonl", '{"n": 1}\n{"n": 2}\n', '{"n": 1}\n{"n": 2}\n{"n": 3}\n', '{"n": 2}\n', None),
    Case("no final newline here", "x.jsonl", '{"n": 1}\n', '{"n": 1}\n{"n": 2}', '{"n": 1}\n{"n": 3}\n', None),
    Case("no final newline there", "x.jsonl", '{"n": 1}\n', '{"n": 1}\n{"n": 2}\n', '{"n": 1}\n{"n": 3}', None),
    Case("no final newline in the base", "x.jsonl", '{"n": 1}', '{"n": 1}\n{"n": 2}\n', '{"n": 1}\n{"n": 3}\n', None),
    Case("the same line appended by both", "x.jsonl", '{"n": 1}\n', '{"n": 1}\n{"n": 2}\n', '{"n": 1}\n{"n": 2}\n{"n": 3}\n', None),
    Case("a line that is no JSON", "x.jsonl", '{"n": 1}\n', '{"n": 1}\nnonsense\n', '{"n": 1}\n{"n": 3}\n', None),
    Case("an empty line", "x.jsonl", '{"n": 1}\n', '{"n": 1}\n\n', '{"n": 1}\n{"n": 3}\n', None),
    Case("a line with a key twice", "x.jsonl", '{"n": 1}\n', '{"n": 1}\n{"n": 2, "n": 3}\n', '{"n": 1}\n{"n": 3}\n', None),
    Case("a head with a stamp", "x.jsonl", _j(1) + '{"n": 1}\n', _j(2) + '{"n": 1}\n{"n": 2}\n', _j(3) + '{"n": 1}\n{"n": 3}\n', _j(3) + '{"n": 1}\n{"n": 3}\n{"n": 2}\n'),
    Case("CRLF log", "x.jsonl", '{"n": 1}\r\n', '{"n": 1}\r\n{"n": 2}\r\n', '{"n": 1}\r\n{"n": 3}\r\n', '{"n": 1}\r\n{"n": 3}\r\n{"n": 2}\r\n'),
    Case("CRLF log on one side", "x.jsonl", '{"n": 1}\n', '{"n": 1}\n{"n": 2}\r\n', '{"n": 1}\n{"n": 3}\n', None),
    # labelled lines
    *(
        Case(f"labelled: {label}", "x.md", _md("2026-01-01", label=label), _md("2026-01-02", label=label), _md("2026-01-03", label=label), _md("2026-01-03", label=label))
        for label in ("Last updated", "last_updated", "**Last updated**", "_Generated at_", "> Timestamp", "- Last run", "<!-- generated_at", "`updated`", "| Last updated ")
    ),
    Case("labelled, and text of one side", "x.md", _md("2026-01-01"), _md("2026-01-04", "text\n\nmore"), _md("2026-01-03"), _md("2026-01-04", "text\n\nmore")),
    Case("labelled with a time", "x.md", _md("2026-01-01 10:00 UTC"), _md("2026-01-02 12:00 UTC"), _md("2026-01-02 11:00 UTC"), _md("2026-01-02 12:00 UTC")),
    Case("labelled, ours newer", "x.txt", _md("2026-01-01"), _md("2026-01-05"), _md("2026-01-03"), _md("2026-01-05")),
    Case("a table's cell", "x.md", "| Last updated | 2026-01-01 | x |\n", "| Last updated | 2026-01-02 | x |\n", "| Last updated | 2026-01-03 | x |\n", "| Last updated | 2026-01-03 | x |\n"),
    Case("two labels, one winner", "x.md", "Started at: 2026-01-01\n\nx\n\nEnded at: 2026-01-01\n", "Started at: 2026-01-02\n\nx\n\nEnded at: 2026-01-02\n", "Started at: 2026-01-03\n\nx\n\nEnded at: 2026-01-03\n", "Started at: 2026-01-03\n\nx\n\nEnded at: 2026-01-03\n"),
    Case("two labels, two winners", "x.md", "Started at: 2026-01-01\n\nx\n\nEnded at: 2026-01-01\n", "Started at: 2026-01-02\n\nx\n\nEnded at: 2026-01-05\n", "Started at: 2026-01-03\n\nx\n\nEnded at: 2026-01-04\n", None),
    Case("the rest of the line differs", "x.md", _md("2026-01-01 x"), _md("2026-01-02 y"), _md("2026-01-03 z"), None),
    Case("an ambiguous date in text", "x.md", _md("01/10/2026"), _md("01/11/2026"), _md("02/11/2026"), None),
    Case("a date without a label", "x.md", "2026-01-01\n", "2026-01-02\n", "2026-01-03\n", None),
    Case("a date in a sentence", "x.md", "It rained on 2026-01-01 here.\n", "It rained on 2026-01-02 here.\n", "It rained on 2026-01-03 here.\n", None),
    Case("another label", "x.md", _md("2026-01-01", label="Due"), _md("2026-01-02", label="Due"), _md("2026-01-03", label="Due"), None),
    Case("half a day's hours", "x.md", _md("2026-01-01 10:00 PM"), _md("2026-01-02 12:30 PM"), _md("2026-01-02 01:30 PM"), None),
    Case("an impossible date in text", "x.md", _md("2026-01-01"), _md("2026-02-30"), _md("2026-01-03"), None),
    Case("an impossible time in text", "x.md", _md("2026-01-01 10:00"), _md("2026-01-02 25:00"), _md("2026-01-03 25:00"), None),
    Case("a zone on one side in text", "x.md", _md("2026-01-01 10:00"), _md("2026-01-02 10:00 UTC"), _md("2026-01-03 10:00"), None),
    Case("text that both changed", "x.md", _md("2026-01-01"), _md("2026-01-02", "ours"), _md("2026-01-03", "theirs"), None),
    Case("a count in text that both raised", "x.md", "# Rows\n\nTotal: 1\n\n- a\n\nend\n\nlast\n", "# Rows\n\nTotal: 2\n\n- b\n- a\n\nend\n\nlast\n", "# Rows\n\nTotal: 2\n\n- a\n\nend\n\nlast\n- c\n", None),
    Case("a label that stands more often on one side", "x.md", _md("2026-01-01"), _md("2026-01-02") + "\nLast updated: 2026-01-09\n", _md("2026-01-03"), None),
    Case("both added the text, only the stamp differs", "x.md", None, _md("2026-01-02"), _md("2026-01-03"), _md("2026-01-03")),
    Case("both added texts", "x.md", None, _md("2026-01-02", "ours"), _md("2026-01-03", "theirs"), None),
    Case("a stamp in a comment of YAML", "x.yaml", "# Last updated: 2026-01-01\na: 1\n", "# Last updated: 2026-01-02\na: 1\n", "# Last updated: 2026-01-03\na: 1\n", "# Last updated: 2026-01-03\na: 1\n"),
    Case("a stamp in a comment of TOML", "x.toml", "# Generated at 2026\n# generated_at: 2026-01-01\na = 1\n", "# Generated at 2026\n# generated_at: 2026-01-02\na = 1\n", "# Generated at 2026\n# generated_at: 2026-01-03\na = 1\n", "# Generated at 2026\n# generated_at: 2026-01-03\na = 1\n"),
    # YAML and TOML as people write them
    Case("YAML's own dates", "x.yaml", "updated: 2026-01-01\na: 1\n", "updated: 2026-01-02\na: 1\n", "updated: 2026-01-03\na: 1\n", "updated: 2026-01-03\na: 1\n"),
    Case("a quoted date against YAML's own", "x.yaml", "updated: 2026-01-01\n", "updated: '2026-01-02'\n", "updated: 2026-01-03\n", None),
    Case("TOML's own dates", "x.toml", "updated = 2026-01-01T00:00:00Z\n", "updated = 2026-01-02T00:00:00Z\n", "updated = 2026-01-03T00:00:00+02:00\n", "updated = 2026-01-03T00:00:00+02:00\n"),
    Case("TOML's own, a zone on one side", "x.toml", "updated = 2026-01-01T00:00:00Z\n", "updated = 2026-01-02T00:00:00\n", "updated = 2026-01-03T00:00:00Z\n", None),
    Case("YAML comments and layout stay", "x.yaml", "# head\na:   1  # one\nb: [x,  y]\n", "# head\na:   2  # one\nb: [x,  y]\n", "# head\na:   1  # one\nb: [x,  y]\n# tail\nc: z\n", "# head\na:   2  # one\nb: [x,  y]\n# tail\nc: z\n"),
    Case("a comment of ours beside new keys of both", "x.yaml", "a: 1\n", "a: 1\nb: x # ours\n", "a: 1\nc: y\n", "a: 1\nb: x # ours\nc: y\n"),
    Case("comments of both beside new keys of both", "x.yaml", "a: 1\n", "a: 1\nb: x # ours\n", "a: 1\nc: y # theirs\n", None),
    Case("YAML anchors", "x.yaml", "a: &x p\nb: *x\n", "a: &x q\nb: *x\n", "a: &x p\nb: *x\nc: z\n", None),
    Case("two YAML documents", "x.yaml", "a: 1\n---\nb: 1\n", "a: 2\n---\nb: 1\n", "a: 1\n---\nb: 2\n", None),
    Case("YAML's yes is a string, true is not", "x.yaml", "a: no\n", "a: yes\n", "a: true\n", None),
    Case("a stamp in YAML's flow", "x.yaml", "k: {updated: 2026-01-01, v: x}\n", "k: {updated: 2026-01-02, v: x}\n", "k: {updated: 2026-01-03, v: x}\n", "k: {updated: 2026-01-03, v: x}\n"),
    Case("invalid YAML", "x.yaml", "a: 1\n", "a: [1\n", "a: 2\n", None),
    Case("invalid TOML", "x.toml", "a = 1\n", "a = \n", "a = 2\n", None),
    Case("a TOML comment of theirs stays", "x.toml", "a = 1\n", "a = 1\nb = 'x'\n", "a = 1\nc = 'y' # theirs\n", "a = 1\nc = 'y' # theirs\nb = 'x'\n"),
    Case("code without structure", "x.py", "a\n\n\nb\n", "A\n\n\nb\n", "a\n\n\nB\n", "A\n\n\nB\n"),
    Case("code, the same line", "x.py", "a\n", "b\n", "c\n", None),
    Case("code with a stamp is only code", "x.py", "updated = '2026-01-01'\n", "updated = '2026-01-02'\n", "updated = '2026-01-03'\n", None),
]  # fmt: skip


ALL = [*documents(), *TEXTS]
