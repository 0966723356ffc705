"""A relay on the loopback between a tool and a service, that believes no answer that it cannot check.

The tool's own idea of a complete answer may be too generous: some take fewer results than they asked for as "nothing
found".
"""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from lockgate.ports import clock, trust
from lockgate.ports.service import Reply, Request, Service

_ATTEMPTS = 3
_MOST_BYTES = 64 << 20
_MOST_EXCHANGES = 5000
Check = Callable[[str, Any, Any], str | None]


class Relay(Service):
    """Forwards requests to `upstream`.

    Args:
        check: From path, parsed request and parsed answer to what is wrong with the answer, or None.
        limit: Seconds that one request may take, however slowly its bytes drip.
    """

    def __init__(self, upstream: str, check: Check, limit: float) -> None:
        super().__init__()
        self._upstream = upstream.rstrip("/")
        self._check = check
        self._limit = limit
        self.problems: list[str] = []
        self.exchanges: list[tuple[str, Any, Any]] = []
        self.answered: float | None = None

    def respond(self, request: Request) -> Reply:
        """The service's answer, or 502."""
        answer = self.forward(request.target, request.body)
        return Reply(502 if answer is None else 200, body=answer or b"")

    def forward(self, path: str, body: bytes | None) -> bytes | None:
        """The service's answer, None when there is none that can be believed: then `problems` says why."""
        if len(self.exchanges) >= _MOST_EXCHANGES:
            self.problems.append(f"{path}: the answers never come to an end")
            return None
        try:
            answer = fetch(
                f"{self._upstream}{path}", self._limit, body=body, headers={"Content-Type": "application/json"}
            )
            given = json.loads(answer)
            asked = None if body is None else json.loads(body)
        except (OSError, ValueError, RecursionError) as error:
            self.problems.append(f"{path}: {reason(error)}")
            return None
        wrong = self._check(path, asked, given)
        if wrong is not None:
            self.problems.append(f"{path}: {wrong}")
            return None
        self.exchanges.append((path, asked, given))
        self.answered = clock.now()
        return answer


def fetch(url: str, limit: float, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """The body of an answer with status 200; a server that is busy is asked again, up to three times.

    Raises:
        OSError: No such answer within `limit` seconds.
        ValueError: `url` is no http address.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is no http address")
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))  # noqa: S310  (checked above)
    deadline = clock.monotonic() + limit
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _read(request, deadline)
        except urllib.error.HTTPError as error:
            error.close()
            if (error.code < 500 and error.code != 429) or attempt == _ATTEMPTS:  # noqa: PLR2004
                raise
        except (urllib.error.URLError, ConnectionError):
            if attempt == _ATTEMPTS:
                raise
        threading.Event().wait(min(0.2 * 3**attempt, max(0.0, deadline - clock.monotonic())))
    raise AssertionError  # pragma: no cover


def _read(request: urllib.request.Request, deadline: float) -> bytes:
    left = deadline - clock.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    try:
        return _content(request, left, deadline)
    except http.client.HTTPException as error:
        raise ConnectionError(f"the answer is none that HTTP knows ({type(error).__name__})") from None


def _content(request: urllib.request.Request, left: float, deadline: float) -> bytes:
    content = bytearray()
    with urllib.request.urlopen(request, timeout=left, context=trust.context()) as answer:  # noqa: S310
        if answer.status != 200:  # noqa: PLR2004
            raise OSError(f"HTTP status {answer.status}")
        # read1: one look at the socket at a time, so that a slow drip meets the deadline.
        while chunk := answer.read1(1 << 16):
            content += chunk
            if clock.monotonic() > deadline:
                raise TimeoutError("it took too long")
            if len(content) > _MOST_BYTES:
                raise OSError("the answer is too large")
        expected = answer.headers.get("Content-Length")
    if expected is not None and len(content) != int(expected):
        raise OSError("the answer was cut short")
    return bytes(content)


def reason(error: Exception) -> str:
    """An error of the network in few words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    if isinstance(error, TimeoutError):
        return "it took too long"
    return "the answer is no JSON" if isinstance(error, json.JSONDecodeError) else str(error) or type(error).__name__
