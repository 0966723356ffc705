"""A second opinion: the upload to an index that is not ours, speaks HTML only, and refuses even identical bytes."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.loopback.index import Index
from lockgate.ports.http import exchange
from tests.e2e.releasing import NAMES, SDIST, Release, contents, release, with_ledger

pytestmark = pytest.mark.usefixtures("own_git")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "packages"
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [
        sys.executable,
        "-m",
        "pypiserver",
        "run",
        "-p",
        str(port),
        "-i",
        "127.0.0.1",
        "-P",
        ".",
        "-a",
        ".",
        str(folder),
    ]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                exchange("GET", f"{address}/simple/", limit=2)
                break
            except OSError:
                time.sleep(0.1)
        yield address, folder
    finally:
        process.kill()
        process.wait()


def _made(tmp_path: Path, index_keys: Path, address: str) -> Release:
    made = release(tmp_path, Index(tmp_path / "index", keys=index_keys), registered=False, address=address)
    none = dict.fromkeys(("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ACTIONS"))
    given = {"UV_PUBLISH_URL": f"{address}/", "UV_PUBLISH_USERNAME": "any", "UV_PUBLISH_PASSWORD": "body"}
    made.environment = {**made.environment, **none, **given, "SSL_CERT_FILE": None}
    return made


def test_upload_and_burn_on_somebody_else_s_index(tmp_path: Path, index_keys: Path, server: tuple[str, Path]) -> None:
    address, folder = server
    made = _made(tmp_path, index_keys, address)
    (folder / NAMES[0]).write_bytes(contents()[NAMES[0]])
    ran = made.run("upload")
    assert ran.code == 0, ran
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents()
    assert set(made.states().values()) == {"stored"}
    (folder / SDIST).write_bytes(b"other")
    with_ledger(made, state="built")
    assert made.run("upload").code == 1
    assert made.ledger["state"] == "burned"
