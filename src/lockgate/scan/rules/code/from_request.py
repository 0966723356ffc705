"""Values that come straight from a web request, as far as one function's text shows it.

A value counts only on its plain way: `request.args["x"]`, one local name, string building, `os.path.join`. Any other
call in between may check or clean it, and so may a comparison: then nothing is claimed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from lockgate.scan.rules.code.tree import functions, own_nodes
from lockgate.scan.source import Module

_REQUESTS = frozenset(
    """
    flask.request bottle.request quart.request sanic.request request self.request
    """.split()
)
_FIELDS = frozenset(
    """
    args form values json data files headers cookies query GET POST COOKIES params query_params path_params
    match_info rel_url body query_string url forms
    """.split()
)
_READERS = frozenset(
    """
    get getlist get_json get_data getone get_argument get_query_argument
    """.split()
)
_JOINERS = frozenset(
    """
    str os.path.join pathlib.Path bytes urllib.parse.unquote format strip
    """.split()
)


def reached(module: Module, is_sink: Callable[[str, ast.Call], ast.expr | None]) -> Iterator[int]:
    """Lines of calls whose argument comes from a request; `is_sink(name, call)` tells which argument counts."""
    for scope in functions(module.tree):
        nodes = list(own_nodes(scope))
        names, checked = _names(module, nodes), _checked(nodes)
        known = {name: comes and name not in checked for name, comes in names.items()}
        for node in nodes:
            value = is_sink(module.called(node.func), node) if isinstance(node, ast.Call) else None
            if value is None or not _comes(module, value, known):
                continue
            # The same expression may have been compared before.
            if not any(ast.dump(part) in checked for part in ast.walk(value) if isinstance(part, _READS)):
                yield value.lineno


_READS = (ast.Subscript, ast.Call)


def _names(module: Module, nodes: list[ast.AST]) -> dict[str, bool]:
    """Local names, and whether every value that they are given comes from a request."""
    found: dict[str, bool] = {}
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    # A name that is set twice may have been cleaned in between.
                    found[target.id] = _comes(module, node.value, found) and found.get(target.id, True)
    return found


def _checked(nodes: list[ast.AST]) -> set[str]:
    """Names and expressions that a condition looks at."""
    tests: list[ast.AST] = [node for node in nodes if isinstance(node, ast.Compare)]
    tests += [node.test for node in nodes if isinstance(node, (ast.If, ast.IfExp, ast.Assert))]
    tests += [node.subject for node in nodes if isinstance(node, ast.Match)]
    parts = [part for test in tests for part in ast.walk(test)]
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return names | {ast.dump(part) for part in parts if isinstance(part, _READS)}


def _comes(module: Module, node: ast.expr, tainted: dict[str, bool]) -> bool:
    """Whether an expression is, or is built from, a field of a request."""
    if isinstance(node, ast.Name):
        return tainted.get(node.id, False)
    if isinstance(node, ast.Attribute):
        return node.attr in _FIELDS and module.called(node.value) in _REQUESTS
    if isinstance(node, ast.Subscript):
        return _comes(module, node.value, tainted)
    if isinstance(node, ast.JoinedStr):
        values = (part.value for part in node.values if isinstance(part, ast.FormattedValue))
        return any(_comes(module, value, tainted) for value in values)
    if isinstance(node, ast.BinOp):
        return _comes(module, node.left, tainted) or _comes(module, node.right, tainted)
    if isinstance(node, ast.Tuple):
        return any(_comes(module, one, tainted) for one in node.elts)
    if isinstance(node, ast.Await):
        return _comes(module, node.value, tainted)
    if isinstance(node, ast.BoolOp):
        return any(_comes(module, one, tainted) for one in node.values)
    if isinstance(node, ast.Call):
        return _called_comes(module, node, tainted)
    return False


def _called_comes(module: Module, call: ast.Call, tainted: dict[str, bool]) -> bool:
    if isinstance(call.func, ast.Attribute):
        if call.func.attr in _READERS:
            of_request = module.called(call.func.value) in {*_REQUESTS, "self"}
            return of_request or _comes(module, call.func.value, tainted)
        if call.func.attr in _JOINERS:
            return any(_comes(module, one, tainted) for one in (call.func.value, *call.args))
    if module.called(call.func) in _JOINERS:
        return any(_comes(module, one, tainted) for one in call.args)
    return False
