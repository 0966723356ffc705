"""Whether a file's attestations (PEP 740) say that this repository's workflow published these bytes (pure)."""

from __future__ import annotations

import base64
import binascii

import msgspec

from lockgate.model.release import ReleaseFile
from lockgate.publish.identity import Form

_PREDICATE = "https://docs.pypi.org/attestations/publish/v1"


class _Publisher(msgspec.Struct):
    kind: str = ""
    repository: str = ""
    workflow: str = ""
    environment: str | None = None


class _Envelope(msgspec.Struct):
    statement: str


class _Attestation(msgspec.Struct):
    envelope: _Envelope


class _Bundle(msgspec.Struct):
    publisher: _Publisher
    attestations: list[_Attestation]


class _Provenance(msgspec.Struct):
    attestation_bundles: list[_Bundle]


class _Subject(msgspec.Struct):
    name: str
    digest: dict[str, str]


class _Statement(msgspec.Struct, rename={"predicate_type": "predicateType"}):
    subject: list[_Subject]
    predicate_type: str = ""


def unproved(content: bytes, file: ReleaseFile, form: Form) -> str | None:
    """What keeps the provenance from saying it, in words; None when it says it.

    The signature is not looked at: that takes the transparency log, and the index does it when it takes the file in.
    """
    try:
        bundles = msgspec.json.decode(content, type=_Provenance).attestation_bundles
        spoken = [
            (bundle.publisher, msgspec.json.decode(base64.b64decode(one.envelope.statement), type=_Statement))
            for bundle in bundles
            for one in bundle.attestations
        ]
    except (msgspec.DecodeError, binascii.Error, UnicodeDecodeError):
        return f"the attestations of {file.name} cannot be read"
    if not spoken:
        return f"{file.name} has no attestation"
    of_ours = [statement for publisher, statement in spoken if _is(publisher, form)]
    if not of_ours:
        publisher = spoken[0][0]
        named = f"{publisher.repository or publisher.kind} ({publisher.workflow or 'no workflow'})"
        return f"{file.name} is attested by {named}, not by {form.repository} ({form.workflow})"
    for statement in of_ours:
        if statement.predicate_type == _PREDICATE and any(
            one.name == file.name and one.digest.get("sha256") == file.sha256 for one in statement.subject
        ):
            return None
    return f"the attestation of {file.name} is of other bytes"


def _is(publisher: _Publisher, form: Form) -> bool:
    return (
        publisher.kind == "GitHub"
        and publisher.repository.lower() == (form.repository or "").lower()
        and publisher.workflow == form.workflow
        and (publisher.environment or form.environment).lower() == form.environment.lower()
    )
