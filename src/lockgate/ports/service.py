"""A small HTTP service on the loopback, in threads: what the relay and the embedded services are made of."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import urllib.parse
from collections.abc import Mapping
from email.errors import MissingHeaderBodySeparatorDefect
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self

import msgspec

# When a connection is cut: before the request is looked at, after it took effect, or in the middle of the answer.
Cut = Literal["before", "after", "within"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked.

    Attributes:
        target: Path and query as they came.
        headers: By lower-case name.
        body: None when there is none, as in a GET.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        return urllib.parse.unquote(urllib.parse.urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The query; of a name that comes twice, the last value."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query, keep_blank_values=True))


class Reply(msgspec.Struct, frozen=True):
    """An answer; `cut` resets the connection instead, after the service has done what the request asks for.

    Attributes:
        reason: What follows the status in the first line, None for the usual words.
    """

    status: int = 200
    kind: str = "application/json"
    body: bytes = b""
    headers: Mapping[str, str] = {}
    cut: Cut | None = None
    reason: str | None = None


class Service:
    """Answers while it is entered, one thread per connection; a subclass says what.

    Args:
        tls: Speak HTTPS with this context.
        port: The port of the loopback, 0 for any that is free.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._tls = tls
        self._port = port

    def respond(self, request: Request) -> Reply:
        """Answer one request; runs in the connection's thread."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Listen on a port of the loopback.

        Raises:
            OSError: The port is taken.
        """
        service = self

        class Handler(_Handler):
            respond = staticmethod(service.respond)
            tls = service._tls

        self._server = _Server(("127.0.0.1", self._port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening, hang up on whoever is still connected, and raise what an answer failed with."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._server.failures:
            raise self._server.failures[0]

    @property
    def url(self) -> str:
        """Where it is found."""
        # The name, not the number, where a certificate has to match.
        return (
            f"https://localhost:{self._server.server_port}"
            if self._tls
            else f"http://127.0.0.1:{self._server.server_port}"
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.open: set[socket.socket] = set()
        self.failures: list[Exception] = []
        super().__init__(address, handler)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.open):
            _shut(connection)

    def handle_error(self, *_: object) -> None:
        """A client that goes away is its own business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: Nagle's algorithm costs 40 ms otherwise
    disable_nagle_algorithm = True
    respond: staticmethod[[Request], Reply]
    tls: ssl.SSLContext | None = None
    server: _Server

    def setup(self) -> None:
        if self.tls is not None:
            # In the connection's own thread: a client that never says hello delays nobody else.
            self.request = self.tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        self.server.open.add(self.request)
        if isinstance(self.request, ssl.SSLSocket):
            try:
                self.request.do_handshake()
            except OSError:
                self._forget()
                raise
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.rfile.close()
        self._forget()

    def _forget(self) -> None:
        self.server.open.discard(self.request)
        # Under TLS the server only knows the socket that this one took over.
        self.request.close()

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = self._body(headers)
        except ValueError:
            self.send_error(400)
            self.close_connection = True
            return
        try:
            reply = self.respond(Request(method=self.command, target=self.path, headers=headers, body=body))
        except Exception as error:  # noqa: BLE001  (raised again where the service ends)
            self.server.failures.append(error)
            reply = Reply(500, body=b'{"message": "the service has a bug"}')
        if reply.cut in {"before", "after"}:
            self._reset()
            return
        # One line of Latin-1, whatever a service puts in.
        words = (
            None
            if reply.reason is None
            else " ".join(reply.reason.split()).encode("latin-1", "replace").decode("latin-1")
        )
        self.send_response(reply.status, words)
        for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
        if reply.cut:
            self.wfile.flush()
            self._reset()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  (the base class's names)

    def handle_expect_100(self) -> bool:
        """Tell a client that asks first to send its body, at once."""
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()
        return True

    def _body(self, headers: Mapping[str, str]) -> bytes | None:
        """The whole body.

        Raises:
            ValueError: Its length is no number, or the head is none or not all of one.
            ConnectionError: The client went away before its end.
        """
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.headers.defects):
            raise ValueError("half a header")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            content = bytearray()
            while size := _length(self.rfile.readline().split(b";")[0], 16):
                content += self._exactly(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return bytes(content)
        if "content-length" not in headers:
            return None
        return self._exactly(_length(headers["content-length"].encode(), 10))

    def _exactly(self, size: int) -> bytes:
        content = self.rfile.read(size)
        if len(content) < size:
            raise ConnectionError("the client went away")
        return content

    def _reset(self) -> None:
        """End the connection as a crash would: no farewell, and what was not read is gone."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _length(digits: bytes, base: int) -> int:
    if not digits.strip().isalnum():
        raise ValueError(digits)
    return int(digits, base)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
