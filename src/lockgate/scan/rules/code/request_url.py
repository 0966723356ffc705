"""request-url: the server fetches what a request names.

The server stands where attackers do not: it reaches the cloud's metadata service and everything behind the firewall.
Look the address up in a list of those that are allowed.

Bad:

    requests.get(request.args["url"])

Good:

    requests.get(FEEDS[request.args["feed"]])
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.code.from_request import reached
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_FETCHERS = frozenset(
    {
        *(f"{client}.{verb}" for client in ("requests", "httpx") for verb in _VERBS),
        *("urllib.request.urlopen", "urllib.request.urlretrieve", "urllib.request.Request", "urllib3.request"),
    }
)


def _url(name: str, call: ast.Call) -> ast.expr | None:
    if name in {"requests.request", "httpx.request", "httpx.stream"}:
        return call.args[1] if len(call.args) > 1 else None
    return call.args[0] if call.args and name in _FETCHERS else None


def _look(module: Module) -> Iterator[int]:
    yield from reached(module, _url)


RULE = Rule(
    id="request-url",
    scanner="code",
    severity="high",
    message="the server fetches an address that comes from a request",
    help="look the address up among those that are allowed; never fetch what a request spells",
    look=_look,
)
