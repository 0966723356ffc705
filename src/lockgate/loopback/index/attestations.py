"""Attestations of a file (PEP 740): what an index checks of them, short of their signatures."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Literal

import msgspec

from lockgate.loopback.index.state import Publisher

PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
_SUPPORTED = (PUBLISH, "https://slsa.dev/provenance/v1")
_STATEMENT = "https://in-toto.io/Statement/v1"


class _Material(msgspec.Struct):
    certificate: str
    transparency_entries: list[dict[str, Any]]


class _Envelope(msgspec.Struct):
    statement: str
    signature: str


class _Attestation(msgspec.Struct):
    version: Literal[1]
    verification_material: _Material
    envelope: _Envelope


class _Subject(msgspec.Struct):
    name: str
    digest: dict[str, str]


class _Statement(msgspec.Struct, rename={"type": "_type", "predicate_type": "predicateType"}):
    type: Literal["https://in-toto.io/Statement/v1"]
    subject: list[_Subject]
    predicate_type: str


def provenance(text: str, name: str, sha256: str, publisher: Publisher | None) -> dict[str, Any]:
    """The provenance of file `name` with the attestations in `text`.

    Raises:
        ValueError: They are refused, in PyPI's words.
    """
    if publisher is None:
        raise ValueError("Attestations are only supported when using Trusted Publishing")
    try:
        given = msgspec.json.decode(text, type=list[_Attestation])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"Malformed attestations: {error}") from None
    if not given:
        raise ValueError("Malformed attestations: an empty attestation set is not permitted")
    if len(given) > len(_SUPPORTED):
        raise ValueError(f"A maximum of {len(_SUPPORTED)} attestations per file are supported")
    seen: set[str] = set()
    for one in given:
        kind = _verified(one, name, sha256)
        if kind in seen:
            raise ValueError(
                f"Multiple attestations for the same file with the same predicate type ({kind}) are not supported"
            )
        seen.add(kind)
    who = {
        "kind": "GitHub",
        "repository": publisher.repository,
        "workflow": publisher.workflow,
        "environment": publisher.environment or None,
    }
    return {"version": 1, "attestation_bundles": [{"publisher": who, "attestations": json.loads(text)}]}


def unsigned(name: str, sha256: str, kind: str = PUBLISH) -> dict[str, Any]:
    """An attestation in the form of PEP 740 whose signature nobody made: for rehearsals only."""
    subject = [{"name": name, "digest": {"sha256": sha256}}]
    statement = {"_type": _STATEMENT, "subject": subject, "predicateType": kind, "predicate": None}
    nothing = base64.b64encode(b"unsigned").decode()
    return {
        "version": 1,
        "verification_material": {"certificate": nothing, "transparency_entries": []},
        "envelope": {"statement": base64.b64encode(json.dumps(statement).encode()).decode(), "signature": nothing},
    }


def _verified(one: _Attestation, name: str, sha256: str) -> str:
    """The predicate's type, when the statement is about this file."""
    try:
        for text in (one.verification_material.certificate, one.envelope.signature):
            base64.b64decode(text, validate=True)
        content = base64.b64decode(one.envelope.statement, validate=True)
    except binascii.Error as error:
        raise ValueError(f"Malformed attestations: {error}") from None
    prefix = "Could not verify the uploaded artifact using the included attestation: "
    try:
        statement = msgspec.json.decode(content, type=_Statement)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{prefix}invalid statement: {error}") from None
    if len(statement.subject) != 1:
        raise ValueError(f"{prefix}too many subjects in statement (must be exactly one)")
    subject = statement.subject[0]
    if subject.name != name:
        raise ValueError(f"{prefix}subject does not match distribution name: {subject.name} != {name}")
    if subject.digest.get("sha256") != sha256:
        raise ValueError(f"{prefix}subject does not match distribution digest")
    if statement.predicate_type not in _SUPPORTED:
        raise ValueError(f"Attestation with unsupported predicate type: {statement.predicate_type}")
    return statement.predicate_type
