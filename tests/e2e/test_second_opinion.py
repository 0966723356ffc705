"""The upload path against another index, pypiserver: what our tools do is no peculiarity of the embedded one.

Where pypiserver differs from PyPI, and the embedded index does not:
- a name that is there already is answered by 409, even for identical bytes (PyPI: 200, and 400 for other bytes);
- its simple index is HTML with relative links, without upload times, sizes or metadata (PEP 691, 700, 658);
- it believes what the form says: no check of the archive, of names, of digests;
- no trusted publishing, no attestations, no memory of deleted names, no time after which a release is closed.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lockgate.loopback.index import Index
from lockgate.ports.index import project_files
from tests.dists import sdist, wheel

FIRST, SECOND, OTHER = wheel(), sdist(), sdist(files={"more.py": ""})


@pytest.fixture(scope="module")
def pypiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    packages = tmp_path_factory.mktemp("packages")
    command = [sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port)]
    command += ["-P", ".", "-a", ".", "--disable-fallback", str(packages)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
        server.terminate()


def publish(
    folder: Path, *options: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "GITHUB_"))}
    environment = {**kept, "UV_NO_CONFIG": "1", "UV_NO_CACHE": "1", **(variables or {})}
    command = ["uv", "publish", "--trusted-publishing", "never", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_both_store_the_same_bytes_and_disagree_about_the_second_time(
    pypiserver: str, tmp_path: Path, index_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dist").mkdir()
    for dist in (FIRST, SECOND):
        dist.write(tmp_path / "dist")
    with Index(tmp_path / "index", keys=index_keys) as index:
        monkeypatch.setenv("SSL_CERT_FILE", str(index.ca))
        there = ("--publish-url", pypiserver, "-u", "user", "-p", "password")
        here = ("--publish-url", index.upload, "--token", index.token())
        assert publish(tmp_path, *there).returncode == 0
        assert publish(tmp_path, *here, variables=index.trust).returncode == 0

        simple = {"pypiserver": f"{pypiserver}simple/", "embedded": index.simple}
        listed = {name: project_files(address, "sample", 10) for name, address in simple.items()}
        digests = {name: {one.name: one.sha256 for one in files.values()} for name, files in listed.items()}
        assert digests["pypiserver"] == digests["embedded"] == {dist.name: dist.sha256 for dist in (FIRST, SECOND)}

        again = {"pypiserver": publish(tmp_path, *there), "embedded": publish(tmp_path, *here, variables=index.trust)}
        assert "409" in again["pypiserver"].stderr
        assert [one.returncode for one in again.values()] == [2, 0]
        check = ("--check-url", simple["pypiserver"])
        assert publish(tmp_path, *there, *check).returncode == 0, "nothing is sent that is there"

        OTHER.write(tmp_path / "dist")
        other = {"pypiserver": publish(tmp_path, *there), "embedded": publish(tmp_path, *here, variables=index.trust)}
        assert [one.returncode for one in other.values()] == [2, 2]
        assert "File already exists" in other["embedded"].stderr
        listed = {name: project_files(address, "sample", 10) for name, address in simple.items()}
        assert {files[SECOND.name].sha256 for files in listed.values()} == {SECOND.sha256}
