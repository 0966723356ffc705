"""Writes data as TOML in every style that TOML knows, and remembers on which line each key came to stand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

Keys = tuple[str | int, ...]
# Letters of keys and texts: what looks like TOML itself is what leads a reader astray.
_TEXT = st.one_of(
    st.text(st.sampled_from("ab=[]{}\"'#.,\n\\ é\u2028\x85"), max_size=12),
    st.sampled_from(["[tool]", "a = 1\nb = 2\n[c]\n", '"""', "'''", '\\"', "# no comment", "''\"\"\n"]),
)
_NAMES = st.one_of(st.sampled_from(["a", "b", "tool", "x-y", "3"]), _TEXT)
_SCALARS = st.one_of(st.integers(-9, 9), st.booleans(), _TEXT)
_FLAT = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3))
_INLINE = st.one_of(
    _FLAT, st.dictionaries(_NAMES, _FLAT, max_size=2), st.lists(st.dictionaries(_NAMES, _FLAT), max_size=2)
)
_TABLES = st.dictionaries(_NAMES, _INLINE, max_size=3)
DATA = st.dictionaries(
    _NAMES, st.one_of(_INLINE, _TABLES, st.lists(_TABLES, min_size=1, max_size=3)), min_size=1, max_size=4
)


@st.composite
def documents(draw: DrawFn) -> tuple[dict[str, Any], str, dict[Keys, int]]:
    """Data, a TOML text that means it, and the line of each written key, element and table header."""
    data = draw(DATA)
    writer = _Writer(draw)
    writer.document(data)
    return data, writer.text, writer.lines


class _Writer:
    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw
        self.text = ""
        self.lines: dict[Keys, int] = {}

    def document(self, data: Mapping[str, Any]) -> None:
        kinds = {name: self._style(value) for name, value in data.items()}
        for name, value in data.items():
            if kinds[name] == "plain":
                self._statement((name,), (name,), value)
            elif kinds[name] == "dotted":
                for inner, one in value.items():
                    self._statement((name, inner), (name, inner), one)
        for name, value in data.items():
            if kinds[name] == "table":
                self._table((name,), f"[{self._key(name)}]", value)
            elif kinds[name] == "tables":
                for number, one in enumerate(value):
                    self._table((name, number), f"[[{self._key(name)}]]", one)

    def _style(self, value: object) -> str:
        """How a value at the top is written; what is empty can be written in one way only."""
        if isinstance(value, dict):
            return self._draw(st.sampled_from(["plain", "dotted", "table"] if value else ["plain", "table"]))
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            return self._draw(st.sampled_from(["plain", "tables"]))
        return "plain"

    def _table(self, path: Keys, header: str, content: Mapping[str, Any]) -> None:
        self._mark(path)
        self.text += f"{header}{self._end()}"
        for name, value in content.items():
            self._statement((*path, name), (name,), value)

    def _statement(self, path: Keys, names: tuple[str, ...], value: object) -> None:
        self.text += self._draw(st.sampled_from(["", "\n", "  ", "\t# [comment] = 1\n"]))
        self._mark(path)
        dot, equals = self._draw(st.sampled_from([(".", "="), (" . ", " = "), (".", "= ")]))
        self.text += dot.join(self._key(name) for name in names) + equals
        self._value(path, value)
        self.text += self._end()

    def _end(self) -> str:
        return self._draw(st.sampled_from(["\n", " # [x]\n", "\r\n", "\n\n"]))

    def _value(self, path: Keys, value: object) -> None:
        if isinstance(value, dict):
            self.text += "{"
            for number, (name, one) in enumerate(value.items()):
                self.text += ", " if number else " "
                self._mark((*path, name))
                self.text += f"{self._key(name)} = "
                self._value((*path, name), one)
            self.text += "}"
        elif isinstance(value, list):
            self.text += "["
            for number, one in enumerate(value):
                self.text += self._draw(st.sampled_from(["", "\n", " # ] }\n  "]))
                self._mark((*path, number))
                self._value((*path, number), one)
                self.text += self._draw(st.sampled_from([",", " ,\n"]))
            self.text += "]"
        elif isinstance(value, str):
            self.text += self._string(value)
        else:
            self.text += json.dumps(value)

    def _key(self, name: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9_-]+", name) and self._draw(st.booleans()):
            return name
        if not re.search(r"['\n]", name) and self._draw(st.booleans()):
            return f"'{name}'"
        return json.dumps(name, ensure_ascii=False)

    def _string(self, text: str) -> str:
        styles = [json.dumps(text, ensure_ascii=False)]
        styles.append('"""\n{}"""'.format(text.replace("\\", "\\\\").replace('"', '\\"')))
        if not re.search(r"['\n]", text):
            styles.append(f"'{text}'")
        if "'''" not in text:
            # One or two quotes before the closing three are part of the text.
            styles.append(f"'''\n{text}'''")
        if "\\" not in text and '"""' not in text:
            styles.append(f'"""\n{text}"""')
        return self._draw(st.sampled_from(styles))

    def _mark(self, path: Keys) -> None:
        self.lines[path] = self.text.count("\n") + 1
