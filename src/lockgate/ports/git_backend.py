"""Git's smart HTTP protocol, answered by git's own `git http-backend`; and bare repositories for it to serve."""

from __future__ import annotations

import os
import subprocess
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from lockgate.model.errors import UnknownError
from lockgate.ports.service import Reply, Request

# Nobody's configuration has a say in what the server does.
ALONE = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def create(folder: Path, branch: str = "main", hook: str | None = None) -> None:
    """Make a bare repository; `hook` is the text of its pre-receive hook.

    Raises:
        UnknownError: Git is missing or fails.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    argv = ["git", "init", "-q", "--bare", "-b", branch, str(folder)]
    try:
        subprocess.run(argv, check=True, capture_output=True, env={**os.environ, **ALONE})
    except (OSError, subprocess.CalledProcessError) as error:
        raise UnknownError(f"{folder}: git init failed: {error}", "install git 2.36 or later") from None
    if hook is not None:
        path = folder / "hooks/pre-receive"
        path.parent.mkdir(exist_ok=True)
        path.write_text(hook, encoding="utf-8")
        path.chmod(0o755)


def serve(root: Path, request: Request, path: str, user: str | None, environment: Mapping[str, str]) -> Reply:
    """The backend's answer for `path` below `root`; only a `user` may push.

    Raises:
        UnknownError: Git is missing.
    """
    body = request.body or b""
    given = {
        "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
        "QUERY_STRING": urllib.parse.urlsplit(request.target).query, "REQUEST_METHOD": request.method,
        "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": request.headers.get("content-type", ""),
        "REMOTE_ADDR": "127.0.0.1", "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        **({} if user is None else {"REMOTE_USER": user}),
    }  # fmt: skip
    try:
        done = subprocess.run(
            ["git", "http-backend"],  # noqa: S607
            input=body,
            capture_output=True,
            check=False,
            env={**os.environ, **ALONE, **given, **environment},
        )
    except OSError as error:
        raise UnknownError(f"git does not run: {error}", "install git 2.36 or later") from None
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    # Without a head there was no answer.
    status = int(headers.pop("Status", "200" if headers else "500").split()[0])
    return Reply(status, headers.pop("Content-Type", "text/plain"), content, headers)
