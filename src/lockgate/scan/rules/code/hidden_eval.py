"""hidden-eval: `eval`, `exec` or an import in disguise.

Code that reaches `eval` through `getattr`, `globals()` or pieces of its name does so for one reason: not to be found.

Bad:

    getattr(builtins, "ev" + "al")(text)

Good:

    ast.literal_eval(text)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.code.tree import strings
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_NAMES = frozenset(
    """
    eval exec compile __import__ system popen
    """.split()
)
_RUNNERS = frozenset({"eval", "exec", "compile", "__import__"})
_HOLDERS = frozenset({"builtins", "__builtins__", "__builtin__"})
_DECODERS = ("b64decode", "fromhex", "unhexlify", "decompress", "decode", "a85decode", "b85decode", "b32decode")


def _look(module: Module) -> Iterator[int]:
    for call, name in module.calls():
        if name == "getattr" and len(call.args) > 1:
            holder = module.called(call.args[0])
            imported = isinstance(call.args[0], ast.Call) and module.called(call.args[0].func) == "__import__"
            text, plain = _text(call.args[1]), isinstance(call.args[1], ast.Constant)
            # In a plain attribute of another module there is nothing hidden.
            if text in _NAMES and (holder in _HOLDERS or imported or not plain):
                yield call.lineno
        elif isinstance(call.func, ast.Subscript):
            if _text(call.func.slice) in _NAMES and _is_namespace(module, call.func.value):
                yield call.lineno
        elif name.removeprefix("builtins.") in _RUNNERS and call.args and _is_decoded(call.args[0]):
            yield call.lineno


def _text(node: ast.expr) -> str | None:
    """The string that an expression of constants is: `"ev" + "al"`, `"lave"[::-1]`, `"".join(["ev", "al"])`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is None or right is None else left + right
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice)
        and isinstance(node.slice.step, ast.UnaryOp)
    ):
        inner = _text(node.value)
        return None if inner is None else inner[::-1]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        return "".join(strings(node.args[0])) if node.args and isinstance(node.args[0], (ast.List, ast.Tuple)) else None
    return None


def _is_namespace(module: Module, node: ast.expr) -> bool:
    """`globals()`, `vars(builtins)`, `__builtins__`, `builtins.__dict__`, or a subscript of one."""
    if isinstance(node, ast.Subscript):
        return _is_namespace(module, node.value)
    if isinstance(node, ast.Call):
        return module.called(node.func) in {"globals", "locals", "vars"}
    return module.called(node).removesuffix(".__dict__") in _HOLDERS


def _is_decoded(node: ast.expr) -> bool:
    """What runs was decoded from a constant just before."""
    calls = (one for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute))
    return any(one.func.attr in _DECODERS for one in calls if isinstance(one.func, ast.Attribute)) and bool(
        strings(node)
    )


RULE = Rule(
    id="hidden-eval",
    scanner="code",
    severity="high",
    message="code reaches eval, exec or a shell in disguise",
    help="say what is called by its name; for data use ast.literal_eval or json",
    look=_look,
)
