r"""nested-quantifier: a regular expression takes exponential time.

In `(a+)+$` one text can be divided in exponentially many ways, and before giving up the engine tries them all:
thirty characters stop the process for hours.

Bad:

    re.match(r"^(\w+)+$", text)

Good:

    re.match(r"^\w+$", text)
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_USERS = frozenset(
    f"re.{name}" for name in ("compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer")
)


def _look(module: Module) -> Iterator[int]:
    for call, name in module.calls():
        pattern = call.args[0] if call.args and name in _USERS else None
        if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str) and _is_nested(pattern.value):
            yield call.lineno


def _is_nested(pattern: str) -> bool:
    """Whether an unbounded repeat holds nothing but another one, with something after it that can fail."""
    import re._parser as parser  # type: ignore[import-not-found]  # the standard library's own, since 3.11

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _search(list(parser.parse(pattern)))
    except (re.error, RecursionError, OverflowError):
        return False


def _search(items: list[Any]) -> bool:
    for number, (code, argument) in enumerate(items):
        name = str(code)
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            _, high, body = argument
            inner = _alone(list(body))
            if int(high) > _MANY and inner is not None and number + 1 < len(items):
                return True
            if _search(list(body)):
                return True
        elif (name == "SUBPATTERN" and _search(list(argument[-1]))) or (
            name == "BRANCH" and any(_search(list(branch)) for branch in argument[1])
        ):
            return True
    return False


_MANY = 1000


def _alone(items: list[Any]) -> Any | None:  # noqa: ANN401
    """The unbounded repeat of one character (or class) that is all there is, through groups."""
    if len(items) != 1:
        return None
    code, argument = items[0]
    if str(code) == "SUBPATTERN":
        return _alone(list(argument[-1]))
    is_repeat = str(code) in {"MAX_REPEAT", "MIN_REPEAT"} and int(argument[1]) > _MANY
    return argument if is_repeat and len(argument[2]) == 1 else None


RULE = Rule(
    id="nested-quantifier",
    scanner="code",
    severity="medium",
    message="a regular expression with a repeat inside a repeat takes exponential time on some texts",
    help="one repeat is enough: `(a+)+` matches what `a+` matches",
    look=_look,
)
