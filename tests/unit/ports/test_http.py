from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from lockgate.ports.http import exchange
from lockgate.ports.service import Reply, Request, Service


class Fixed(Service):
    """Answers by path, and remembers what it was asked."""

    def __init__(self, replies: dict[str, Reply]) -> None:
        super().__init__()
        self.replies = replies
        self.asked: list[Request] = []

    def respond(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies.get(request.path, Reply(404, body=b'{"message": "Not Found"}'))


@contextlib.contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of one connection that says what no server should."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1 << 16)
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(5)


@pytest.mark.parametrize("status", [200, 204, 304, 401, 404, 422, 500])
def test_any_status_is_an_answer(status: int) -> None:
    body = b"" if status in {204, 304} else b'{"a": 1}'
    with Fixed({"/x": Reply(status, body=body, headers={"ETag": '"1"'})}) as server:
        answer = exchange("GET", f"{server.url}/x")
    assert (answer.status, answer.body, answer.headers["etag"]) == (status, body, '"1"')


def test_a_body_is_sent_with_its_method_and_headers() -> None:
    with Fixed({"/x": Reply(201)}) as server:
        assert exchange("PATCH", f"{server.url}/x", headers={"X-A": "b"}, body=b"data").status == 201
        request = server.asked[0]
    assert (request.method, request.body, request.headers["x-a"]) == ("PATCH", b"data", "b")


def test_what_is_not_json_is_said_to_be_none() -> None:
    with Fixed({"/x": Reply(200, body=b"<html>")}) as server, pytest.raises(ValueError, match="JSON"):
        exchange("GET", f"{server.url}/x").json()


def test_only_http_addresses_are_asked() -> None:
    with pytest.raises(ValueError, match="no http address"):
        exchange("GET", "file:///etc/passwd")


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("cut", ["before", "within", "after"])
def test_a_cut_connection_is_no_answer_whatever_its_status(status: int, cut: str) -> None:
    reply = Reply(status, body=b"x" * 1000, cut=cut)  # type: ignore[arg-type]
    with Fixed({"/x": reply}) as server, pytest.raises(OSError):  # noqa: PT011  (any of them)
        exchange("GET", f"{server.url}/x")


@pytest.mark.parametrize("status", [b"200 OK", b"502 Bad Gateway"])
def test_a_chunked_answer_that_ends_early_is_no_answer(status: bytes) -> None:
    said = b"HTTP/1.1 " + status + b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
    with raw(lambda connection: connection.sendall(said)) as url, pytest.raises(OSError, match="ended early"):
        exchange("GET", url)


def test_what_is_no_http_is_no_answer() -> None:
    with raw(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n")) as url, pytest.raises(OSError):  # noqa: PT011
        exchange("GET", url)


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"])
def test_a_slow_drip_meets_the_limit_in_the_headers_and_in_the_body(begin: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(begin)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    before = time.monotonic()
    with raw(drip) as url, pytest.raises(OSError, match=r"took too long|timed out"):
        exchange("GET", url, limit=0.4)
    assert time.monotonic() - before < 3


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        exchange("GET", f"http://127.0.0.1:{port}/")


def test_an_answer_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockgate.ports.http._MOST_BYTES", 1000)
    with Fixed({"/x": Reply(200, body=b"x" * 5000)}) as server, pytest.raises(OSError, match="too large"):
        exchange("GET", f"{server.url}/x")


def test_a_redirect_keeps_credentials_on_its_host_and_takes_them_to_no_other() -> None:
    secret = {"Authorization": "Bearer secret"}
    with Fixed({"/new": Reply(200)}) as other, Fixed({"/new": Reply(200)}) as server:
        server.replies["/same"] = Reply(301, headers={"Location": f"{server.url}/new"})
        server.replies["/other"] = Reply(302, headers={"Location": f"{other.url}/new"})
        assert exchange("GET", f"{server.url}/same", headers=secret).status == 200
        assert exchange("GET", f"{server.url}/other", headers=secret).status == 200
        assert server.asked[1].headers["authorization"] == "Bearer secret"
        assert "authorization" not in other.asked[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_redirected_write_is_not_taken_for_done(method: str, status: int) -> None:
    with Fixed({"/new": Reply(200)}) as server:
        server.replies["/x"] = Reply(status, headers={"Location": f"{server.url}/new"})
        assert exchange(method, f"{server.url}/x", body=b"{}").status == status
        assert [one.method for one in server.asked] == [method]


def test_no_redirect_leaves_http() -> None:
    with Fixed({"/x": Reply(302, headers={"Location": "ftp://127.0.0.1/y"})}) as server:
        assert exchange("GET", f"{server.url}/x").status == 302
