from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.release import ReleaseFile
from lockgate.publish.attestation import unproved
from lockgate.publish.identity import Form

FORM = Form(project="p", page="", repository="acme/p", workflow="publish.yml", environment="pypi-publishing")
FILE = ReleaseFile(name="p-1.0.tar.gz", kind="sdist", sha256="a" * 64, size=1)
PUBLISHER = {"kind": "GitHub", "repository": "Acme/p", "workflow": "publish.yml", "environment": "pypi-publishing"}
STATEMENT = {
    "predicateType": "https://docs.pypi.org/attestations/publish/v1",
    "subject": [{"name": "p-1.0.tar.gz", "digest": {"sha256": "a" * 64}}],
}


def _provenance(publisher: dict[str, Any] | None = None, statement: dict[str, Any] | None = None) -> bytes:
    inner = base64.b64encode(json.dumps({**STATEMENT, **(statement or {})}).encode()).decode()
    bundle = {
        "publisher": {**PUBLISHER, **(publisher or {})},
        "attestations": [{"version": 1, "envelope": {"statement": inner, "signature": "x"}}],
    }
    return json.dumps({"version": 1, "attestation_bundles": [bundle]}).encode()


@pytest.mark.parametrize("publisher", [{}, {"environment": None}, {"repository": "ACME/P"}])
def test_this_workflow_and_these_bytes_are_proof(publisher: dict[str, Any]) -> None:
    assert unproved(_provenance(publisher), FILE, FORM) is None


@pytest.mark.parametrize(
    ("publisher", "statement", "words"),
    [
        ({"repository": "mallory/p"}, {}, "mallory/p"),
        ({"workflow": "other.yml"}, {}, "other.yml"),
        ({"environment": "test"}, {}, "not by acme/p"),
        ({"kind": "GitLab"}, {}, "not by acme/p"),
        ({}, {"subject": [{"name": "p-1.0.tar.gz", "digest": {"sha256": "b" * 64}}]}, "other bytes"),
        ({}, {"subject": [{"name": "q.whl", "digest": {"sha256": "a" * 64}}]}, "other bytes"),
        ({}, {"subject": []}, "other bytes"),
        ({}, {"predicateType": "https://slsa.dev/provenance/v1"}, "other bytes"),
    ],
)
def test_anything_else_is_none(publisher: dict[str, Any], statement: dict[str, Any], words: str) -> None:
    assert words in (unproved(_provenance(publisher, statement), FILE, FORM) or "")


def test_a_file_may_have_a_second_attestation_of_somebody_else() -> None:
    both = json.loads(_provenance())
    both["attestation_bundles"] += json.loads(_provenance({"repository": "mallory/p"}))["attestation_bundles"]
    assert unproved(json.dumps(both).encode(), FILE, FORM) is None


def test_no_attestation_is_none() -> None:
    assert "no attestation" in (unproved(b'{"version": 1, "attestation_bundles": []}', FILE, FORM) or "")


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_what_cannot_be_read_proves_nothing(content: bytes) -> None:
    assert unproved(content, FILE, FORM)
