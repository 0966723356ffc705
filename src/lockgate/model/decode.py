"""From a TOML document to `Config`: every refusal names the file, the line, the key and the nearest valid name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

import msgspec

from lockgate.model.config import CHECKS, PATTERNED, Config
from lockgate.model.errors import UsageError
from lockgate.model.tomlline import line_of

TABLE = ("tool", "lockgate")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
# What a pattern asks for, by the pattern.
_EXAMPLES = {meta.pattern: meta.description for _, meta in map(get_args, PATTERNED)}
_TEST_CELL = re.compile(r"test-3\.\d{1,2}")


def decode_config(table: Mapping[str, Any], *, file: str, text: str, prefix: tuple[str, ...] = TABLE) -> Config:
    """The configuration in `table`, which stands under the keys `prefix` in the TOML `text` of `file`.

    Raises:
        UsageError: A key is unknown, a value has the wrong type or names something that does not exist.
    """

    def where(*keys: str | int) -> str:
        return f"{file}:{line_of(text, (*prefix, *keys))}"

    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise _explain(error, table, where) from None
    _validate(config, where)
    return config


def suggest(name: str, valid: Iterable[str]) -> str:
    """A hint for a mistyped name: the nearest valid one, else all of them."""
    names = list(valid)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"valid names are: {', '.join(names)}"


def _explain(error: msgspec.ValidationError, table: Mapping[str, Any], where: Callable[..., str]) -> UsageError:
    message, _, location = str(error).partition(" - at `")
    path = _path(location.rstrip("`"), table)
    shown = [key for key in path if isinstance(key, str)]
    unknown = re.fullmatch(r"Object contains unknown field `(.+)`", message)
    if unknown is not None:
        key = unknown[1]
        return UsageError(
            f"{where(*path, key)}: unknown key {key!r} in [{_dotted(TABLE, shown)}]",
            suggest(key, [field.encode_name for field in msgspec.structs.fields(_table_at(path))]),
        )
    wrong = re.fullmatch(r"Invalid enum value '(.*)'", message)
    if wrong is not None:
        names = _literals(_annotation_at(path))
        return UsageError(
            f"{where(*path)}: {_dotted(TABLE, shown)}: invalid value {wrong[1]!r}", suggest(wrong[1], names)
        )
    return UsageError(
        f"{where(*path)}: {_dotted(TABLE, shown)}: {_plain(message)}",
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
    for pattern, example in _EXAMPLES.items():
        message = message.replace(f"`str` matching regex {pattern!r}", str(example))
    message = re.sub(
        r"`([^`]+)`",
        lambda match: " or ".join(words.get(w.strip(), w.strip()) for w in match[1].split("|")),
        message,
    )
    message = re.sub(r" or nothing\b", "", message).replace("Object missing required field", "missing key")
    return message[0].lower() + message[1:]


def _dotted(*parts: Sequence[str]) -> str:
    return ".".join(key for part in parts for key in part)


def _path(location: str, table: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Keys and indices in a msgspec location such as `$.coverage.threshold` or `$.python[0]`."""
    path: tuple[str | int, ...] = ()
    for key, index in re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", location):
        path = (*path, key or (_culprit(table, path) if index == "..." else int(index)))
    return path


def _culprit(table: Mapping[str, Any], path: tuple[str | int, ...]) -> str:
    """The first key of free choice below `path` whose value is wrong: msgspec does not name those."""
    values: Any = table
    for key in path:
        values = values[key]
    kind = get_args(_annotation_at(path))[1]
    for name, value in values.items():
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            return str(name)
    raise AssertionError(values)  # pragma: no cover  (msgspec has just refused one of them)


def _annotation_at(path: Sequence[str | int]) -> Any:  # noqa: ANN401
    """The type of what stands under `path`: through tables, values of free keys and elements."""
    annotation: Any = Config
    for key in path:
        if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
            annotation = {field.encode_name: field.type for field in msgspec.structs.fields(annotation)}[str(key)]
        else:
            annotation = get_args(annotation)[isinstance(key, str)]
    return annotation


def _table_at(path: Sequence[str | int]) -> type[msgspec.Struct]:
    """The type of the table under `path`."""
    found: type[msgspec.Struct] = _annotation_at(path)  # msgspec names fields of tables only
    return found


def _literals(annotation: Any) -> list[str]:  # noqa: ANN401
    """The strings that an annotation allows."""
    if isinstance(annotation, str):
        return [annotation]
    return [text for argument in get_args(annotation) for text in _literals(argument)]


def _validate(config: Config, where: Callable[..., str]) -> None:
    """What types cannot say; `where(*keys)` is the `file:line` of a key."""
    for name in config.check:
        if name in (*CHECKS, "needs") or _TEST_CELL.fullmatch(name):
            raise UsageError(
                f"{where('check', name)}: a custom check cannot be called {name!r}: that is a built-in check"
            )
        if _NAME.fullmatch(name) is None:
            raise UsageError(
                f"{where('check', name)}: {name!r} is no name for a check",
                "use lower-case letters, digits, - and _",
            )
    for number, name in enumerate(config.checks or ()):
        if name not in CHECKS and name not in config.check:
            raise UsageError(
                f"{where('checks', number)}: unknown check {name!r}", suggest(name, [*CHECKS, *config.check])
            )
    for key, values in (("python", config.python or ()), ("checks", config.checks or ())):
        repeated = sorted({value for value in values if values.count(value) > 1})
        if repeated:
            raise UsageError(f"{where(key)}: {key} lists {repeated[0]!r} more than once")
