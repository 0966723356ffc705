"""YAML and TOML: read with types kept apart, and edited in place where lines alone cannot be merged."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from typing import Any

from lockgate.push.stamps import Scalar
from lockgate.push.values import Value

_TAGS = {"int": "number", "float": "number", "timestamp": "date", "str": "string", "bool": "boolean", "null": "null"}
_COMMENT = re.compile(r"(?:^|\s)(#.*)$", re.MULTILINE)


def read_yaml(text: str) -> Value:
    """The one document of a YAML 1.2 text.

    Raises:
        ValueError: It is none, has more than one document, or a key stands twice.
    """
    from ruamel.yaml import YAML  # 25 ms
    from ruamel.yaml.error import YAMLError

    try:
        nodes = list(YAML(typ="rt", pure=True).compose_all(text))
    except (YAMLError, ValueError, AttributeError) as error:
        raise ValueError(f"not valid YAML: {' '.join(str(error).split())}") from None
    if len(nodes) > 1:
        raise ValueError("more than one YAML document")
    return _from_node(nodes[0]) if nodes else {}


def _from_node(node: Any) -> Value:  # noqa: ANN401  (ruamel's nodes)
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    if node.anchor:
        raise ValueError("YAML anchors: a change of one place changes others")
    if isinstance(node, SequenceNode):
        return [_from_node(one) for one in node.value]
    if isinstance(node, ScalarNode):
        tag = str(node.tag or "").rpartition(":")[2]
        return Scalar(_TAGS.get(tag, str(node.tag)), node.value)
    assert isinstance(node, MappingNode)  # noqa: S101  (there is no fourth kind)
    found: dict[str, Value] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise ValueError("a key that is a collection")  # noqa: TRY004  (a refusal like the others)
        if key.value in found:
            raise ValueError(f"the key {key.value!r} stands twice")
        found[key.value] = _from_node(value)
    return found


def read_toml(text: str) -> Value:
    """A TOML document.

    Raises:
        ValueError: It is none.
    """
    import tomllib

    try:
        return _from_toml(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not valid TOML: {error}") from None


def _from_toml(value: Any) -> Value:  # noqa: ANN401  (whatever TOML can say)
    if isinstance(value, dict):
        return {key: _from_toml(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_from_toml(one) for one in value]
    if isinstance(value, bool):
        return Scalar("boolean", str(value))
    kind = {str: "string", int: "number", float: "float"}.get(type(value), "date")
    return Scalar(kind, repr(value) if kind == "float" else str(value))


READERS: dict[str, Callable[[str], Value]] = {".yaml": read_yaml, ".yml": read_yaml, ".toml": read_toml}


def edited(suffix: str, base: str, ours: str, theirs: str, merged: Value) -> str | None:
    """`merged` as an edit of one side's text, layout and comments kept; None where something would be lost."""
    read = READERS[suffix]
    for host, guest in ((theirs, ours), (ours, theirs)):
        # An edit takes values from the guest, and leaves its comments.
        if _comments(guest) != _comments(base):
            continue
        load, dump = _yaml(host) if suffix != ".toml" else _toml()
        try:
            document = load(host)
            if dump(document) != host:
                continue
            _edit(document, load(guest), read(host), read(guest), merged)
            text: str = dump(document)
            if read(text) == merged and _comments(text) == _comments(host):
                return text
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            continue
    return None


def _edit(host: MutableMapping[str, Any], guest: MutableMapping[str, Any], old: Value, new: Value, to: Value) -> None:
    """Make the document `host`, which says `old`, say `to`, with the pieces of `guest`, which says `new`."""
    if not (isinstance(old, dict) and isinstance(new, dict) and isinstance(to, dict)):
        raise TypeError
    for key in old.keys() - to.keys():
        del host[key]
    for key, value in to.items():
        if old.get(key) == value:
            continue
        if new.get(key) == value:
            host[key] = guest[key]
        else:
            _edit(host[key], guest[key], old[key], new[key], value)


def _comments(text: str) -> list[str]:
    return sorted(_COMMENT.findall(text))


def _toml() -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    import tomlkit

    return tomlkit.parse, tomlkit.dumps


def _yaml(like: str) -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    """Load and dump in the layout of the text `like`, as far as ruamel.yaml can write it."""
    import io

    from ruamel.yaml import YAML

    def writer(mapping: int, sequence: int, offset: int) -> YAML:
        yaml = YAML(typ="rt", pure=True)
        yaml.preserve_quotes = True
        yaml.width = 1 << 20
        yaml.indent(mapping=mapping, sequence=sequence, offset=offset)
        return yaml

    def written(yaml: YAML, document: object) -> str:
        stream = io.StringIO()
        yaml.dump(document, stream)
        return stream.getvalue()

    layouts = [writer(2, 2, 0), writer(2, 4, 2), writer(4, 2, 0), writer(4, 4, 2), writer(4, 6, 4)]
    fitting = next((yaml for yaml in layouts if written(yaml, yaml.load(like)) == like), layouts[0])
    return fitting.load, lambda document: written(fitting, document)
