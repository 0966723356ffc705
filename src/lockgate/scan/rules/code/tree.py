"""Questions to a syntax tree that several rules ask."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((one.value for one in call.keywords if one.arg == name), None)


def is_constant(node: ast.expr | None, value: object) -> bool:
    """Whether the expression is this very constant."""
    return isinstance(node, ast.Constant) and node.value is value


def strings(node: ast.AST | None) -> list[str]:
    """The string constants in an expression."""
    found = ast.walk(node) if node is not None else iter(())
    return [one.value for one in found if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.Module]:
    """Every function, and the module itself."""
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from own_nodes(child)
