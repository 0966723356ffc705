"""logged-secret: a password or key is written to the log.

Logs are kept, copied and read by many; a secret in one is a secret no more.

Bad:

    logger.info("logging in as %s with %s", user, password)

Good:

    logger.info("logging in as %s", user)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_LEVELS = frozenset(
    """
    debug info warning warn error critical exception log
    """.split()
)
_SECRET = re.compile(
    r"(.*_)?(password|passwd|pwd|passphrase|secret_?key|api_?key|access_?key|private_?key|(access|auth|bearer|api|refresh)_?token"
    r"|client_secret)",
    re.IGNORECASE,
)


def _look(module: Module) -> Iterator[int]:
    for call, name in module.calls():
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _LEVELS:
            continue
        logger = module.called(call.func.value) or _maker(module, call.func.value)
        is_log = name.startswith("logging.") or re.search(r"(^|[._])log(ger|ging)?$", logger, re.IGNORECASE)
        if is_log and any(_is_secret(one) for argument in call.args for one in _shown(argument)):
            yield call.lineno


def _maker(module: Module, node: ast.expr) -> str:
    is_made = isinstance(node, ast.Call) and module.called(node.func) == "logging.getLogger"
    return "logger" if is_made else ""


def _shown(node: ast.expr) -> Iterator[ast.expr]:
    """The values that end up in the message: the argument itself, or the parts of a string that is built."""
    if isinstance(node, ast.JoinedStr):
        yield from (part.value for part in node.values if isinstance(part, ast.FormattedValue))
    elif isinstance(node, ast.BinOp):
        yield from (*_shown(node.left), *_shown(node.right))
    elif isinstance(node, ast.Tuple):
        yield from node.elts
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        yield from (*node.args, *(one.value for one in node.keywords))
    else:
        yield node


def _is_secret(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return isinstance(node.slice.value, str) and _SECRET.fullmatch(node.slice.value) is not None
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return _SECRET.fullmatch(name) is not None


RULE = Rule(
    id="logged-secret",
    scanner="code",
    severity="medium",
    confidence="medium",
    message="a password, key or token is written to the log",
    help="leave it out of the message, or log that it is set",
    look=_look,
)
