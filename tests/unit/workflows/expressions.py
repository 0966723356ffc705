"""GitHub's expressions, as far as rendered workflows use them: whatever is not known here is an error, never a guess.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

Value = str | bool | float | None
Functions = Mapping[str, Callable[[], bool]]

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d+(?:\.\d+)?)|(&&|\|\||==|!=|[!().,])|([A-Za-z_][\w-]*))")


class UnsupportedError(Exception):
    """Something that this model does not know, so that nothing can be said."""


def evaluate(text: str, contexts: Mapping[str, Value], functions: Functions) -> Value:
    """The value of an expression without its `${{ }}`; `contexts` by full name, e.g. `github.event_name`."""
    parser = _Parser(_tokens(text), contexts, functions)
    value = parser.either()
    if parser.rest:
        raise UnsupportedError(f"{parser.rest[0]!r} in {text!r}")
    return value


def condition(text: object, contexts: Mapping[str, Value], functions: Functions) -> bool:
    """Whether an `if` holds: with GitHub's implied `success()` unless it asks for a status itself."""
    if isinstance(text, bool):
        text = str(text).lower()
    if not isinstance(text, str):
        raise UnsupportedError(f"if: {text!r}")
    inner = unwrapped(text)
    tokens = _tokens(inner)
    if not any(name in tokens and "(" in tokens for name in ("success", "failure", "cancelled", "always")):
        inner = f"success() && ({inner})"
    return truth(evaluate(inner, contexts, functions))


def unwrapped(text: str) -> str:
    """The expression of a value that is one as a whole, or that an `if` takes for one."""
    text = text.strip()
    match = re.fullmatch(r"\$\{\{(.*)\}\}", text, re.DOTALL)
    inner = match[1] if match else text
    if "${{" in inner:
        raise UnsupportedError(f"several expressions in {text!r}")
    return inner


def filled(text: str, contexts: Mapping[str, Value]) -> str:
    """Text with every `${{ }}` in it evaluated; no function is known here."""

    def fill(match: re.Match[str]) -> str:
        value = evaluate(match[1], contexts, {})
        if isinstance(value, str):
            return value
        return "" if value is None else str(value).lower() if isinstance(value, bool) else f"{value:g}"

    return re.sub(r"\$\{\{(.*?)\}\}", fill, text, flags=re.DOTALL)


def truth(value: Value) -> bool:
    """What counts as true."""
    return value not in (False, 0, "", None)


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnsupportedError(f"{text[at:]!r}")
        found.append(match[0].strip())
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: Sequence[str], contexts: Mapping[str, Value], functions: Functions) -> None:
        self.rest = list(tokens)
        self._contexts = contexts
        self._functions = functions

    def _take(self, *wanted: str) -> str | None:
        return self.rest.pop(0) if self.rest and self.rest[0] in wanted else None

    def either(self) -> Value:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value if truth(value) else other
        return value

    def _both(self) -> Value:
        value = self._equal()
        while self._take("&&"):
            other = self._equal()
            value = other if truth(value) else value
        return value

    def _equal(self) -> Value:
        value = self._negated()
        while operator := self._take("==", "!="):
            value = _same(value, self._negated()) == (operator == "==")
        return value

    def _negated(self) -> Value:
        return not truth(self._negated()) if self._take("!") else self._single()

    def _single(self) -> Value:
        if self._take("("):
            value = self.either()
            if not self._take(")"):
                raise UnsupportedError("a bracket is not closed")
            return value
        if not self.rest:
            raise UnsupportedError("the expression ends early")
        token = self.rest.pop(0)
        if token[0] == "'":
            return token[1:-1].replace("''", "'")
        if token[0].isdigit():
            return float(token)
        if token in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[token]
        return self._named(token)

    def _named(self, name: str) -> Value:
        if self._take("("):
            if not self._take(")") or name not in self._functions:
                raise UnsupportedError(f"the function {name}")
            return self._functions[name]()
        while self._take("."):
            if not self.rest:
                raise UnsupportedError(f"{name}. ends early")
            name = f"{name}.{self.rest.pop(0)}"
        if name not in self._contexts:
            raise UnsupportedError(f"the context {name}")
        return self._contexts[name]


def _same(left: Value, right: Value) -> bool:
    """Equality as GitHub has it: strings without regard to case; what it would convert is not compared here."""
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if {type(left), type(right)} == {str, type(None)}:
        text = left or right
        # Both become numbers: null is 0, and a text that is none equals nothing.
        if isinstance(text, str) and not re.fullmatch(r"[\s\d.+-]*", text):
            return False
    if type(left) is not type(right):
        raise UnsupportedError(f"{left!r} compared with {right!r}")
    return left == right
