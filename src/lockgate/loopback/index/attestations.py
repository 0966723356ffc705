"""Attestations of a file (PEP 740): what an index checks of them, short of their signatures."""

from __future__ import annotations

import base64
import json
from typing import Any

from lockgate.loopback.index.store import Publisher

PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
_SUPPORTED = (PUBLISH, "https://slsa.dev/provenance/v1")
_STATEMENT = "https://in-toto.io/Statement/v1"
_UNVERIFIED = "Could not verify the uploaded artifact using the included attestation:"


def provenance(text: str, name: str, sha256: str, publisher: Publisher | None) -> dict[str, Any]:
    """The provenance of file `name` with the attestations in `text`.

    Raises:
        ValueError: They are refused, in PyPI's words.
    """
    if publisher is None:
        raise ValueError("Attestations are only supported when using Trusted Publishing")
    try:
        given = json.loads(text)
        statements = [_statement(one) for one in given]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"Malformed attestations: {error}") from None
    if not statements:
        raise ValueError("Malformed attestations: an empty attestation set is not permitted")
    if len(statements) > len(_SUPPORTED):
        raise ValueError(f"A maximum of {len(_SUPPORTED)} attestations per file are supported")
    kinds = [_verified(one, name, sha256) for one in statements]
    if len(set(kinds)) < len(kinds):
        same = f"with the same predicate type ({kinds[0]})"
        raise ValueError(f"Multiple attestations for the same file {same} are not supported")
    who = {"kind": "GitHub", "repository": publisher.repository, "workflow": publisher.workflow}
    bundle = {"publisher": {**who, "environment": publisher.environment or None}, "attestations": given}
    return {"version": 1, "attestation_bundles": [bundle]}


def unsigned(name: str, sha256: str, kind: str = PUBLISH) -> dict[str, Any]:
    """An attestation in the form of PEP 740 that nobody signed: for rehearsals only."""
    subject = [{"name": name, "digest": {"sha256": sha256}}]
    statement = {"_type": _STATEMENT, "subject": subject, "predicateType": kind, "predicate": None}
    nothing = base64.b64encode(b"unsigned").decode()
    return {
        "version": 1,
        "verification_material": {"certificate": nothing, "transparency_entries": []},
        "envelope": {"statement": base64.b64encode(json.dumps(statement).encode()).decode(), "signature": nothing},
    }


def _statement(one: dict[str, Any]) -> dict[str, Any]:
    """What an attestation of the right form states."""
    material, envelope = one["verification_material"], one["envelope"]
    for signed in (material["certificate"], envelope["signature"]):
        base64.b64decode(signed, validate=True)
    statement: dict[str, Any] = json.loads(base64.b64decode(envelope["statement"], validate=True))
    if one["version"] != 1 or not isinstance(material["transparency_entries"], list):
        raise ValueError("an attestation of another version or form")
    if statement["_type"] != _STATEMENT or not all(isinstance(one["digest"], dict) for one in statement["subject"]):
        raise ValueError("no in-toto statement")
    return statement


def _verified(statement: dict[str, Any], name: str, sha256: str) -> str:
    """The predicate's type, when the statement is about this file."""
    if len(statement["subject"]) != 1:
        raise ValueError(f"{_UNVERIFIED} too many subjects in statement (must be exactly one)")
    subject, kind = statement["subject"][0], statement.get("predicateType")
    if subject.get("name") != name:
        raise ValueError(f"{_UNVERIFIED} subject does not match distribution name: {subject.get('name')} != {name}")
    if subject["digest"].get("sha256") != sha256:
        raise ValueError(f"{_UNVERIFIED} subject does not match distribution digest")
    if kind not in _SUPPORTED:
        raise ValueError(f"Attestation with unsupported predicate type: {kind}")
    return str(kind)
