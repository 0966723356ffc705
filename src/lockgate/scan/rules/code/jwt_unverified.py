"""jwt-unverified: a token is read without checking its signature.

Anybody can write such a token. Its claims say nothing about who sent it.

Bad:

    jwt.decode(token, options={"verify_signature": False})

Good:

    jwt.decode(token, key, algorithms=["RS256"])
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.code.tree import is_constant, keyword, strings
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_DECODERS = frozenset({"jwt.decode", "jose.jwt.decode", "jwt.decode_complete", "jwt.api_jwt.decode"})


def _look(module: Module) -> Iterator[int]:
    for call, name in module.calls():
        if name not in _DECODERS:
            continue
        options = keyword(call, "options")
        off = isinstance(options, ast.Dict) and any(
            isinstance(key, ast.Constant) and key.value == "verify_signature" and is_constant(value, False)  # noqa: FBT003
            for key, value in zip(options.keys, options.values, strict=True)
        )
        unsigned = any(text.lower() == "none" for text in strings(keyword(call, "algorithms")))
        if off or unsigned or is_constant(keyword(call, "verify"), False):  # noqa: FBT003
            yield call.lineno


RULE = Rule(
    id="jwt-unverified",
    scanner="code",
    severity="high",
    message="a JSON web token is accepted without checking its signature",
    help='give the key and the algorithms: jwt.decode(token, key, algorithms=["RS256"])',
    look=_look,
)
