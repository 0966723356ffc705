"""What the index takes in, and what it refuses, with PyPI's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lockgate.loopback.index import Index
from tests.dists import Dist, ask, core_metadata, form, sdist, upload, wheel
from tests.unit.loopback.conftest import Clock

SEEK = "See https://packaging.python.org/specifications/core-metadata for more information."


def test_a_file_is_stored_with_what_is_said_of_it(index: Index, clock: Clock) -> None:
    text = core_metadata("sample", "1.0", "Requires-Python: >=3.8", "Requires-Dist: idna>=3", "Summary: one")
    dist = wheel(text=text)
    assert upload(index, dist, index.token()).status == 200
    (stored,) = index.files("sample").values()
    assert (stored.name, stored.sha256, stored.size) == (dist.name, dist.sha256, len(dist.content))
    assert (stored.uploaded, stored.requires_python, stored.kind) == (clock.seconds, ">=3.8", "bdist_wheel")


def test_the_same_bytes_again_are_no_change(index: Index) -> None:
    token, dist = index.token(), wheel()
    assert upload(index, dist, token).status == 200
    before = ask(index, "/simple/sample/").body
    again = upload(index, dist, token)
    assert (again.status, again.body) == (200, b"")
    assert ask(index, "/simple/sample/").body == before


def test_other_bytes_under_a_name_are_refused_for_ever(index: Index, clock: Clock) -> None:
    token = index.token()
    upload(index, wheel(), token)
    said = upload(index, wheel(files={"more.py": ""}), token)
    assert said.status == 400
    assert said.reason.startswith("File already exists ('sample-1.0-py3-none-any.whl', with blake2_256 hash '")
    assert said.reason.endswith("See https://pypi.org/help/#file-name-reuse for more information.")
    assert said.reason.encode() in said.body.replace(b"&#x27;", b"'")
    clock.pass_days(400)
    assert upload(index, wheel(files={"more.py": ""}), token).status == 400


def test_bytes_that_are_there_under_another_name_are_refused(index: Index) -> None:
    token, dist = index.token(), wheel()
    upload(index, dist, token)
    twin = Dist("sample-1.0-1-py3-none-any.whl", dist.content)
    assert upload(index, twin, token).reason.startswith("File already exists ('sample-1.0-1-py3")


@pytest.mark.parametrize("content", [wheel(), wheel(files={"more.py": ""})], ids=["the same bytes", "other bytes"])
def test_a_deleted_name_never_returns(index: Index, content: Dist) -> None:
    token = index.token()
    upload(index, wheel(), token)
    index.delete(wheel().name)
    said = upload(index, content, token)
    assert said.status == 400
    assert said.reason == (
        "This filename was previously used by a file that has since been deleted. Use a different version. "
        "See https://pypi.org/help/#file-name-reuse for more information."
    )
    assert index.files("sample") == {}


def test_one_sdist_a_release(index: Index) -> None:
    token = index.token()
    assert upload(index, sdist(), token).status == 200
    index.delete(sdist().name)
    assert upload(index, sdist("1.0.0"), token, version="1.0.0").status == 200
    # 1.0 and 1.0.0 are one release, whatever they are called.
    said = upload(index, sdist("1.0.0.0"), token, version="1.0.0.0")
    assert (said.status, said.reason) == (400, "Only one sdist may be uploaded per release.")
    assert upload(index, sdist("1.1"), token, version="1.1").status == 200


def test_a_release_older_than_14_days_takes_no_new_file_but_the_same_ones(index: Index, clock: Clock) -> None:
    token = index.token()
    upload(index, wheel(), token)
    clock.pass_days(13.99)
    assert upload(index, wheel(name="sample-1.0-cp311-abi3-win_amd64.whl", files={"more": ""}), token).status == 200
    clock.pass_days(0.02)
    said = upload(index, sdist(), token)
    assert (said.status, said.reason) == (400, "Uploading new files to releases older than 14 days is not allowed.")
    assert upload(index, wheel(), token).status == 200
    assert upload(index, sdist("1.1"), token, version="1.1").status == 200


def test_who_has_no_token(index: Index) -> None:
    for token in (None, "pypi-unknown", ""):
        said = upload(index, wheel(), token)
        assert said.status == 403
        assert said.reason.startswith("Invalid or non-existent authentication information.")
    kind, body = form(wheel())
    for header in ("Basic !", "Basic dXNlcjpwYXNz", "Bearer x", "Basic /w=="):
        headers = {"Content-Type": kind, "Authorization": header}
        assert ask(index, "/legacy/", body=body, headers=headers).status == 403
    assert index.files("sample") == {}


def test_a_token_of_other_projects(index: Index) -> None:
    said = upload(index, wheel(), index.token("other"))
    assert said.status == 403
    assert said.reason == "Invalid API Token: project-scoped token is not valid for project: 'sample'"
    assert ask(index, "/simple/sample/").status == 404
    assert upload(index, wheel(), index.token("Sample")).status == 200


def test_the_words_come_in_the_form_that_the_client_reads(index: Index) -> None:
    said = upload(index, wheel(), None, accept="application/json;q=0.9, text/html;q=0.7")
    document = json.loads(said.body)
    assert document["title"] == "Forbidden"
    assert document["code"].startswith("403 Invalid or non-existent authentication information.")
    assert upload(index, wheel(), None).headers["content-type"].startswith("text/html")


META: dict[str, tuple[str, str]] = {
    "version": ("Metadata-Version: 9.9\nName: sample\nVersion: 1.0\n", "9.9"),
    "no name": ("Metadata-Version: 2.4\nVersion: 1.0\n", "name"),
    "requirement": (core_metadata("sample", "1.0", "Requires-Dist: not a requirement"), "requires-dist"),
    "unknown field": (core_metadata("sample", "1.0", "Invented: 1"), "invented"),
    "long summary": (core_metadata("sample", "1.0", "Summary: " + "x" * 513), "'summary' field must be 512"),
    "direct": (
        core_metadata("sample", "1.0", "Requires-Dist: idna @ https://example.org/idna.whl"),
        "Can't have direct dependency: idna",
    ),
    "private": (
        core_metadata("sample", "1.0", "Classifier: Private :: Do Not Upload"),
        "'Private :: Do Not Upload' is not a valid classifier.",
    ),
    "two licences": (
        core_metadata("sample", "1.0", "License: MIT", "License-Expression: MIT"),
        "License is deprecated when License-Expression is present.",
    ),
    "another project": (core_metadata("other", "1.0"), "The metadata is of 'other', the upload of 'sample'."),
    "another version": (core_metadata("sample", "2.0"), "The metadata is of version 2.0, the upload of 1.0."),
    "a missing licence": (
        core_metadata("sample", "1.0", "License-File: LICENSE"),
        "License-File LICENSE does not exist in distribution file",
    ),
}


@pytest.mark.parametrize(("text", "said"), META.values(), ids=META)
@pytest.mark.parametrize("make", [wheel, sdist])
def test_invalid_metadata(index: Index, make: Callable[..., Dist], text: str, said: str) -> None:
    answer = upload(index, make(text=text), index.token())
    assert answer.status == 400
    assert said in answer.reason
    assert ask(index, "/simple/sample/").status == 404


def test_a_local_version(index: Index) -> None:
    dist = wheel("1.0+here")
    said = upload(index, dist, index.token(), version="1.0+here").reason
    assert said == f"The use of local versions in '1.0+here' is not allowed. {SEEK}"


FILES: dict[str, tuple[Dist, str]] = {
    "no zip": (Dist("sample-1.0-py3-none-any.whl", b"PK"), "Invalid distribution file. File is not a zipfile"),
    "no tar": (Dist("sample-1.0.tar.gz", b"\x1f\x8b"), "Invalid distribution file. File is not a tarfile"),
    "half a tar": (Dist("sample-1.0.tar.gz", sdist().content[:-30]), "Invalid distribution file. File is not a tar"),
    "no PKG-INFO": (sdist(files={"PKG-INFO": None}), "PKG-INFO not found at sample-1.0/PKG-INFO"),
    "no METADATA": (wheel(files={"sample-1.0.dist-info/METADATA": None}), "METADATA not found at sample-1.0.dist"),
    "no WHEEL": (wheel(files={"sample-1.0.dist-info/WHEEL": None}), "WHEEL not found at sample-1.0.dist-info/WHEEL"),
    "no RECORD": (wheel(files={"sample-1.0.dist-info/RECORD": None}), "does not contain the required RECORD file"),
    "a folder": (Dist("a/sample-1.0.tar.gz", sdist().content), "Cannot upload a file with '/' or '\\' in the name."),
    "linux": (
        wheel(name="sample-1.0-cp311-cp311-linux_x86_64.whl"),
        "Binary wheel 'sample-1.0-cp311-cp311-linux_x86_64.whl' has an unsupported platform tag 'linux_x86_64'.",
    ),
    "no wheel's name": (wheel(name="sample-1.0-any.whl"), "Invalid wheel filename"),
    "another project": (wheel(name="other-1.0-py3-none-any.whl"), "Start filename for 'sample' with 'sample'."),
    "not normalized": (wheel(name="Sample-1.0-py3-none-any.whl"), "should contain the normalized project name"),
    "another version": (wheel(name="sample-2.0-py3-none-any.whl"), "Version in filename should be '1.0' not '2.0'."),
    "sdist's project": (sdist(name="Sample-1.0.tar.gz"), "Filename 'Sample-1.0.tar.gz' is invalid, should be 'sample-"),
    "sdist's version": (sdist(name="sample-1.0.0.tar.gz"), "is invalid, should be 'sample-1.0.tar.gz'."),
    "too large": (Dist(wheel().name, b"x" * (1 + (1 << 20))), "File too large. Limit for project 'sample' is 1 MB."),
}


@pytest.mark.parametrize(("dist", "said"), FILES.values(), ids=FILES)
def test_files_that_are_none(index: Index, dist: Dist, said: str) -> None:
    answer = upload(index, dist, index.token())
    assert answer.status == 400
    assert said in answer.reason
    assert index.files("sample") == {}


def test_tags_that_the_index_knows(index: Index) -> None:
    token = index.token()
    for number, tag in enumerate(
        "win_amd64 manylinux2014_x86_64 manylinux_2_28_aarch64.manylinux2014_aarch64 musllinux_1_2_x86_64 "
        "macosx_11_0_arm64 ios_13_0_arm64_iphoneos android_21_arm64_v8a pyodide_2024_0_wasm32".split()
    ):
        dist = wheel(name=f"sample-1.0-cp312-cp312-{tag}.whl", files={"number": str(number)})
        assert upload(index, dist, token).status == 200, tag


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"protocol_version": "2"}, "Unknown protocol version."),
        ({"filetype": "bdist_egg"}, "Invalid value for filetype. Error: Use a known file type."),
        ({"filetype": "sdist"}, "Invalid file extension: sample-1.0-py3-none-any.whl is invalid for sdist."),
        ({"sha256_digest": None}, "Error: Include at least one message digest."),
        ({"sha256_digest": "0" * 64}, "The digest supplied does not match a digest calculated from the uploaded file."),
        ({"md5_digest": "0" * 32}, "The digest supplied does not match a digest calculated from the uploaded file."),
        ({"version": "1.1"}, "The metadata is of version 1.0, the upload of 1.1."),
    ],
)
def test_fields_that_do_not_fit(index: Index, fields: dict[str, Any], said: str) -> None:
    answer = upload(index, wheel(), index.token(), **fields)
    assert (answer.status, answer.reason) == (400, said)


@pytest.mark.parametrize("name", ["", "-sample", "sam ple", "sample.", "sämple"])
def test_names_that_are_none(index: Index, name: str) -> None:
    kind, body = form(wheel(), name=name)
    from base64 import b64encode

    basic = "Basic " + b64encode(f"__token__:{index.token()}".encode()).decode()
    answer = ask(index, "/legacy/", body=body, headers={"Content-Type": kind, "Authorization": basic})
    assert answer.status == 400
    assert "is an invalid value for Name" in answer.reason


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n--x--'),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="content"\r\n\r\n1'),
    ],
)
def test_a_body_that_is_no_form(index: Index, kind: str, body: bytes) -> None:
    answer = ask(index, "/legacy/", body=body, headers={"Content-Type": kind})
    assert (answer.status, answer.reason) == (400, "Upload payload does not have a file.")


def test_a_form_without_a_file(index: Index) -> None:
    from base64 import b64encode

    kind, body = form(wheel())
    body = body.replace(b'; filename="sample-1.0-py3-none-any.whl"', b"")
    basic = "Basic " + b64encode(f"__token__:{index.token()}".encode()).decode()
    answer = ask(index, "/legacy/", body=body, headers={"Content-Type": kind, "Authorization": basic})
    assert (answer.status, answer.reason) == (400, "Upload payload does not have a file.")
