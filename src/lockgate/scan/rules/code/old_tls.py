"""old-tls: a connection may use SSL 3, TLS 1.0 or TLS 1.1.

These versions are broken, and no server needs them any more (RFC 8996).

Bad:

    ssl.SSLContext(ssl.PROTOCOL_TLSv1)

Good:

    ssl.create_default_context()
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_PROTOCOLS = frozenset(
    {
        *(f"ssl.PROTOCOL_{name}" for name in ("SSLv2", "SSLv3", "TLSv1", "TLSv1_1")),
        *(f"OpenSSL.SSL.{name}_METHOD" for name in ("SSLv2", "SSLv3", "TLSv1", "TLSv1_1")),
    }
)
_VERSIONS = frozenset(f"ssl.TLSVersion.{name}" for name in ("SSLv3", "TLSv1", "TLSv1_1", "MINIMUM_SUPPORTED"))


def _look(module: Module) -> Iterator[int]:
    for call, name in module.calls():
        # Named arguments are bandit's (S502).
        is_context = name in {"ssl.SSLContext", "OpenSSL.SSL.Context"} and bool(call.args)
        if is_context and module.called(call.args[0]) in _PROTOCOLS:
            yield call.lineno
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and module.called(node.value) in _VERSIONS:
            names = {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
            if names & {"minimum_version", "maximum_version"}:
                yield node.lineno


RULE = Rule(
    id="old-tls",
    scanner="code",
    severity="high",
    message="a connection may use a broken version of SSL or TLS",
    help="ssl.create_default_context(); at least ssl.TLSVersion.TLSv1_2 as minimum_version",
    look=_look,
)
