"""archive-path: an archive decides where its files go.

A member called `../../.bashrc` is written there. `extractall` of `zipfile` cleans names, and that of `tarfile` does
with `filter="data"`; who writes members by hand has to do it too.

Bad:

    for name in archive.namelist():
        open(os.path.join(folder, name), "wb").write(archive.read(name))

Good:

    archive.extractall(folder)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.code.tree import keyword
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_LISTS = frozenset({"namelist", "infolist", "getmembers", "getnames"})
_GUARDS = frozenset(
    """
    resolve is_relative_to startswith commonpath commonprefix realpath abspath basename is_absolute isabs normpath
    secure_filename relative_to is_within_directory safe_join
    """.split()
)


def _look(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if not isinstance(node, (ast.For, ast.AsyncFor)) or not _lists(node.iter) or _guarded(node):
            continue
        if isinstance(node.target, ast.Name):
            yield from _writes(module, node, node.target.id)
    for call, name in module.calls():
        if (name == "shutil.unpack_archive" and keyword(call, "filter") is None and _names_tar(call)) or (
            _method(call) in {"extractall", "extract"} and _is_trusting(keyword(call, "filter"))
        ):
            yield call.lineno


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _lists(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _method(node) in _LISTS


def _names_tar(call: ast.Call) -> bool:
    named = keyword(call, "format") or (call.args[2] if len(call.args) > 2 else None)  # noqa: PLR2004
    if isinstance(named, ast.Constant):
        return "tar" in str(named.value)
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and ".t" in str(first.value)


def _is_trusting(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == "fully_trusted"


def _guarded(loop: ast.For | ast.AsyncFor) -> bool:
    """Something in the loop may check or clean the name."""
    calls = (one for one in ast.walk(loop) if isinstance(one, ast.Call))
    names = {_method(one) or (one.func.id if isinstance(one.func, ast.Name) else "") for one in calls}
    texts = {one.value for one in ast.walk(loop) if isinstance(one, ast.Constant)}
    return bool(names & _GUARDS) or ".." in texts or any("safe" in name or "sanitize" in name for name in names)


def _writes(module: Module, loop: ast.For | ast.AsyncFor, member: str) -> Iterator[int]:
    """Calls in the loop that open for writing what is joined from the member's own name."""
    paths = {
        target.id: node.value
        for node in ast.walk(loop)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in (one for one in ast.walk(loop) if isinstance(one, ast.Call)):
        target = None
        if module.called(call.func) in {"open", "io.open"} and call.args:
            mode = call.args[1] if len(call.args) > 1 else keyword(call, "mode")
            writes = isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax")
            target = call.args[0] if writes else None
        elif _method(call) in {"write_bytes", "write_text"} and isinstance(call.func, ast.Attribute):
            target = call.func.value
        if target is not None and _joined(target, member, paths):
            yield call.lineno


def _joined(node: ast.expr, member: str, paths: dict[str, ast.expr]) -> bool:
    if isinstance(node, ast.Name) and node.id in paths:
        node = paths[node.id]
    return any(isinstance(one, ast.Name) and one.id == member for one in ast.walk(node))


RULE = Rule(
    id="archive-path",
    scanner="code",
    severity="high",
    message="an archive's member is written where its own name says, also outside of the folder",
    help='use extractall(folder) of zipfile, extractall(folder, filter="data") of tarfile, or check the resolved path',
    look=_look,
)
