"""unverified-tls: a TLS context does not check who answers.

Without the certificate's check anybody on the way can answer in the server's name, and read and change everything.

Bad:

    context.verify_mode = ssl.CERT_NONE

Good:

    context = ssl.create_default_context(cafile="our-ca.pem")
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module


def _look(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Assign) or module.called(node.value) != "ssl.CERT_NONE":
            continue
        if any(isinstance(target, ast.Attribute) and target.attr == "verify_mode" for target in node.targets):
            yield node.lineno


RULE = Rule(
    id="unverified-tls",
    scanner="code",
    severity="medium",
    message="the TLS context checks no certificate: anybody on the way can answer",
    help="ssl.create_default_context(cafile=…) with the authority that signed the server's certificate",
    look=_look,
)
