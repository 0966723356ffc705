"""A git server over smart HTTP that asks for a token to push; every request is noted."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lockgate.ports import git_backend
from lockgate.ports.service import Reply, Request, Service

TOKEN = "ghs_thisIsTheTokenOfTheJob0123456789"  # noqa: S105  (made up)


class _Server(Service):
    def __init__(self, root: Path, *, is_open: bool) -> None:
        super().__init__()
        self._root, self._is_open = root, is_open
        self.requests: list[tuple[str, str]] = []

    def respond(self, request: Request) -> Reply:
        authorization = request.headers.get("authorization", "")
        self.requests.append((request.target, authorization))
        wants = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        authorized = authorization.split(" ")[-1:] == [wants] or self._is_open
        if "receive-pack" in request.target and not authorized:
            return Reply(401, "text/plain", b"", {"WWW-Authenticate": 'Basic realm="git"'})
        return git_backend.serve(self._root, request, request.path, "bot" if authorized else None, {})


@contextmanager
def serving(root: Path, *, is_open: bool = False) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The server's address for the repositories below `root`, and the (path, authorization) of every request.

    When it `is_open`, everybody may push.
    """
    with _Server(root, is_open=is_open) as server:
        yield server.url, server.requests
