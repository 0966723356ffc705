"""Requests and answers held against GitHub's own description, cut to the operations of the embedded GitHub."""

from __future__ import annotations

import copy
import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec

from lockgate.loopback.github.routes import TABLE
from lockgate.ports.service import Reply, Request
from tests.contract import overlay

Schema = dict[str, Any]
_COMBINED = ("allOf", "anyOf", "oneOf")
_SUCCESS = range(200, 300)


class Operation(msgspec.Struct):
    """One operation of the description."""

    name: str
    about: Schema
    queries: dict[str, Schema]


class Description:
    """The description; `problems` says where an exchange departs from it."""

    def __init__(self, text: bytes) -> None:
        whole = msgspec.json.decode(text)
        self._components: Schema = {}
        self._whole = whole
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self.operations: dict[str, Operation] = {}
        self.missing: list[str] = []
        for route in TABLE:
            name = f"{route.method} {route.template}"
            about = whole["paths"].get(route.template, {}).get(route.method.lower())
            if about is None:
                self.missing.append(name)
                continue
            parameters = [self._resolved(one) for one in about.get("parameters", ())]
            queries = {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}
            self.operations[name] = Operation(name, about, queries)

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            place: Any = self._whole
            for part in schema["$ref"].removeprefix("#/").split("/"):
                place = place[part.replace("~1", "/").replace("~0", "~")]
            schema = place
        return schema

    def problems(self, request: Request, reply: Reply, *, replies: bool = True) -> list[str]:
        """What is wrong with an exchange, empty where nothing is; one of git's is no part of the API."""
        path = urllib.parse.urlsplit(request.target).path
        short = path.removeprefix("/api/v3").removeprefix("/api/uploads")
        if short == path:
            return []
        route = next((one for one in TABLE if one.method == request.method and one.pattern.fullmatch(short)), None)
        if route is None:
            return [f"{request.method} {short}: the embedded GitHub has no such operation"]
        name = f"{route.method} {route.template}"
        operation = self.operations.get(name)
        if operation is None:
            return [f"{name}: GitHub has no such operation"]
        found = [*self._of_request(operation, request)] if reply.status < 400 else []
        found += self._of_reply(operation, reply) if replies else ()
        return [f"{name}: {one}" for one in found]

    def _of_request(self, operation: Operation, request: Request) -> Iterator[str]:
        """Strict: a name that GitHub does not know is a mistake of ours."""
        for name, value in request.query.items():
            if name not in operation.queries:
                yield f"query parameter {name!r} is not known"
                continue
            given: object = int(value) if value.isdecimal() else {"true": True, "false": False}.get(value, value)
            for error in self._validator(f"{operation.name}?{name}", operation.queries[name]).iter_errors(given):
                yield f"query parameter {name}: {error.message}"
        yield from self._of_body(operation, request)

    def _of_body(self, operation: Operation, request: Request) -> Iterator[str]:
        described = operation.about.get("requestBody") or {}
        content = described.get("content", {})
        if "application/json" not in content:
            if request.body and not content:
                yield "takes no body"
            return
        if not request.body:
            if described.get("required"):
                yield "needs a body"
            return
        schema = self._whole_schema(content["application/json"]["schema"])
        if operation.name in overlay.REQUESTS:
            place, value, _ = overlay.REQUESTS[operation.name]
            inner = schema
            for part in place[:-1]:
                inner = inner[part]
            inner[place[-1]] = value
        strict = _strict(schema)
        for error in self._validator(f"{operation.name} body", strict).iter_errors(json.loads(request.body)):
            yield f"request {error.instance_path}: {error.message}"

    def _of_reply(self, operation: Operation, reply: Reply) -> Iterator[str]:
        status = str(reply.status)
        if status == "304":
            return
        described = operation.about["responses"].get(status)
        if (operation.name, status) in overlay.ANSWERS:
            schema = overlay.ANSWERS[operation.name, status][0]
        elif described is not None:
            content = self._resolved(described).get("content", {})
            schema = content.get("application/json", content.get("application/scim+json", {})).get("schema")
            if reply.kind == "application/octet-stream":
                return
        elif status in overlay.ANYWHERE:
            schema = overlay.BASIC
        else:
            yield f"status {status} is not described"
            return
        if schema is None:
            if reply.body not in {b"", b"{}"} and reply.status in _SUCCESS:
                yield f"status {status} has no body"
            return
        whole = _top_strict(schema) if reply.status in _SUCCESS else schema
        for error in self._validator(f"{operation.name} {status}", whole).iter_errors(json.loads(reply.body)):
            yield f"answer {status} {error.instance_path}: {error.message}"

    def _whole_schema(self, schema: Schema) -> Schema:
        """A copy with every reference put in: requests are small."""
        schema = copy.deepcopy(self._resolved(schema))

        def put_in(one: Any) -> Any:  # noqa: ANN401  (JSON)
            if isinstance(one, dict):
                one = copy.deepcopy(self._resolved(one)) if "$ref" in one else one
                return {key: put_in(value) for key, value in one.items()}
            return [put_in(value) for value in one] if isinstance(one, list) else one

        found: Schema = put_in(schema)
        return found

    def _validator(self, name: str, schema: Schema) -> jsonschema_rs.Draft202012Validator:
        if name not in self._validators:
            schema = _plain(schema)
            components: Schema = {}
            self._collect(schema, components)
            self._validators[name] = jsonschema_rs.Draft202012Validator(
                {**schema, "components": {"schemas": components}}, validate_formats=True
            )
        return self._validators[name]

    def _collect(self, schema: Any, components: Schema) -> None:  # noqa: ANN401  (JSON)
        """Bring the components that a schema refers to, and what those refer to."""
        if isinstance(schema, dict):
            reference = schema.get("$ref")
            if isinstance(reference, str) and (name := reference.rpartition("/")[2]) not in components:
                if name not in self._components:
                    self._components[name] = _plain(self._whole["components"]["schemas"][name])
                components[name] = self._components[name]
                self._collect(components[name], components)
        for one in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
            self._collect(one, components)


def _plain(schema: Any) -> Any:  # noqa: ANN401  (JSON)
    """OpenAPI 3.0 as JSON Schema: `nullable` is a type, examples say nothing, formats that only GitHub knows go."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _plain(value) for key, value in schema.items()
            if key not in {"nullable", "example", "examples", "discriminator"}}  # fmt: skip
    if schema.get("nullable") is True:
        if isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
            if isinstance(made.get("enum"), list):
                made["enum"] = [*made["enum"], None]
            return made
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _strict(schema: Any, *, part: bool = False) -> Any:  # noqa: ANN401  (JSON)
    """Objects with properties take no others; what is combined is looked at together."""
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    if "properties" in schema:
        made["properties"] = {key: _strict(value) for key, value in schema["properties"].items()}
    if "items" in schema:
        made["items"] = _strict(schema["items"])
    for key in _COMBINED:
        if key in schema:
            made[key] = [_strict(one, part=True) for one in schema[key]]
    is_object = "properties" in schema or any(key in schema for key in _COMBINED)
    if is_object and not part and not schema.get("additionalProperties"):
        made["unevaluatedProperties"] = False
    return made


def _top_strict(schema: Schema) -> Schema:
    """An answer's own fields are all described, and so are those of the elements of a list."""
    if schema.get("type") == "array":
        return {**schema, "items": _top_strict(schema["items"])}
    return {"allOf": [schema], "unevaluatedProperties": False}
