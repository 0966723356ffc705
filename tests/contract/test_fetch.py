"""The description is what its hash says, or there is none."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.contract import fetch

OPERATIONS = [("GET", "/a"), ("PUT", "/b")]


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "PLACE", tmp_path / "cache/description.json")


def test_what_cannot_be_fetched_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_ENVIRONMENT", {"PATH": str(tmp_path), "NPM_CONFIG_REGISTRY": "http://127.0.0.1:9"})
    with pytest.raises(fetch.UnavailableError, match="refused"):
        fetch.description(OPERATIONS)
    # The registry of people's own settings counts as well.
    (tmp_path / ".npmrc").write_text("# mine\nregistry = http://127.0.0.1:9/npm/\n")
    monkeypatch.setattr(fetch, "_ENVIRONMENT", {"PATH": str(tmp_path), "HOME": str(tmp_path)})
    with pytest.raises(fetch.UnavailableError, match="refused"):
        fetch.description(OPERATIONS)


def test_an_npm_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "npm").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setattr(fetch, "_ENVIRONMENT", {"PATH": str(tmp_path)})
    with pytest.raises(fetch.UnavailableError, match="exit status 1"):
        fetch.description(OPERATIONS)


def test_other_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_tarball", lambda: b"something else")
    with pytest.raises(fetch.UnavailableError, match="whose hash is pinned"):
        fetch.description(OPERATIONS)


def test_a_package_without_the_description(monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("package/README.md"))
    packed = content.getvalue()
    monkeypatch.setattr(fetch, "INTEGRITY", base64.b64encode(hashlib.sha512(packed).digest()).decode())
    monkeypatch.setattr(fetch, "_tarball", lambda: packed)
    with pytest.raises(fetch.UnavailableError, match="holds no"):
        fetch.description(OPERATIONS)


def test_only_what_is_used_is_kept() -> None:
    schemas = {"used": {"$ref": "#/components/schemas/deeper"}, "deeper": {}, "other": {}}
    answer = {"responses": {"200": {"$ref": "#/components/responses/answer"}}}
    whole = {
        "paths": {"/a": {"get": answer, "put": {}}, "/b": {"get": {}}, "/c": {"get": {}}},
        "components": {"responses": {"answer": {"schema": {"$ref": "#/components/schemas/used"}}}, "schemas": schemas},
    }
    fetch.PLACE.parent.mkdir()
    fetch.PLACE.write_text(json.dumps(whole))
    found = json.loads(fetch.description(OPERATIONS))
    assert found["paths"] == {"/a": {"get": answer}}
    assert set(found["components"]["schemas"]) == {"used", "deeper"}
    assert set(found["components"]["responses"]) == {"answer"}
