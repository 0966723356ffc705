"""request-template: a template is made from a request.

Who writes a template runs code on the server: `{{ ''.__class__ … }}` reaches every object of the process. A
template's text must be the program's own; what a request says belongs into its variables.

Bad:

    render_template_string("<h1>" + request.args["name"])

Good:

    render_template_string("<h1>{{ name }}", name=request.args["name"])
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.code.from_request import reached
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_MAKERS = frozenset(
    {
        *("flask.render_template_string", "render_template_string", "quart.render_template_string"),
        *("jinja2.Template", "mako.template.Template", "django.template.Template", "string.Template.template"),
        *("bottle.template", "tornado.template.Template"),
    }
)


def _text(name: str, call: ast.Call) -> ast.expr | None:
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr == "from_string"
    return call.args[0] if call.args and (name in _MAKERS or is_method) else None


def _look(module: Module) -> Iterator[int]:
    yield from reached(module, _text)


RULE = Rule(
    id="request-template",
    scanner="code",
    severity="critical",
    message="a template's text comes from a request: whoever sends it runs code here",
    help="keep the template constant, and pass the value as a variable of it",
    look=_look,
)
