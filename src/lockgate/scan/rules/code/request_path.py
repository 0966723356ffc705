"""request-path: a file is opened where a request says.

`../../etc/passwd` is a name too, and `os.path.join` lets an absolute name win. Take the last part of the name, or
resolve the path and see that it lies in the folder that it should.

Bad:

    open(os.path.join(UPLOADS, request.args["name"]))

Good:

    open(os.path.join(UPLOADS, secure_filename(request.args["name"])))
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.code.from_request import reached
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_OPENERS = frozenset(
    {
        *("open", "io.open", "os.open", "codecs.open", "os.remove", "os.unlink", "os.listdir", "os.rmdir"),
        *("shutil.rmtree", "shutil.copy", "shutil.move", "flask.send_file", "send_file", "django.http.FileResponse"),
    }
)
_METHODS = frozenset(
    """
    read_text read_bytes write_text write_bytes open unlink
    """.split()
)


def _path(name: str, call: ast.Call) -> ast.expr | None:
    if name in _OPENERS:
        return call.args[0] if call.args else None
    if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
        return call.func.value
    return None


def _look(module: Module) -> Iterator[int]:
    yield from reached(module, _path)


RULE = Rule(
    id="request-path",
    scanner="code",
    severity="high",
    message="a path comes from a request, and nothing keeps it inside a folder",
    help="take only the name (`secure_filename`, `Path(name).name`), or resolve the path and check `is_relative_to`",
    look=_look,
)
