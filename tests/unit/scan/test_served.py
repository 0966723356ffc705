"""The lock against an index on the loopback, and what a package without a lock resolves to."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockgate.loopback.osv import Osv, advisory
from lockgate.ports import clock
from lockgate.ports.service import Reply, Request, Service
from lockgate.scan.answer import Answer, Broken, Clean, Found
from lockgate.scan.context import Wishes
from lockgate.scan.run import ask
from lockgate.scan.scanners import dependencies
from lockgate.scan.served import served
from tests.support import write
from tests.unit.scan.benches import Scripts, bench

NAME = "planted-1.0-py3-none-any.whl"


def wheel() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("planted.py", "A = 1\n")
        archive.writestr("planted-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
        archive.writestr(
            "planted-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("planted-1.0.dist-info/RECORD", "")
    return content.getvalue()


WHEEL = wheel()
DIGEST = hashlib.sha256(WHEEL).hexdigest()


def statement(name: str = NAME, digest: str = DIGEST) -> dict[str, Any]:
    text = {
        "predicateType": "https://docs.pypi.org/attestations/publish/v1",
        "subject": [{"name": name, "digest": {"sha256": digest}}],
    }
    envelope = {"statement": base64.b64encode(json.dumps(text).encode()).decode()}
    return {"attestation_bundles": [{"publisher": {}, "attestations": [{"envelope": envelope}]}]}


class Index(Service):
    """A package index with one project of one file."""

    def __init__(self) -> None:
        super().__init__()
        self.file: dict[str, Any] = {"yanked": False, "upload-time": "2024-01-01T00:00:00Z"}
        self.page: tuple[int, str, bytes] | None = None
        self.provenance: dict[str, Any] | None = None

    def respond(self, request: Request) -> Reply:
        return Reply(*self._page(request.target))

    def _page(self, path: str) -> tuple[int, str, bytes]:
        if path == "/simple/planted/" and self.page is not None:
            return self.page
        if path == "/simple/planted/":
            file = {"filename": NAME, "url": f"../../files/{NAME}", "hashes": {"sha256": DIGEST}, **self.file}
            if self.provenance is not None:
                file["provenance"] = f"{self.url}/provenance"
            document = {"meta": {"api-version": "1.1"}, "name": "planted", "files": [file]}
            return 200, "application/vnd.pypi.simple.v1+json", json.dumps(document).encode()
        if path == "/provenance":
            return 200, "application/json", json.dumps(self.provenance).encode()
        return (200, "application/zip", WHEEL) if path == f"/files/{NAME}" else (404, "text/plain", b"")


@pytest.fixture
def index() -> Iterator[Index]:
    with Index() as found:
        yield found


def answered(
    root: Path,
    index: Index,
    *,
    url: str = f"/files/{NAME}",
    digest: str = DIGEST,
    osv: str | None = None,
    offline: bool = False,
) -> Answer:
    lock = (
        'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "planted"\nversion = "1.0"\n'
        f'source = {{ registry = "{index.url}/simple" }}\nwheels = [\n'
        f'    {{ url = "{index.url}{url}", hash = "sha256:{digest}" }},\n]\n'
    )
    write(root, {"pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n', "uv.lock": lock})
    return ask(served, bench(root, Scripts(root), Wishes(osv=osv, offline=offline)))


def rules(answer: Answer) -> list[str]:
    return [one.rule for one in answer.findings] if isinstance(answer, Found) else [type(answer).__name__]


def test_a_lock_of_what_the_index_serves_is_clean(tmp_path: Path, index: Index) -> None:
    answer = answered(tmp_path, index)
    assert isinstance(answer, Clean)
    assert answer.asked is not None
    assert "1 files of 1 packages" in answer.notes[0]


def test_a_swapped_hash_or_address_is_found(tmp_path: Path, index: Index) -> None:
    assert rules(answered(tmp_path, index, digest="0" * 64)) == ["lock-swapped"]
    assert rules(answered(tmp_path, index, url=f"/evil/{NAME}")) == ["lock-swapped"]
    assert rules(answered(tmp_path, index, url=f"/evil/{NAME}", digest="0" * 64)) == ["lock-swapped"]
    assert rules(answered(tmp_path, index, url="/files/planted-1.0-py2-none-any.whl"))[0] == "lock-gone"


@pytest.mark.parametrize("reason", [True, "", "it deletes files"])
def test_a_yanked_release_is_found_with_the_reason(tmp_path: Path, index: Index, reason: object) -> None:
    index.file["yanked"] = reason
    answer = answered(tmp_path, index)
    assert rules(answer) == ["lock-yanked"]
    assert isinstance(answer, Found)
    assert ("it deletes files" in answer.findings[0].message) is (reason == "it deletes files")


def ago(days: float) -> str:
    return dt.datetime.fromtimestamp(clock.now() - 86400 * days, dt.UTC).isoformat()


def test_a_young_release_waits_unless_it_fixes_an_advisory(tmp_path: Path, index: Index) -> None:
    index.file["upload-time"] = ago(6.5)
    with Osv([advisory("GHSA-1", "planted", "0.9")]) as service:
        assert rules(answered(tmp_path, index, osv=service.url)) == ["lock-too-new"]
    with Osv([advisory("GHSA-1", "planted", "1.0")]) as service:
        assert rules(answered(tmp_path, index, osv=service.url)) == ["Clean"]
    with Osv([advisory("GHSA-1", "planted", "1.0", withdrawn="2026-01-01T00:00:00Z")]) as service:
        assert rules(answered(tmp_path, index, osv=service.url)) == ["lock-too-new"]
    # Whether it does must be known.
    assert rules(answered(tmp_path, index, osv=index.url)) == ["Broken"]
    index.file["upload-time"] = ago(7.5)
    assert rules(answered(tmp_path, index, osv=index.url)) == ["Clean"]


def test_an_age_that_nobody_knows_is_a_finding(tmp_path: Path, index: Index) -> None:
    index.file["upload-time"] = None
    assert rules(answered(tmp_path, index)) == ["lock-age-unknown"]


def test_an_attestation_must_be_of_the_locked_file(tmp_path: Path, index: Index) -> None:
    index.provenance = statement()
    good = answered(tmp_path, index)
    assert isinstance(good, Clean)
    assert "1 attestations compared" in good.notes[0]
    others: tuple[dict[str, Any], ...] = (
        statement(digest="0" * 64),
        statement("other-1.0-py3-none-any.whl"),
        {"attestation_bundles": []},
    )
    for provenance in others:
        index.provenance = provenance
        assert rules(answered(tmp_path, index)) == ["lock-attestation"]
    unreadable: tuple[dict[str, Any], ...] = ({}, {"attestation_bundles": [{"attestations": [{"envelope": {}}]}]})
    for provenance in unreadable:
        index.provenance = provenance
        assert rules(answered(tmp_path, index)) == ["Broken"]


LINK = f'<a href="../../files/{NAME}#sha256={DIGEST}" data-yanked="bad">{NAME}</a>'
HTML = f"<!DOCTYPE html><html><body>{LINK}</body></html>"


def test_an_index_that_speaks_html_only_is_read(tmp_path: Path, index: Index) -> None:
    index.page = (200, "text/html", HTML.encode())
    assert rules(answered(tmp_path, index)) == ["lock-yanked", "lock-age-unknown"]
    index.page = (200, "text/html", HTML.replace(DIGEST, "0" * 64).replace(' data-yanked="bad"', "").encode())
    assert rules(answered(tmp_path, index)) == ["lock-swapped", "lock-age-unknown"]


@pytest.mark.parametrize(
    "page",
    [
        (500, "text/html", b"oops"),
        (404, "text/html", b"no such project"),
        (200, "application/json", b"{}"),
        (200, "application/json", b'{"files": [{}]}'),
        (200, "application/json", b'{"files"'),
        (200, "text/plain", b"sign in first"),
        (200, "text/plain", b""),
    ],
)
def test_an_index_that_gives_no_answer_is_unknown(tmp_path: Path, index: Index, page: tuple[int, str, bytes]) -> None:
    index.page = page
    answer = answered(tmp_path, index)
    assert isinstance(answer, Broken)
    assert "planted" in answer.reason


def test_offline_the_index_is_not_asked(tmp_path: Path, index: Index) -> None:
    assert rules(answered(tmp_path, index, offline=True)) == ["Broken"]


@pytest.mark.parametrize("static", [True, False])
def test_without_a_lock_what_the_requirements_resolve_to_is_asked_of(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch, *, static: bool
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{index.url}/simple")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    setup = 'from setuptools import setup\nsetup(name="sample", version="1")\n'
    groups = '[dependency-groups]\ndev = ["planted==1.0"]\n' if static else ""
    table = f'[project]\nname = "sample"\nversion = "1"\ndependencies = []\n{groups}' if static else ""
    files = {
        "pyproject.toml": table + '[tool.lockgate]\nrequirements = ["requirements.txt"]\n',
        "requirements.txt": "planted\n",
    }
    root = write(tmp_path / "sample", files if static else {**files, "other.py": setup})
    with Osv([advisory("GHSA-1", "planted", "2.0")]) as service:
        answer = ask(dependencies.osv, bench(root, Scripts(root), Wishes(osv=service.url)))
    assert isinstance(answer, Found), answer
    assert [(one.package, one.version) for one in answer.findings] == [("planted", "1.0")]
    assert "no uv.lock" in answer.notes[0]


def test_requirements_that_cannot_be_met_are_unknown(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{index.url}/simple")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = '[project]\nname = "sample"\nversion = "1"\ndependencies = ["planted>2"]\n'
    root = write(tmp_path / "sample", {"pyproject.toml": project})
    answer = ask(dependencies.osv, bench(root, Scripts(root), Wishes(osv=index.url)))
    assert isinstance(answer, Broken)
    assert "uv failed" in answer.reason
