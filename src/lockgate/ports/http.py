"""One HTTP exchange: any status is an answer, credentials go to one host only, nothing is retried here."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import IO

import msgspec

from lockgate.ports import clock, trust

_MOST_BYTES = 256 << 20


class Answer(msgspec.Struct, frozen=True):
    """What a server said; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body as JSON.

        Raises:
            ValueError: It is none.
        """
        return msgspec.json.decode(self.body)


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but takes no credentials to another host."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The next request."""
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
    opener = urllib.request.build_opener(_SameHost, urllib.request.HTTPSHandler(context=trust.context()))
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
    return Answer(answer.status or 0, headers, bytes(content))
