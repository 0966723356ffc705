"""Whether a file's attestations (PEP 740) say that this repository's workflow published these bytes (pure)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from lockgate.model.release import ReleaseFile
from lockgate.publish.identity import Form

_PREDICATE = "https://docs.pypi.org/attestations/publish/v1"


def unproved(content: bytes, file: ReleaseFile, form: Form) -> str | None:
    """What keeps the provenance from saying it, in words; None when it says it.

    The signature is not looked at: that takes the transparency log, and the index does it when it takes the file in.
    """
    try:
        spoken = [
            (bundle["publisher"], json.loads(base64.b64decode(one["envelope"]["statement"])))
            for bundle in json.loads(content)["attestation_bundles"]
            for one in bundle["attestations"]
        ]
        ours = [statement for publisher, statement in spoken if _is(publisher, form)]
        subjects = [
            (one.get("name"), one["digest"].get("sha256"))
            for statement in ours
            if statement["predicateType"] == _PREDICATE
            for one in statement["subject"]
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return f"the attestations of {file.name} cannot be read"
    if not spoken:
        return f"{file.name} has no attestation"
    if not ours:
        who = spoken[0][0]
        return (
            f"{file.name} is attested by {who.get('repository')} ({who.get('workflow')}), "
            f"not by {form.repository} ({form.workflow})"
        )
    return None if (file.name, file.sha256) in subjects else f"the attestation of {file.name} is of other bytes"


def _is(publisher: Mapping[str, Any], form: Form) -> bool:
    given = (publisher["kind"], str(publisher.get("repository")).lower(), publisher.get("workflow"))
    environment = str(publisher.get("environment") or form.environment)
    ours = ("GitHub", str(form.repository).lower(), form.workflow)
    return given == ours and environment.lower() == form.environment.lower()
