"""From a TOML document to `Config`: every refusal names the file, the line, the key and the nearest valid name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from lockgate.model.config import CHECKS, Config
from lockgate.model.errors import UsageError
from lockgate.model.tomlline import line_of

TABLE = ("tool", "lockgate")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TEST_CELL = re.compile(r"test-3\.\d{1,2}")


def decode_config(table: Mapping[str, Any], *, file: str, text: str, prefix: tuple[str, ...] = TABLE) -> Config:
    """The configuration in `table`, which stands under the keys `prefix` in the TOML `text` of `file`.

    Raises:
        UsageError: A key is unknown, a value has the wrong type or names something that does not exist.
    """
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise _explain(error, file, text, prefix) from None
    _validate(config, lambda *keys: f"{file}:{line_of(text, (*prefix, *keys))}")
    return config


def suggest(name: str, valid: Iterable[str]) -> str:
    """A hint for a mistyped name: the nearest valid one, else all of them."""
    names = list(valid)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"valid names are: {', '.join(names)}"


def _explain(error: msgspec.ValidationError, file: str, text: str, prefix: tuple[str, ...]) -> UsageError:
    message, _, location = str(error).partition(" - at `")
    path = _path(location.rstrip("`"))
    unknown = re.fullmatch(r"Object contains unknown field `(.+)`", message)
    if unknown is not None:
        key = unknown[1]
        where = f"{file}:{line_of(text, (*prefix, *path, key))}"
        return UsageError(
            f"{where}: unknown key {key!r} in [{_dotted(TABLE, path)}]", suggest(key, _keys(Config, path))
        )
    where = f"{file}:{line_of(text, (*prefix, *path))}"
    return UsageError(
        f"{where}: {_dotted(TABLE, path)}: {_plain(message)}",
        "`lockgate schema config` prints every key and its type",
    )


def _plain(message: str) -> str:
    """Msgspec's message in TOML's words."""
    words = {
        "object": "table",
        "int": "integer",
        "float": "number",
        "str": "string",
        "bool": "boolean",
        "null": "nothing",
    }
    message = re.sub(
        r"`([^`]+)`",
        lambda match: " or ".join(words.get(w.strip(), w.strip()) for w in match[1].split("|")),
        message,
    )
    message = re.sub(r" or nothing\b", "", message)
    return message[0].lower() + message[1:]


def _dotted(*parts: Sequence[str]) -> str:
    return ".".join(key for part in parts for key in part)


def _path(location: str) -> tuple[str, ...]:
    """Keys in a msgspec location such as `$.coverage.threshold` or `$.python[0]`."""
    return tuple(part for part in re.split(r"\.|\[.*?\]", location.removeprefix("$")) if part)


def _keys(table: type[msgspec.Struct], path: Sequence[str]) -> list[str]:
    """Valid keys of the table at `path`, followed through the types as far as they are tables."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(table)}
    if path and path[0] in fields:
        inner = _inner_table(fields[path[0]].type)
        if inner is not None:
            return _keys(inner, [key for key in path[1:] if key in _struct_keys(inner)])
    return list(fields)


def _struct_keys(table: type[msgspec.Struct]) -> tuple[str, ...]:
    return table.__struct_encode_fields__


def _inner_table(annotation: Any) -> type[msgspec.Struct] | None:  # noqa: ANN401
    """The Struct in an annotation, also inside a tuple or dict."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_table(argument)
        if found is not None:
            return found
    return None


def _validate(config: Config, where: Callable[..., str]) -> None:
    """What types cannot say; `where(*keys)` is the `file:line` of a key."""
    for name in config.check:
        if name in CHECKS or _TEST_CELL.fullmatch(name):
            raise UsageError(
                f"{where('check', name)}: a custom check cannot be called {name!r}: that is a built-in check"
            )
        if _NAME.fullmatch(name) is None:
            raise UsageError(
                f"{where('check', name)}: {name!r} is no name for a check",
                "use lower-case letters, digits, - and _",
            )
    for name in config.checks or ():
        if name not in CHECKS and name not in config.check:
            raise UsageError(f"{where('checks')}: unknown check {name!r}", suggest(name, [*CHECKS, *config.check]))
    for key, values in (("python", config.python or ()), ("checks", config.checks or ())):
        repeated = sorted({value for value in values if values.count(value) > 1})
        if repeated:
            raise UsageError(f"{where(key)}: {key} lists {repeated[0]!r} more than once")
