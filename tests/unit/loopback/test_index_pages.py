"""What the index tells: the simple API in both forms, the JSON API, files, and how old an answer may be."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from lockgate.loopback.index import Index
from lockgate.ports.index import project_files
from tests.dists import Said, ask, core_metadata, sdist, upload, wheel
from tests.unit.loopback.conftest import Clock

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


def simple(index: Index, project: str = "sample") -> dict[str, Any]:
    said = ask(index, f"/simple/{project}/", headers={"Accept": JSON})
    assert (said.status, said.headers["content-type"]) == (200, JSON)
    document: dict[str, Any] = json.loads(said.body)
    return document


@pytest.fixture
def released(index: Index) -> Index:
    text = core_metadata(
        *("Sample", "1.0", "Requires-Python: >=3.8", "Summary: A <sample>", "Keywords: one,two"),
        *("Requires-Dist: idna>=3", "Project-URL: Home, https://example.org", "Classifier: Typing :: Typed"),
    )
    token = index.token()
    assert upload(index, wheel(text=text), token, name="Sample").status == 200
    assert upload(index, sdist("1.1rc1"), token, version="1.1rc1").status == 200
    return index


def test_a_project_in_json(released: Index, clock: Clock) -> None:
    document = simple(released)
    assert document["meta"]["api-version"] == "1.4"
    assert (document["name"], document["versions"]) == ("sample", ["1.0", "1.1rc1"])
    assert document["project-status"] == {"status": "active"}
    first, second = document["files"]
    dist = wheel(text=core_metadata("Sample", "1.0"))
    assert first["filename"] == dist.name
    assert first["upload-time"] == "2027-01-15T08:00:00.000000Z"
    assert (first["requires-python"], first["yanked"], first["provenance"]) == (">=3.8", False, None)
    assert first["core-metadata"] == first["data-dist-info-metadata"]
    assert second["core-metadata"] is False
    assert second["hashes"] == {"sha256": sdist("1.1rc1").sha256}
    assert second["size"] == len(sdist("1.1rc1").content)
    assert clock.seconds == 1_800_000_000


def test_what_is_listed_can_be_fetched(released: Index) -> None:
    import hashlib

    for file in simple(released)["files"]:
        said = ask(released, file["url"])
        assert hashlib.sha256(said.body).hexdigest() == file["hashes"]["sha256"]
        assert "immutable" in said.headers["cache-control"]
        metadata = ask(released, file["url"] + ".metadata")
        if file["core-metadata"]:
            assert hashlib.sha256(metadata.body).hexdigest() == file["core-metadata"]["sha256"]
            assert b"Name: Sample" in metadata.body
        else:
            assert metadata.status == 404
        altered = file["url"].replace(file["hashes"]["sha256"][4:], "0" * 60)
        assert ask(released, altered).status == 404


class Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


def test_a_project_in_html_says_the_same(released: Index) -> None:
    released.yank("Sample", "1.0", 'it "eats" <data>')
    said = ask(released, "/simple/sample/", headers={"Accept": "text/html"})
    assert said.headers["content-type"] == "text/html"
    assert b'<meta name="pypi:repository-version" content="1.4">' in said.body
    reader = Anchors()
    reader.feed(said.body.decode())
    for anchor, file in zip(reader.found, simple(released)["files"], strict=True):
        assert anchor["href"] == f"{file['url']}#sha256={file['hashes']['sha256']}"
        assert anchor.get("data-requires-python") == file["requires-python"]
        assert anchor.get("data-yanked") == (file["yanked"] or None)
    assert reader.found[0]["data-yanked"] == 'it "eats" <data>'
    assert reader.found[0]["data-core-metadata"]


def test_lockgate_reads_both(released: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(released.ca))
    found = project_files(released.simple, "sample", 10)
    assert {name: one.sha256 for name, one in found.items()} == {
        name: one.sha256 for name, one in released.files("sample").items()
    }


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "text/html"),
        (JSON, JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (f"{JSON}, {HTML};q=0.2, text/html;q=0.01", JSON),  # uv
        (f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", JSON),  # pip
        (f"{JSON};q=0, text/html;q=0.5", "text/html"),
        (f"{HTML}, text/html;q=0.9", HTML),
        (f"{JSON};q=wrong, {HTML};q=0.1", HTML),
    ],
)
def test_the_client_chooses_the_form(released: Index, accept: str | None, kind: str) -> None:
    said = ask(released, "/simple/sample/", headers={} if accept is None else {"Accept": accept})
    assert said.headers["content-type"] == kind
    assert said.body.startswith(b"{" if kind == JSON else b"<!DOCTYPE html>")
    assert said.headers["vary"] == "Accept"


def test_a_form_that_nobody_speaks(released: Index) -> None:
    assert ask(released, "/simple/sample/", headers={"Accept": "image/png"}).status == 406


def test_the_list_of_projects(released: Index) -> None:
    said = ask(released, "/simple/", headers={"Accept": JSON})
    assert json.loads(said.body)["projects"] == [{"name": "sample"}]
    assert b'<a href="/simple/sample/">sample</a>' in ask(released, "/simple/").body


@pytest.mark.parametrize("path", ["/simple/sample", "/simple/Sample/", "/simple/s.ample/"])
def test_other_spellings(released: Index, path: str) -> None:
    said = ask(released, path)
    if path == "/simple/s.ample/":
        assert said.status == 404
    else:
        assert (said.status, said.headers["location"]) == (301, "/simple/sample/")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/simple/none/"),
        ("GET", "/pypi/none/json"),
        ("GET", "/pypi/sample/9.9/json"),
        ("GET", "/legacy/"),
        ("POST", "/simple/"),
        ("DELETE", "/simple/sample/"),
        ("GET", "/packages/00/00/" + "0" * 60 + "/none.whl"),
        ("GET", "/packages/../../index.json"),
        ("GET", "/_/oidc/mint-token"),
    ],
)
def test_what_is_not_there(released: Index, method: str, path: str) -> None:
    assert ask(released, path, method=method).status == 404


def test_head_says_what_get_would(released: Index) -> None:
    got, head = ask(released, "/simple/sample/"), ask(released, "/simple/sample/", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(got.body))
    assert head.headers["etag"] == got.headers["etag"]


def test_what_the_client_has_is_not_sent_again(released: Index) -> None:
    got = ask(released, "/simple/sample/")
    assert got.headers["cache-control"] == "max-age=600, public"
    known = ask(released, "/simple/sample/", headers={"If-None-Match": got.headers["etag"]})
    assert (known.status, known.body) == (304, b"")
    upload(released, wheel("1.2"), released.token(), version="1.2")
    changed = ask(released, "/simple/sample/", headers={"If-None-Match": got.headers["etag"]})
    assert changed.status == 200


def test_the_simple_index_lags_behind_the_json_api(index: Index, clock: Clock) -> None:
    index.lag = 30
    token = index.token()
    upload(index, wheel(), token)
    assert ask(index, "/pypi/sample/json").status == 200
    assert ask(index, "/simple/sample/").status == 404
    clock.seconds += 30
    assert len(simple(index)["files"]) == 1
    upload(index, sdist("1.1"), token, version="1.1")
    assert simple(index)["versions"] == ["1.0"]
    assert json.loads(ask(index, "/pypi/sample/json").body)["info"]["version"] == "1.1"
    clock.seconds += 30
    assert simple(index)["versions"] == ["1.0", "1.1"]


def document(said: Said) -> dict[str, Any]:
    assert (said.status, said.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = json.loads(said.body)
    return found


def test_the_json_api(released: Index) -> None:
    found = document(ask(released, "/pypi/Sample/json"))
    info = found["info"]
    assert (info["name"], info["version"]) == ("sample", "1.0"), "a pre-release is not the newest"
    assert (info["summary"], info["keywords"], info["requires_python"]) == ("A <sample>", "one,two", ">=3.8")
    assert info["requires_dist"] == ["idna>=3"]
    assert info["project_urls"] == {"Home": "https://example.org"}
    assert set(found["releases"]) == {"1.0", "1.1rc1"}
    (file,) = found["urls"]
    assert (file["packagetype"], file["python_version"]) == ("bdist_wheel", "py3")
    assert found["vulnerabilities"] == []
    rc = document(ask(released, "/pypi/sample/1.1.rc1/json"))
    assert "releases" not in rc
    assert rc["urls"][0]["digests"]["sha256"] == sdist("1.1rc1").sha256
    assert rc["urls"][0]["python_version"] == "source"


def test_a_project_with_nothing_but_pre_releases(index: Index) -> None:
    upload(index, wheel("1.0a1"), index.token(), version="1.0a1")
    assert document(ask(index, "/pypi/sample/json"))["info"]["version"] == "1.0a1"


def test_a_project_without_a_release_has_no_document(index: Index) -> None:
    from tests.unit.loopback.test_index_publishers import minted, publisher

    index.register(publisher())
    minted(index)
    assert ask(index, "/pypi/sample/json").status == 404
    assert simple(index)["files"] == []


def test_yanked_and_taken_back(released: Index) -> None:
    released.yank("sample", "1.0.0")
    assert simple(released)["files"][0]["yanked"] is True
    released.yank("sample", "1.0", "broken")
    found = document(ask(released, "/pypi/sample/1.0/json"))
    assert (found["info"]["yanked"], found["info"]["yanked_reason"]) == (True, "broken")
    assert found["urls"][0]["yanked_reason"] == "broken"
    released.yank("sample", "1.0", None)
    assert simple(released)["files"][0]["yanked"] is False


def test_vulnerabilities(released: Index) -> None:
    flaw = {"id": "PYSEC-2027-1", "aliases": ["CVE-2027-1"], "fixed_in": ["1.1"], "withdrawn": None}
    released.vulnerable("sample", "1.0", flaw)
    assert document(ask(released, "/pypi/sample/1.0/json"))["vulnerabilities"] == [flaw]
    assert document(ask(released, "/pypi/sample/1.1rc1/json"))["vulnerabilities"] == []


def test_somebody_elses_projects_are_elsewhere(tmp_path_factory: pytest.TempPathFactory, index: Index) -> None:
    folder = tmp_path_factory.mktemp("second")
    with Index(folder, upstream=index.simple.rstrip("/")) as second:
        said = ask(second, "/simple/Some.Name/")
        assert (said.status, said.headers["location"]) == (302, f"{index.simple}some-name/")
        assert second.ca.read_bytes().startswith((folder / "ca.pem").read_bytes())
        assert ask(second, "/simple/").status == 200
