"""A vulnerability service that does not answer wholly, with the real `uv audit`: unknown, never clean."""

from __future__ import annotations

import json
import socketserver
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lockgate.loopback.osv import Osv, advisory
from lockgate.scan.answer import Answer, Broken, Clean, Found
from lockgate.scan.context import Wishes
from lockgate.scan.run import ask
from lockgate.scan.scanners import dependencies
from tests.unit.scan.benches import Scripts, bench, clean_package

JINJA = advisory("GHSA-h5c8-rqwp-cp95", "jinja2", "3.1.3", aliases=["CVE-2024-22195"])
SAME = advisory("PYSEC-2024-1", "jinja2", "3.1.3", aliases=["CVE-2024-22195"])
LOCKED = """
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "https://pypi.org/simple" }}
sdist = {{ url = "https://files.pythonhosted.org/packages/a.tar.gz", hash = "sha256:{hash}" }}
"""
PINS = {"jinja2": "3.1.2", "markupsafe": "3.0.2", "idna": "3.6"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with three locked dependencies."""
    table = '[tool.lockgate.scan]\ntimeout = "4s"\n'
    root = clean_package(tmp_path_factory.mktemp("osv") / "sample", table)
    with (root / "uv.lock").open("a") as lock:
        lock.writelines(LOCKED.format(name=name, version=version, hash="0" * 64) for name, version in PINS.items())
        lock.write("\n[package.metadata]\nrequires-dist = []\n")
    text = (root / "uv.lock").read_text().replace('source = { editable = "." }\n', _EDGES)
    (root / "uv.lock").write_text(text.replace("\n[package.metadata]\nrequires-dist = []\n", ""))
    return root


_EDGES = (
    'source = { editable = "." }\ndependencies = [\n'
    + "".join(f'    {{ name = "{name}" }},\n' for name in PINS)
    + "]\n\n[package.metadata]\nrequires-dist = [\n"
    + "".join(f'    {{ name = "{name}" }},\n' for name in PINS)
    + "]\n"
)


def asked(sample: Path, tmp_path: Path, url: str) -> Answer:
    return ask(dependencies.osv, bench(sample, Scripts(tmp_path), Wishes(osv=url)))


class Faulty(Osv):
    """An OSV whose replies a test changes."""

    def __init__(self, change: Callable[[str, Any, tuple[int, str, bytes]], tuple[int, str, bytes]]) -> None:
        super().__init__([JINJA])
        self._change = change

    def reply(self, path: str, asked: Any) -> tuple[int, str, bytes]:  # noqa: ANN401
        return self._change(path, asked, super().reply(path, asked))


Reply = tuple[int, str, bytes]


def everywhere(status: int, body: bytes, kind: str = "application/json") -> Callable[[str, Any, Reply], Reply]:
    return lambda _path, _asked, _reply: (status, kind, body)


def batch(change: Callable[[dict[str, Any]], Any]) -> Callable[[str, Any, Reply], Reply]:
    def changed(path: str, _asked: Any, reply: Reply) -> Reply:  # noqa: ANN401
        if path != "/v1/querybatch":
            return reply
        return 200, reply[1], json.dumps(change(json.loads(reply[2]))).encode()

    return changed


def details(status: int, body: bytes) -> Callable[[str, Any, Reply], Reply]:
    return lambda path, _asked, reply: reply if path == "/v1/querybatch" else (status, reply[1], body)


def slow(_path: str, _asked: Any, reply: Reply) -> Reply:  # noqa: ANN401
    time.sleep(8)
    return reply


FAULTS = {
    "500": everywhere(500, b"{}"),
    "503": everywhere(503, b"busy"),
    "403": everywhere(403, b"{}"),
    "204": everywhere(204, b""),
    "HTML": everywhere(200, b"<html>sign in to the hotel's network</html>", "text/html"),
    "{}": everywhere(200, b"{}"),
    "nothing": everywhere(200, b""),
    "null": everywhere(200, b"null"),
    "truncated": lambda _p, _a, reply: (200, reply[1], reply[2][:-2]),
    "no results": batch(lambda _given: {"results": []}),
    "fewer results": batch(lambda given: {"results": given["results"][:1]}),
    "more results": batch(lambda given: {"results": [*given["results"], {}]}),
    "results of another kind": batch(lambda given: {"results": [None for _ in given["results"]]}),
    "advisories without a name": batch(lambda given: {"results": [{"vulns": [{}]} for _ in given["results"]]}),
    "pages without end": batch(lambda given: {"results": [{"next_page_token": "0"} for _ in given["results"]]}),
    "404 for the details": details(404, b"{}"),
    "500 for the details": details(500, b"{}"),
    "empty details": details(200, b"{}"),
    "details of another advisory": details(200, json.dumps({**JINJA, "id": "GHSA-other"}).encode()),
    "hang": slow,
}


@pytest.mark.parametrize("name", FAULTS)
def test_no_whole_answer_is_unknown(sample: Path, tmp_path: Path, name: str) -> None:
    with Faulty(FAULTS[name]) as service:
        answer = asked(sample, tmp_path, service.url)
    assert isinstance(answer, Broken)
    assert service.url in answer.reason or "did not end" in answer.reason


def test_nobody_there_is_unknown(sample: Path, tmp_path: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        free = server.server_address[1]
    assert isinstance(asked(sample, tmp_path, f"http://127.0.0.1:{free}"), Broken)
    assert isinstance(asked(sample, tmp_path, "file:///etc/passwd"), Broken)


class _Drip(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Answer a byte at a time, for ever."""
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
        for _ in range(100):
            time.sleep(0.1)
            self.wfile.write(b" ")


class _Cut(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Promise more than is sent."""
        self.rfile.readline()
        self.wfile.write(
            b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"results": []}'
        )


@pytest.mark.parametrize("handler", [_Drip, _Cut])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_slow_drip_and_a_cut_connection_are_unknown(sample: Path, tmp_path: Path, handler: type[_Drip]) -> None:
    import threading

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """The other side has gone: as it should."""

    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = asked(sample, tmp_path, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert isinstance(answer, Broken)


def test_the_same_package_and_a_whole_answer(sample: Path, tmp_path: Path) -> None:
    with Osv() as service:
        answer = asked(sample, tmp_path, service.url)
    assert isinstance(answer, Clean)
    assert answer.looked_at == 3


def test_aliases_are_one_finding_with_the_fix(sample: Path, tmp_path: Path) -> None:
    with Osv([JINJA, SAME]) as service:
        answer = asked(sample, tmp_path, service.url)
    assert isinstance(answer, Found)
    (finding,) = answer.findings
    assert finding.ids() == {"PYSEC-2024-1", "GHSA-h5c8-rqwp-cp95", "CVE-2024-22195"}
    assert (finding.package, finding.version, finding.fixed_in) == ("jinja2", "3.1.2", "3.1.3")
    assert finding.help == "uv lock --upgrade-package jinja2"
    assert finding.line is not None
    assert "jinja2" in (sample / "uv.lock").read_text().splitlines()[finding.line]


def test_pages_are_followed_to_the_last(sample: Path, tmp_path: Path) -> None:
    more = [advisory(f"GHSA-{n:04}", "idna", "3.7") for n in range(5)]
    with Osv([*more, JINJA], page=2) as service:
        answer = asked(sample, tmp_path, service.url)
    assert isinstance(answer, Found)
    assert len(answer.findings) == 6


def test_a_withdrawn_advisory_is_none(sample: Path, tmp_path: Path) -> None:
    with Osv([advisory("GHSA-h5c8", "jinja2", "3.1.3", withdrawn="2026-02-01T00:00:00Z")]) as service:
        answer = asked(sample, tmp_path, service.url)
    assert isinstance(answer, Clean)


def test_a_busy_service_is_asked_again(sample: Path, tmp_path: Path) -> None:
    busy = iter([True, False, True])

    def change(_path: str, _asked: Any, reply: Reply) -> Reply:  # noqa: ANN401
        return (503, reply[1], b"{}") if next(busy, False) else reply

    with Faulty(change) as service:
        assert isinstance(asked(sample, tmp_path, service.url), Found)
