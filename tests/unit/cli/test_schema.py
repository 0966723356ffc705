from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lockgate.cli.schema import NAMES
from tests.unit import model
from tests.unit.cli.conftest import Cli

DESIGN = Path(model.__file__).with_name("design.toml")


def plain(value: Any) -> Any:  # noqa: ANN401
    """TOML's data as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def design() -> dict[str, Any]:
    table: dict[str, Any] = plain(tomllib.loads(DESIGN.read_text())["tool"]["lockgate"])
    return table


@pytest.fixture
def config(cli: Cli) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(cli("schema", "config").document)


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one_and_says_of_what(cli: Cli, name: str) -> None:
    shown = cli("schema", name)
    assert (shown.code, shown.err) == (0, "")
    jsonschema.Draft202012Validator.check_schema(shown.document)
    assert shown.document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert shown.document["title"]


def test_the_table_of_the_design_keeps_to_the_schema(config: jsonschema.Draft202012Validator) -> None:
    config.validate(design())
    config.validate({})


def tables(value: dict[str, Any], *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where every table of the design's stands; names of custom checks are free and not asked for."""
    if path != ("check",):
        yield path
    for key, one in value.items():
        if isinstance(one, dict):
            yield from tables(one, *path, key)
        if isinstance(one, list) and one and isinstance(one[0], dict):
            yield (*path, key, 0)


@pytest.mark.parametrize("path", list(tables(design())))
def test_an_unknown_key_is_refused_in_every_table(
    config: jsonschema.Draft202012Validator, path: tuple[str | int, ...]
) -> None:
    document: Any = design()
    table = document
    for key in path:
        table = table[key]
    table["unknown-key"] = 1
    with pytest.raises(jsonschema.ValidationError, match="unknown-key"):
        config.validate(document)


@pytest.mark.parametrize(
    "wrong",
    [
        {"python": ["3"]},
        {"python": []},
        {"coverage": {"threshold": 101}},
        {"test": {"timeout": "0s"}},
        {"test": {"reruns": -1}},
        {"phase": {"quality": "on"}},
        {"check": {"docs": {}}},
        {"waivers": [{"id": "x"}]},
    ],
)
def test_what_lockgate_refuses_the_schema_refuses_too(
    config: jsonschema.Draft202012Validator, wrong: dict[str, Any]
) -> None:
    with pytest.raises(jsonschema.ValidationError):
        config.validate(wrong)
