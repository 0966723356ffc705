"""Turn any Python value into one that is valid JSON, without ever raising."""

from __future__ import annotations

import math
from typing import Container, Dict, Iterable, List, Union

JsonValue = Union[None, bool, int, float, str, List["JsonValue"], Dict[str, "JsonValue"]]

MAX_DEPTH = 10  # containers inside containers; the record itself is the first
MAX_INT_BITS = 64  # what the integers of other languages and log stores can hold


def json_safe(value: object, parents: tuple[int, ...] = ()) -> JsonValue:
    """Return *value* as JSON can say it; *parents* are the ids of the containers around it."""
    try:
        return _convert(value, parents)
    except Exception as error:  # noqa: BLE001 - str() and iteration run foreign code
        return f"<unprintable {type(value).__name__}: {type(error).__name__}>"


def free_key(key: str, *taken: Container[str]) -> str:
    """Append ``_`` to *key* until none of *taken* contains it."""
    while any(key in keys for keys in taken):
        key += "_"
    return key


def _convert(value: object, parents: tuple[int, ...]) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() <= MAX_INT_BITS:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (dict, list, tuple, set, frozenset)):
        return _convert_container(value, parents)
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "backslashreplace")
    text = value if isinstance(value, str) else str(value)
    # A lone surrogate is no Unicode text and strict parsers refuse it: spell it out.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _convert_container(value: Iterable[object], parents: tuple[int, ...]) -> JsonValue:
    if id(value) in parents:
        return "<circular reference>"
    if len(parents) >= MAX_DEPTH:
        return "<nested too deeply>"
    parents = (*parents, id(value))
    if not isinstance(value, dict):
        return [json_safe(item, parents) for item in list(value)]
    result: dict[str, JsonValue] = {}
    for key, item in list(value.items()):  # a copy: another thread may change the original
        name = str(json_safe(key, parents))
        result[free_key(name, result)] = json_safe(item, parents)
    return result
