"""JSON with the place of every value in its text, so that a merge changes only what it must (pure)."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from lockgate.push.stamps import Scalar
from lockgate.push.values import Value

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_WORD = re.compile(r"true|false|null")


class Member(NamedTuple):
    """One `"key": value` of an object, with the white space around it and the key as written."""

    lead: str
    key: str
    node: Node
    trail: str


class Node(NamedTuple):
    """A value, its text, and its parts: members by key, or elements as (lead, node, trail)."""

    value: Value
    text: str
    members: dict[str, Member] | None = None
    elements: list[tuple[str, Node, str]] | None = None


class Document(NamedTuple):
    """One value with what stands around it."""

    lead: str
    root: Node
    trail: str


def parse(text: str) -> Document:
    """The one value in `text`.

    Raises:
        ValueError: It is no JSON, or a key stands twice in one object.
    """
    reader = _Reader(text)
    document = Document(*reader.spaced())
    if reader.at != len(text):
        raise reader.wrong()
    return document


def render(theirs: Document, ours: Document, merged: Value) -> str:
    """`merged` in the text of `theirs`; what is new stands as `ours` wrote it."""
    return theirs.lead + _rendered(theirs.root, ours.root, merged) + theirs.trail


def _rendered(theirs: Node, ours: Node, merged: Value) -> str:
    if merged == theirs.value:
        return theirs.text
    if merged == ours.value:
        return ours.text
    if theirs.members is not None and ours.members is not None and isinstance(merged, dict):
        return _object(theirs.members, ours.members, merged)
    if theirs.elements is not None and ours.elements is not None and isinstance(merged, list):
        triples = zip(theirs.elements, ours.elements, merged, strict=True)
        return "[" + ",".join(t[0] + _rendered(t[1], o[1], value) + t[2] for t, o, value in triples) + "]"
    raise ValueError("the merged value is neither side's")


def _object(theirs: dict[str, Member], ours: dict[str, Member], merged: dict[str, Value]) -> str:
    order = [key for key in theirs if key in merged]
    before: str | None = None
    for key in ours:
        if key in merged and key not in order:
            # Where our side has it: behind the key that comes before it there.
            order.insert(order.index(before) + 1 if before in order else 0, key)
        before = key if key in merged else before
    like = list((theirs or ours).values())
    parts = []
    for key in order:
        mine, yours = ours.get(key), theirs.get(key)
        member = yours or mine
        assert member is not None  # noqa: S101  (a merged key is somebody's)
        node = _rendered((yours or member).node, (mine or member).node, merged[key])
        lead, trail = (yours.lead, yours.trail) if yours else (like[-1].lead, "")
        parts.append(lead + member.key + node + (trail if yours is not like[-1] else ""))
    return "{" + ",".join(parts) + (like[-1].trail if parts else "") + "}"


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def wrong(self, what: str = "not valid JSON") -> ValueError:
        return ValueError(f"line {self._text.count(chr(10), 0, self.at) + 1}: {what}")

    def spaced(self) -> tuple[str, Node, str]:
        lead = self._space()
        node = self._value()
        return lead, node, self._space()

    def _space(self) -> str:
        found = _SPACE.match(self._text, self.at)
        assert found is not None  # noqa: S101  (the pattern matches nothing too)
        self.at = found.end()
        return found[0]

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def _mark(self, mark: str) -> bool:
        if not self._text.startswith(mark, self.at):
            return False
        self.at += 1
        return True

    def _value(self) -> Node:
        begun = self.at
        if (text := self._take(_STRING)) is not None:
            return Node(Scalar("string", json.loads(text)), text)
        if (text := self._take(_NUMBER)) is not None:
            return Node(Scalar("number", text), text)
        if (text := self._take(_WORD)) is not None:
            return Node(Scalar("null" if text == "null" else "boolean", text), text)
        if self._mark("{"):
            members = self._members()
            value = {key: member.node.value for key, member in members.items()}
            return Node(value, self._text[begun : self.at], members=members)
        if self._mark("["):
            elements = self._elements()
            return Node([node.value for _, node, _ in elements], self._text[begun : self.at], elements=elements)
        raise self.wrong()

    def _members(self) -> dict[str, Member]:
        members: dict[str, Member] = {}
        lead = self._space()
        if self._mark("}"):
            return members
        while True:
            begun = self.at
            text = self._take(_STRING)
            if text is None:
                raise self.wrong()
            key = json.loads(text)
            if key in members:
                raise self.wrong(f"the key {key!r} stands twice")
            self._space()
            if not self._mark(":"):
                raise self.wrong()
            self._space()
            written = self._text[begun : self.at]
            node = self._value()
            members[key] = Member(lead, written, node, self._space())
            if self._mark("}"):
                return members
            if not self._mark(","):
                raise self.wrong()
            lead = self._space()

    def _elements(self) -> list[tuple[str, Node, str]]:
        elements: list[tuple[str, Node, str]] = []
        begun = self.at
        self._space()
        if self._mark("]"):
            return elements
        self.at = begun
        while True:
            elements.append(self.spaced())
            if self._mark("]"):
                return elements
            if not self._mark(","):
                raise self.wrong()
