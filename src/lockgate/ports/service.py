"""A small HTTP service on the loopback, in threads: what the relay and the embedded services are made of."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Mapping
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
    """An answer; `cut` ends the connection instead, after the service has done what the request asks for."""

    status: int = 200
    kind: str = "application/json"
    body: bytes = b""
    headers: Mapping[str, str] = {}
    cut: Cut | None = None


class Service:
    """Answers while it is entered, one thread per connection; a subclass says what.

    Args:
        tls: Speak HTTPS with this context.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls

    def respond(self, request: Request) -> Reply:
        """Answer one request; runs in the connection's thread."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Listen on a port of the loopback."""
        service = self

        class Handler(_Handler):
            respond = staticmethod(service.respond)
            tls = service._tls

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

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

    def handle_error(self, *_: object) -> None:
        """A client that goes away is its own business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: Nagle's algorithm costs 40 ms otherwise
    disable_nagle_algorithm = True
    respond: staticmethod[[Request], Reply]
    tls: ssl.SSLContext | None = None

    def setup(self) -> None:
        if self.tls is not None:
            # In the connection's own thread: a client that never says hello delays nobody else.
            self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.respond(Request(method=self.command, target=self.path, headers=headers, body=self._body(headers)))
        if reply.cut in {"before", "after"}:
            self._hang_up()
            return
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
        if reply.cut:
            self.wfile.flush()
            self._hang_up()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  (the base class's names)

    def _body(self, headers: Mapping[str, str]) -> bytes | None:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            content = bytearray()
            while size := int(self.rfile.readline().split(b";")[0], 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return bytes(content)
        return self.rfile.read(int(headers["content-length"])) if "content-length" in headers else None

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Nothing."""
