"""One HTTP exchange: any status is an answer, credentials go to one host only, nothing is retried here."""

from __future__ import annotations

import http.client
import io
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import IO, Any

import msgspec

from lockgate.ports import clock, trust

_MOST_BYTES = 256 << 20


class Answer(msgspec.Struct, frozen=True):
    """What a server said; `headers` by lower-case name, `address` is where redirects ended."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: str = ""

    def json(self) -> object:
        """The body as JSON.

        Raises:
            ValueError: It is none.
        """
        return msgspec.json.decode(self.body)


class _Paced(io.RawIOBase):
    """What comes from a socket until a moment: each look at it may take only what is left of the time."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._file = connection.makefile("rb", buffering=0)
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]
        left = self._deadline - clock.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        self._connection.settimeout(left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that is there in time, its headers too."""

    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  (the base class's)
        super().__init__(sock, *arguments, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_Paced(sock, clock.monotonic() + (sock.gettimeout() or 0.0)))


class _Plain(http.client.HTTPConnection):
    response_class = _Response


class _Secure(http.client.HTTPSConnection):
    response_class = _Response


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Plain, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Secure, req, context=self._context)  # type: ignore[attr-defined]


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects of what is read, but takes no credentials to another host, and nothing out of TLS."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The next request; None: the redirect is the answer."""
        if req.get_method() not in {"GET", "HEAD"} or not newurl.startswith(("http://", "https://")):
            # Of anything else a GET would be made: it looks done, and is not.
            return None
        if req.full_url.startswith("https:") and newurl.startswith("http:"):
            return None
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and _origin(newurl) != _origin(req.full_url):
            following.remove_header("Authorization")
        return following


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limit: float = 30.0,
) -> Answer:
    """Send one request; whatever status comes back is an answer.

    `limit` is in seconds, for all of it, however slowly its bytes drip.

    Raises:
        OSError: There is no whole answer: no connection, cut short, or not within `limit`.
        ValueError: `url` is no http address.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is no http address")
    deadline = clock.monotonic() + limit
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)  # noqa: S310  (checked above)
    opener = urllib.request.build_opener(_SameHost, _Http, _Https(context=trust.context()))
    try:
        try:
            with opener.open(request, timeout=limit) as answer:
                return _read(answer, deadline)
        except urllib.error.HTTPError as error:
            with error:
                return _read(error, deadline)
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from None
    except http.client.HTTPException as error:
        raise OSError(f"the connection ended early ({type(error).__name__})") from None


def _read(answer: http.client.HTTPResponse | urllib.error.HTTPError, deadline: float) -> Answer:
    content = bytearray()
    # read1: one look at the socket at a time, so that a slow drip meets the deadline.
    while chunk := answer.read1(1 << 16):
        content += chunk
        if clock.monotonic() > deadline:
            raise TimeoutError("it took too long")
        if len(content) > _MOST_BYTES:
            raise OSError("the answer is too large")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    expected = headers.get("content-length", "")
    if expected.isdigit() and answer.status not in {204, 304} and len(content) < int(expected):
        raise OSError("the answer was cut short")
    return Answer(answer.status or 0, headers, bytes(content), answer.geturl() or "")
