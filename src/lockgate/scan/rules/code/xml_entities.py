"""xml-entities: an XML parser resolves external entities.

An entity can name a file or an address, and the parser puts its content into the document: files of the server leave
with the answer.

Bad:

    etree.XMLParser(resolve_entities=True)

Good:

    etree.XMLParser(resolve_entities=False, no_network=True)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lockgate.scan.rules.code.tree import is_constant, keyword
from lockgate.scan.rules.rule import Rule
from lockgate.scan.source import Module

_PARSERS = frozenset(f"lxml.etree.{name}" for name in ("XMLParser", "ETCompatXMLParser", "XMLPullParser", "iterparse"))
_DANGEROUS = (("resolve_entities", True), ("no_network", False), ("load_dtd", True))
_FEATURES = ("feature_external_ges", "feature_external_pes")


def _look(module: Module) -> Iterator[int]:
    for call, name in module.calls():
        if name in _PARSERS and any(is_constant(keyword(call, key), value) for key, value in _DANGEROUS):
            # A DTD alone does no harm when entities stay what they are.
            if not is_constant(keyword(call, "resolve_entities"), False):  # noqa: FBT003
                yield call.lineno
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "setFeature" and len(call.args) == 2:  # noqa: PLR2004
            feature, value = call.args
            named = module.called(feature).endswith(_FEATURES) or any(
                one.value.endswith(("external-general-entities", "external-parameter-entities"))
                for one in (feature,)
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )
            if named and isinstance(value, ast.Constant) and bool(value.value):
                yield call.lineno


RULE = Rule(
    id="xml-entities",
    scanner="code",
    severity="high",
    message="the XML parser resolves external entities: a document can read files and addresses",
    help="resolve_entities=False, no_network=True; or use defusedxml",
    look=_look,
)
