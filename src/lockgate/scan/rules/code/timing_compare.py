"""timing-compare: a signature is compared with ==.

`==` stops at the first difference, and how long it takes tells how much of a guess was right.

Bad:

    if hmac.new(key, body, "sha256").hexdigest() == signature:

Good:

    if hmac.compare_digest(hmac.new(key, body, "sha256").hexdigest(), signature):
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.code.tree import functions, own_nodes
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module


def _look(module: Module) -> Iterator[int]:
    for scope in functions(module.tree):
        nodes = list(own_nodes(scope))
        assigned = {
            target.id: node.value
            for node in nodes
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in nodes:
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
                sides = (node.left, *node.comparators)
                constant = any(isinstance(side, ast.Constant) for side in sides)
                if not constant and any(_is_signature(module, side, assigned) for side in sides):
                    yield node.lineno


def _is_signature(module: Module, node: ast.expr, assigned: dict[str, ast.expr], depth: int = 3) -> bool:
    """`hmac.new(…).hexdigest()`, `hmac.digest(…)`, or a name that was set to one."""
    if isinstance(node, ast.Name) and depth:
        value = assigned.get(node.id)
        return value is not None and _is_signature(module, value, assigned, depth - 1)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr in {"digest", "hexdigest"}:
        maker = node.func.value
        if isinstance(maker, ast.Name):
            maker = assigned.get(maker.id, maker)
        if isinstance(maker, ast.Call) and module.called(maker.func) in {"hmac.new", "hmac.HMAC"}:
            return True
    return module.called(node.func) == "hmac.digest"


RULE = Rule(
    id="timing-compare",
    scanner="code",
    severity="medium",
    message="a signature is compared with ==: the time that it takes tells how much of it is right",
    help="hmac.compare_digest(expected, given)",
    look=_look,
)
