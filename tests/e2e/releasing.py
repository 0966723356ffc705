"""A release that is built, and an index to send it to: made by hand, so that a test takes no build."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from lockgate.loopback.index import Index, Job, Publisher
from lockgate.model.release import Ledger, ReleaseFile, kind_of
from lockgate.ports.releases import Store
from tests.support import Ran, commit, lockgate, package

WHEELS = ("sample-1.0-cp312-none-any.whl", "sample-1.0-py3-none-any.whl")
SDIST = "sample-1.0.tar.gz"
NAMES = (*WHEELS, SDIST)  # in the order in which they are sent
WHO = Publisher(project="sample", repository="acme/sample", workflow="publish.yml", environment="pypi-publishing")
JOB = Job(repository="acme/sample", workflow="publish.yml", environment="pypi-publishing", event="workflow_dispatch")
PYTHONS = '[tool.lockgate]\npython = ["3.11", "3.12"]\n'
METADATA = "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\nRequires-Python: >=3.8\n"


def contents(salt: str = "") -> dict[str, bytes]:
    """Three files of one release by name; another salt makes other bytes, `!CODE` is what the module does."""
    return {**{name: _wheel(name, salt) for name in WHEELS}, SDIST: _sdist(salt)}


def _module(salt: str) -> str:
    return f"{salt[1:]}\n" if salt.startswith("!") else f"SALT = {salt!r}\n"


def _wheel(name: str, salt: str) -> bytes:
    tag = name.removeprefix("sample-1.0-").removesuffix(".whl")
    files = {
        "sample/__init__.py": _module(salt),
        "sample-1.0.dist-info/METADATA": METADATA,
        "sample-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    rows = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in files.items()]
    files["sample-1.0.dist-info/RECORD"] = "\n".join([*rows, "sample-1.0.dist-info/RECORD,,", ""])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), text)
    return stream.getvalue()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _sdist(salt: str) -> bytes:
    stream = io.BytesIO()
    packed = gzip.GzipFile(fileobj=stream, mode="wb", mtime=0)
    with packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in {"PKG-INFO": METADATA, "sample/__init__.py": _module(salt)}.items():
            info = tarfile.TarInfo(f"sample-1.0/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return stream.getvalue()


@dataclass
class Release:
    """A checkout with a release that is built: `folder` is its ledger's."""

    root: Path
    index: Index
    folder: Path
    environment: dict[str, str | None] = field(default_factory=dict)

    def run(self, command: str, *arguments: str, **more: str | None) -> Ran:
        """`lockgate publish COMMAND 1.0 …` as a job that may publish."""
        changes: dict[str, Any] = {**self.environment, **more}
        return lockgate(self.root, *self.line(command, *arguments), **changes)

    def line(self, command: str, *arguments: str) -> list[str]:
        return ["publish", command, "1.0", "--ledger", str(self.folder), *arguments]

    @property
    def ledger(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "ledger.json").read_bytes())
        return document

    def states(self) -> dict[str, str]:
        return {one["name"]: one["state"] for one in self.ledger["files"]}

    def store(self, *names: str, bytes_of: dict[str, bytes] | None = None) -> None:
        """Put files on the index as another client would: with uv and a user's token."""
        folder = self.folder.parent / f"sent-{len(list(self.folder.parent.iterdir()))}"
        folder.mkdir()
        for name, content in (bytes_of or contents()).items():
            if name in names:
                (folder / name).write_bytes(content)
        environment = {**os.environ, **self.index.trust, "UV_PUBLISH_TOKEN": self.index.token()}
        argv = ["uv", "publish", "--publish-url", self.index.upload, "--trusted-publishing", "never"]
        subprocess.run([*argv, *map(str, folder.iterdir())], env=environment, check=True, capture_output=True)

    def assert_never_other_bytes(self) -> None:
        """Nothing was rebuilt or swapped: what the index has of this release's names are the promoted bytes."""
        mine = {one["name"]: one["sha256"] for one in self.ledger["files"]}
        dist = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (self.folder / "dist").iterdir()}
        assert dist == mine
        assert all(file.sha256 == mine[name] for name, file in self.index.files("sample").items() if name in mine)


def release(
    folder: Path, index: Index, *, salt: str = "", registered: bool = True, clone: Path | None = None, address: str = ""
) -> Release:
    """A built release of `sample` 1.0 in `folder`; `clone` is its checkout, if there is one already."""
    root = clone or commit(package(folder / "sample", PYTHONS, **{"CHANGELOG.md": "# Changelog\n\n## 1.0\n\n* new\n"}))
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()
    store = Store(folder / "release")
    store.dist.mkdir(parents=True)
    files = []
    for name, content in contents(salt).items():
        (store.dist / name).write_bytes(content)
        kind = kind_of(name)
        assert kind is not None
        digest = hashlib.sha256(content).hexdigest()
        files.append(ReleaseFile(name=name, kind=kind, sha256=digest, size=len(content)))
    store.sbom.write_text("{}")
    store.write(
        Ledger(
            project="sample",
            version="1.0",
            commit=head,
            source_date_epoch=1,
            tag="v1.0",
            index=address or index.url,
            state="built",
            files=tuple(files),
            sbom=hashlib.sha256(b"{}").hexdigest(),
        )
    )
    if registered:
        index.register(WHO)
    environment: dict[str, str | None] = {
        **index.trust,
        **({} if address else index.job(JOB)),
        "GITHUB_ACTIONS": None,
        "GITHUB_REPOSITORY": "acme/sample",
        "GITHUB_API_URL": "http://127.0.0.1:9",
    }
    return Release(root, index, store.folder, as_job(environment))


def as_job(environment: dict[str, str | None], **more: str | None) -> dict[str, str | None]:
    """The variables of a job on GitHub that does not keep lockgate's own tests from seeing its output as usual."""
    return {**environment, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": None, **more}


def with_ledger(made: Release, **changes: Any) -> None:  # noqa: ANN401
    """Change the ledger on the disk."""
    store = Store(made.folder)
    ledger = store.read()
    assert ledger is not None
    store.write(msgspec.structs.replace(ledger, **changes))
