"""pickled-array: an array file may run code when it is loaded.

`allow_pickle=True` lets a file hold any pickled object, and unpickling runs what the file says.

Bad:

    numpy.load(path, allow_pickle=True)

Good:

    numpy.load(path)
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.scan.rules.code.tree import is_constant, keyword
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_LOADERS = frozenset({"numpy.load", "numpy.lib.npyio.load", "numpy.lib.format.read_array"})


def _look(module: Module) -> Iterator[int]:
    for call, name in module.calls():
        if name in _LOADERS and is_constant(keyword(call, "allow_pickle"), True):  # noqa: FBT003
            yield call.lineno


RULE = Rule(
    id="pickled-array",
    scanner="code",
    severity="medium",
    message="allow_pickle=True: the file can run code when it is loaded",
    help="leave allow_pickle out, and store objects in another format",
    look=_look,
)
