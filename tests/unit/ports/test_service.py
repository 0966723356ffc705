"""The loopback service, asked by plain sockets: what it hears, what it says, and who may not hold it up."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.loopback import tls
from lockgate.ports.service import Cut, Reply, Request, Service

MANY = 20


class Echo(Service):
    """Says what it heard."""

    def __init__(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        super().__init__(context, port)
        self.heard: list[Request] = []
        self.reply = Reply(body=b'{"heard": true}')

    def respond(self, request: Request) -> Reply:
        self.heard.append(request)
        if request.path == "/body":
            return Reply(200, "application/octet-stream", request.body or b"")
        if request.path == "/bug":
            raise LookupError("a bug")
        return self.reply


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as service:
        yield service


@pytest.fixture
def secure(index_keys: Path) -> Iterator[Echo]:
    with Echo(tls.authority(index_keys)[1]) as service:
        yield service


def port(service: Service) -> int:
    return int(service.url.rpartition(":")[2])


@contextlib.contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port(service)), timeout=10) as connection:
        yield connection


def said(service: Service, request: bytes) -> bytes:
    """Everything that comes back until the service hangs up, `` when it resets the connection."""
    with connected(service) as connection:
        connection.sendall(request)
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(1 << 16):
                found += chunk
        return found


def get(path: str = "/", *lines: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""]).encode()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_all_methods(echo: Echo, method: str) -> None:
    found = said(echo, get("/a%20b?x=1&y=&x=2", "X-Name: Value", method=method))
    assert found.startswith(b"HTTP/1.1 200 OK\r\n")
    assert found.endswith(b'{"heard": true}')
    (request,) = echo.heard
    assert (request.method, request.path, request.query) == (method, "/a b", {"x": "2", "y": ""})
    assert (request.headers["x-name"], request.body) == ("Value", None)


def test_head_has_the_length_but_no_body(echo: Echo) -> None:
    found = said(echo, get(method="HEAD"))
    assert b"Content-Length: 15\r\n" in found
    assert found.endswith(b"\r\n\r\n")


def test_a_method_that_nobody_knows(echo: Echo) -> None:
    assert said(echo, get(method="BREW")).startswith(b"HTTP/1.1 501 ")
    assert echo.heard == []


def test_the_first_line_says_the_reason_in_one_line(echo: Echo) -> None:
    echo.reply = Reply(400, reason="File already exists\r\nX-Injected: \xe9 \u2013 \u4e2d", headers={"X-More": "1"})
    found = said(echo, get())
    assert found.startswith("HTTP/1.1 400 File already exists X-Injected: \xe9 ? ?\r\n".encode("latin-1"))
    assert b"\r\nX-Injected" not in found
    assert b"X-More: 1\r\n" in found


def test_a_body_by_length_and_in_chunks(echo: Echo) -> None:
    content = bytes(range(256)) * 500
    sized = get("/body", f"Content-Length: {len(content)}", method="POST") + content
    assert said(echo, sized).partition(b"\r\n\r\n")[2] == content
    chunks = b"".join(
        f"{len(part):X};extension=1\r\n".encode() + part + b"\r\n"
        for part in (content[:7], content[7:90000], content[90000:])
    )
    chunked = get("/body", "Transfer-Encoding: Chunked", method="POST") + chunks + b"0\r\nX-Trailer: 1\r\n\r\n"
    assert said(echo, chunked).partition(b"\r\n\r\n")[2] == content
    assert said(echo, get("/body", "Content-Length: 0", method="POST")).endswith(b"\r\n\r\n")
    assert echo.heard[-1].body == b""


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("Content-Length: many", b"x"),
        ("Content-Length: -1", b"x"),
        ("Content-Length: +1", b"x"),
        ("Transfer-Encoding: chunked", b"zz\r\nx\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"-1\r\nx\r\n0\r\n\r\n"),
    ],
)
def test_a_length_that_is_none(echo: Echo, line: str, rest: bytes) -> None:
    assert said(echo, get("/body", line, method="POST") + rest).startswith(b"HTTP/1.1 400 ")
    assert echo.heard == []


@pytest.mark.parametrize(
    "half",
    [
        get("/body", "Content-Length: 10", method="POST") + b"12345",
        get("/body", "Transfer-Encoding: chunked", method="POST") + b"A\r\n12345",
        get("/body", "Transfer-Encoding: chunked", method="POST") + b"5\r\n12345\r\n",
        get("/body", "Transfer-Encoding: chunked", method="POST"),
        b"POST /body HTTP/1.1\r\nContent-Le",
    ],
)
def test_half_a_request_is_never_answered(echo: Echo, half: bytes) -> None:
    """A client that is killed while it sends has asked for nothing."""
    with connected(echo) as connection:
        connection.sendall(half)
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in connection.recv(1 << 16)
    assert echo.heard == []
    assert said(echo, get()).endswith(b'{"heard": true}')


def test_clients_that_disappear_hold_up_nobody(echo: Echo) -> None:
    for _ in range(MANY):
        with connected(echo) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(get())
    assert said(echo, get()).endswith(b'{"heard": true}')


def test_a_client_that_never_reads_the_answer(echo: Echo) -> None:
    echo.reply = Reply(body=b"x" * (32 << 20))
    with connected(echo) as connection:
        connection.sendall(get())
        echo.reply = Reply()
        assert said(echo, get()).startswith(b"HTTP/1.1 200 ")


def test_a_connection_serves_many_requests(echo: Echo) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port(echo), timeout=10)
    begun = time.monotonic()
    for number in range(50):
        connection.request("POST", f"/body?{number}", bytes([number]))
        assert connection.getresponse().read() == bytes([number])
    connection.close()
    assert time.monotonic() - begun < 50 * 0.03, "Nagle's algorithm costs 40 ms a request"


def test_whoever_asks_first_is_told_to_go_on(echo: Echo) -> None:
    with connected(echo) as connection:
        connection.sendall(get("/body", "Content-Length: 2", "Expect: 100-continue", method="POST"))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"ok")
        assert connection.recv(1 << 16).endswith(b"\r\n\r\nok")


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize("cut", ["before", "after", "within"])
def test_a_cut_resets_the_connection(request: pytest.FixtureRequest, cut: Cut, secured: bool, index_keys: Path) -> None:
    service: Echo = request.getfixturevalue("secure" if secured else "echo")
    service.reply = Reply(body=b"0123456789", cut=cut)
    raw = socket.create_connection(("127.0.0.1", port(service)), timeout=10)
    context = ssl.create_default_context(cafile=str(index_keys / "ca.pem")) if secured else None
    with context.wrap_socket(raw, server_hostname="localhost") if context else raw as connection:
        connection.sendall(get())
        found = b""
        with contextlib.suppress(ConnectionResetError):  # OpenSSL takes it for an end
            while chunk := connection.recv(1 << 16):
                found += chunk
        with pytest.raises(OSError, match="not connected"):
            connection.getpeername()
    assert len(service.heard) == 1
    assert found.endswith(b"\r\n\r\n01234") if cut == "within" else not found


def test_a_bug_is_told_to_both_sides() -> None:
    echo = Echo().__enter__()
    assert said(echo, get("/bug")).startswith(b"HTTP/1.1 500 ")
    assert said(echo, get()).startswith(b"HTTP/1.1 200 ")
    with pytest.raises(LookupError, match="a bug"):
        echo.__exit__(None, None, None)


def test_a_service_says_what_it_answers() -> None:
    with pytest.raises(NotImplementedError), Service() as service:
        assert said(service, get()).startswith(b"HTTP/1.1 500 ")


def test_it_hangs_up_when_it_ends(index_keys: Path) -> None:
    for context in (None, tls.authority(index_keys)[1]):
        with Echo(context) as echo, connected(echo) as idle:
            if context is None:
                idle.sendall(get().replace(b"Connection: close\r\n", b""))
                assert idle.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
            else:
                time.sleep(0.1)  # in the middle of the hello
            at = port(echo)
            echo.__exit__(None, None, None)
            assert idle.recv(1 << 16) == b""
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", at), timeout=10)


def test_a_port_of_ones_own() -> None:
    with Echo() as echo:
        at = port(echo)
        with pytest.raises(OSError, match="Address already in use"), Echo(port=at):
            pass
    with Echo(port=at) as again:
        assert again.url == f"http://127.0.0.1:{at}"
        assert said(again, get()).startswith(b"HTTP/1.1 200 ")


def secured(service: Service, keys: Path) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(keys / "ca.pem"))
    return http.client.HTTPSConnection("localhost", port(service), timeout=10, context=context)


def test_https(secure: Echo, index_keys: Path) -> None:
    connection = secured(secure, index_keys)
    connection.request("POST", "/body", b"x" * (1 << 20))
    assert connection.getresponse().read() == b"x" * (1 << 20)
    connection.close()
    assert secure.url.startswith("https://localhost:")


def test_a_slow_or_wrong_hello_holds_up_nobody(secure: Echo, index_keys: Path) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MANY):
            slow = stack.enter_context(connected(secure))
            slow.sendall(b"\x16\x03\x01")  # the beginning of a hello
        with connected(secure) as wrong:
            wrong.sendall(get())
            with contextlib.suppress(ConnectionResetError):
                assert b"200" not in wrong.recv(1 << 16)
        strange = http.client.HTTPSConnection("localhost", port(secure), timeout=10)
        with pytest.raises(ssl.SSLCertVerificationError):
            strange.request("GET", "/")
        strange.close()
        begun = time.monotonic()
        connection = secured(secure, index_keys)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b'{"heard": true}'
        connection.close()
        assert time.monotonic() - begun < 5


def test_many_at_once(secure: Echo, index_keys: Path) -> None:
    def ask() -> None:
        connection = secured(secure, index_keys)
        for _ in range(5):
            connection.request("GET", "/")
            connection.getresponse().read()
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(secure.heard) == 5 * MANY
