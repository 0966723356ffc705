"""Distributions made by hand, with whatever in them, and an upload as a tool sends it."""

from __future__ import annotations

import gzip
import hashlib
import io
import ssl
import tarfile
import urllib.error
import urllib.request
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lockgate.loopback.index import Index


@dataclass(frozen=True)
class Dist:
    """A file to upload."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def write(self, folder: Path) -> Path:
        (folder / self.name).write_bytes(self.content)
        return folder / self.name


def core_metadata(name: str = "sample", version: str = "1.0", *lines: str) -> str:
    return "\n".join(["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *lines, ""])


def wheel(
    version: str = "1.0",
    *,
    project: str = "sample",
    name: str | None = None,
    text: str | None = None,
    files: Mapping[str, str | None] | None = None,
) -> Dist:
    """A wheel; `files` are added, or left out with None."""
    name = name or f"{project}-{version}-py3-none-any.whl"
    folder = "-".join(name.split("-")[:2]) + ".dist-info"
    inside: dict[str, str | None] = {
        f"{project}.py": f"VERSION = '{version}'\n",
        f"{folder}/METADATA": core_metadata(project, version) if text is None else text,
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{folder}/RECORD": "".join(f"{one},,\n" for one in (f"{project}.py", f"{folder}/METADATA", f"{folder}/WHEEL")),
        **(files or {}),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in inside.items():
            if content is not None:
                archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return Dist(name, packed.getvalue())


def sdist(
    version: str = "1.0",
    *,
    project: str = "sample",
    name: str | None = None,
    text: str | None = None,
    files: Mapping[str, str | None] | None = None,
) -> Dist:
    """An sdist; `files` are added to its folder, or left out with None."""
    name = name or f"{project}-{version}.tar.gz"
    folder = name.removesuffix(".tar.gz")
    described = core_metadata(project, version) if text is None else text
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="w", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for path, content in {"PKG-INFO": described, "sample.py": "", **(files or {})}.items():
            if content is not None:
                member = tarfile.TarInfo(f"{folder}/{path}")
                member.size = len(content.encode())
                archive.addfile(member, io.BytesIO(content.encode()))
    return Dist(name, packed.getvalue())


@dataclass(frozen=True)
class Said:
    """An answer: status, first line's words, body and headers."""

    status: int
    reason: str
    body: bytes
    headers: Mapping[str, str]


def ask(
    index: Index,
    path: str,
    *,
    method: str | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Said:
    """One request to an index; redirects are answers."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    context = ssl.create_default_context(cafile=str(index.ca))
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), Stay)
    address = path if path.startswith("https://") else index.url + path
    request = urllib.request.Request(address, data=body, headers=dict(headers or {}), method=method)  # noqa: S310
    try:
        answer = opener.open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Said(answer.status or 0, answer.reason, answer.read(), found)


def form(dist: Dist, **fields: str | None) -> tuple[str, bytes]:
    """Content type and body of an upload; a field is left out with None."""
    kind = "sdist" if dist.name.endswith(".tar.gz") else "bdist_wheel"
    given = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.4",
        "name": "sample",
        "version": "1.0",
        "filetype": kind,
        "pyversion": "source" if kind == "sdist" else "py3",
        "sha256_digest": dist.sha256,
        **fields,
    }
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in given.items()
        if value is not None
    ]
    parts.append(
        f'Content-Disposition: form-data; name="content"; filename="{dist.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + dist.content
    )
    mark = "a-boundary-that-no-content-has"
    body = b"".join(f"--{mark}\r\n".encode() + part + b"\r\n" for part in parts)
    return f"multipart/form-data; boundary={mark}", body + f"--{mark}--\r\n".encode()


def upload(index: Index, dist: Dist, token: str | None, *, accept: str = "*/*", **fields: str | None) -> Said:
    """Upload one file."""
    kind, body = form(dist, **fields)
    headers = {"Content-Type": kind, "Accept": accept}
    if token is not None:
        headers["Authorization"] = "Basic " + b64encode(f"__token__:{token}".encode()).decode()
    return ask(index, "/legacy/", body=body, headers=headers)
