"""Installing over a network that fails for a while: tried again, told, and never for what will not mend."""

from __future__ import annotations

import http.server
import io
import os
import signal
import socket
import struct
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import ended, start, wait_for
from tests.support import PYPROJECT, Ran, gate, lockgate, package

TABLE = """
[tool.lockgate]
python = ["3.12"]
checks = ["hello"]
packages = ["faraway"]

[tool.lockgate.check.hello]
run = ["python", "-c", "import faraway"]
"""
WHEEL = "faraway-1.0-py3-none-any.whl"


def wheel() -> bytes:
    files = {
        "faraway.py": "",
        "faraway-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: faraway\nVersion: 1.0\n",
        "faraway-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "faraway-1.0.dist-info/RECORD": "faraway.py,,\n",
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


class Index:
    """A package index with one package; `ends` says how its next answers end: a status or `reset`, later all are ok."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.asked: list[str] = []
        self.hash = ""
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                end = index.ends.pop(0) if index.ends else "ok"
                if end == "ok" and "faraway" not in self.path:
                    end = "404"
                if end == "reset":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                    self.connection.close()
                    return
                page = f'<a href="/files/{WHEEL}{index.hash}">{WHEEL}</a>'.encode()
                content = wheel() if self.path.startswith("/files/") else page
                self.send_response(200 if end == "ok" else int(end))
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(content)

            do_HEAD = do_GET  # noqa: N815  (the name that the library asks for)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a reset connection is meant
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://bob:secret@127.0.0.1:{self.server.server_port}/simple/"


@pytest.fixture
def index() -> Iterator[Index]:
    found = Index()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return package(
        tmp_path / "sample", TABLE, **{"pyproject.toml": f'[project]\nname = "sample"\nversion = "1"\n{TABLE}'}
    )


def variables(index: Index, tmp_path: Path) -> dict[str, Any]:
    """Uv asks this index once for each attempt, and has nothing of it already."""
    return {"UV_DEFAULT_INDEX": index.url, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_HTTP_RETRIES": "0"}


def notes(ran: Ran) -> list[str]:
    found: list[str] = ran.check("hello")["notes"]
    return found


@pytest.mark.parametrize(
    ("ends", "why"),
    [
        (["503"], "HTTP status server error (503 Service Unavailable)"),
        (["429"], "HTTP status client error (429 Too Many Requests)"),
        (["reset"], "Connection reset by peer (os error 104)"),
        (["ok", "502"], "HTTP status server error (502 Bad Gateway)"),
    ],
)
def test_an_index_in_trouble_is_asked_again(
    index: Index, root: Path, tmp_path: Path, ends: list[str], why: str
) -> None:
    index.ends = ends
    ran = gate(root, "--report", str(tmp_path / "out"), **variables(index, tmp_path))
    assert ran.code == 0, ran.err
    first, second = notes(ran)
    assert first.startswith(f"uv pip install: attempt 1 of 3 failed: {why}; waited ")
    assert second == "uv pip install: attempt 2 of 3 succeeded"
    assert f"hello: attempt 1 of 3 failed ({why}): trying again in " in ran.err
    for name in ("gate.txt", "gate.json", "gate.md", "gate.github.txt"):
        assert "attempt 1 of 3 failed" in (tmp_path / "out" / name).read_text(), name


def test_attempts_of_one_run_are_not_those_of_the_next(index: Index, root: Path, tmp_path: Path) -> None:
    index.ends = ["503"]
    assert notes(gate(root, **variables(index, tmp_path))) != []
    again = gate(root, **variables(index, tmp_path))
    assert (again.check("hello")["cached"], notes(again)) == (True, [])


def test_an_index_that_stays_in_trouble_makes_it_unknown_after_three_attempts(
    index: Index, root: Path, tmp_path: Path
) -> None:
    index.ends = ["503"] * 50
    ran = gate(root, **variables(index, tmp_path))
    assert (ran.code, ran.check("hello")["status"], len(index.asked)) == (3, "unknown", 3)
    assert [note.partition(" failed")[0] for note in notes(ran)] == [
        f"uv pip install: attempt {n} of 3" for n in (1, 2, 3)
    ]
    assert "secret" not in ran.out + ran.err


@pytest.mark.parametrize("ends", [["404"] * 9, ["401"] * 9])
def test_what_is_not_there_or_not_allowed_is_asked_for_once(
    index: Index, root: Path, tmp_path: Path, ends: list[str]
) -> None:
    index.ends = ends
    ran = gate(root, **variables(index, tmp_path))
    assert (ran.code in {1, 3}, notes(ran)) == (True, [])


def test_a_wrong_hash_is_wrong_at_once(index: Index, root: Path, tmp_path: Path) -> None:
    index.hash = f"#sha256={'0' * 64}"
    ran = gate(root, **variables(index, tmp_path))
    assert (ran.code, notes(ran)) == (3, [])
    assert "Hash mismatch" in ran.check("hello")["problems"][0]["excerpt"]


def test_requirements_that_cannot_be_met_are_wrong_at_once(index: Index, root: Path, tmp_path: Path) -> None:
    text = (root / "pyproject.toml").read_text().replace('["faraway"]', '["faraway>1"]')
    (root / "pyproject.toml").write_text(text)
    ran = gate(root, **variables(index, tmp_path))
    assert (ran.code, notes(ran)) == (1, [])


def test_offline_nothing_is_tried_again(index: Index, root: Path, tmp_path: Path) -> None:
    ran = gate(root, "--offline", **variables(index, tmp_path))
    assert (ran.code in {1, 3}, notes(ran), index.asked) == (True, [], [])


def test_a_stop_during_the_pause_ends_it_at_once(index: Index, root: Path, tmp_path: Path) -> None:
    index.ends = ["503"] * 50
    # The pause is drawn at random, so it may be over sooner: then the second or third attempt is stopped.
    process = start(root, **variables(index, tmp_path))
    wait_for(lambda: index.asked, "the first request")
    os.killpg(process.pid, signal.SIGINT)
    ran = ended(process, timeout=5)
    assert (ran.code, ran.check("hello")["status"]) == (130, "skipped")


def test_an_interpreter_is_fetched_again_too(index: Index, tmp_path: Path) -> None:
    index.ends = ["503"] * 50
    table = TABLE.replace('"3.12"', '"3.14"').replace('packages = ["faraway"]\n', "")
    root = package(tmp_path / "sample", table, **{"pyproject.toml": PYPROJECT + table})
    address = index.url.replace("/simple/", "")
    nowhere = {"UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons"), "UV_PYTHON_INSTALL_MIRROR": address}
    ran = gate(root, "--fresh", **variables(index, tmp_path), **nowhere)
    assert (ran.code, ran.check("hello")["status"]) == (3, "unknown")
    assert [note.partition(" failed")[0] for note in notes(ran)] == [
        f"uv python install 3.14: attempt {n} of 3" for n in (1, 2, 3)
    ]


def test_what_fixing_needs_is_installed_again_and_said(index: Index, tmp_path: Path) -> None:
    index.ends = ["503"]
    root = package(
        tmp_path / "sample", '[tool.lockgate]\npython = ["3.12"]\nchecks = ["lint"]\npackages = ["faraway"]\n'
    )
    ran = lockgate(root, "gate", "--fix", UV_INDEX=index.url, UV_HTTP_RETRIES="0")
    assert ran.code == 0, ran.err
    assert (
        "uv pip install: attempt 1 of 3 failed: HTTP status server error (503 Service Unavailable); waited" in ran.err
    )
    assert "uv pip install: attempt 2 of 3 succeeded" in ran.err
