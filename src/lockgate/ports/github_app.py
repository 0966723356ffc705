"""Who asks GitHub: a token that is there, or one made for a GitHub App, for an hour and one repository."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from lockgate.model.errors import UnknownError, UsageError
from lockgate.ports import clock
from lockgate.ports.github import GitHub, fields, said, token

_CREATED, _OK = 201, 200


def connect(
    api: str, repository: str, note: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> tuple[GitHub, str]:
    """A client, and where its token comes from: the app of LOCKGATE_APP_ID, else see `github.token`.

    Raises:
        UsageError: The app's variables are not in order.
        UnknownError: The app gets no token.
    """
    app, key = environment.get("LOCKGATE_APP_ID"), environment.get("LOCKGATE_APP_KEY")
    if not app and not key:
        found, origin = token(environment, api)
        return GitHub(api, found, note=note), origin
    if not app or not key:
        raise UsageError("LOCKGATE_APP_ID and LOCKGATE_APP_KEY belong together", "set both, or neither")
    client = GitHub(api, _signed(app, key), note=note)
    number = environment.get("LOCKGATE_APP_INSTALLATION")
    if not number:
        answer = client.get(f"repos/{repository}/installation")
        if answer.status != _OK:
            raise UnknownError(f"the app {app} is not installed on {repository}: {said(answer)}", "install it there")
        number = str(fields(answer)["id"])
    only = {"repositories": [repository.partition("/")[2]]}
    answer = client.send("POST", f"app/installations/{number}/access_tokens", only)
    if answer.status != _CREATED:
        raise UnknownError(f"the app {app} gets no token for {repository}: {said(answer)}")
    return GitHub(api, str(fields(answer)["token"]), note=note), f"the app {app}"


def _signed(app: str, key: str) -> str:
    """The app's own proof, good for nine minutes; `key` is PEM, or the file that holds it."""
    import jwt  # 100 ms

    try:
        text = key if key.lstrip().startswith("-----BEGIN") else Path(key).read_text(encoding="ascii")
        now = int(clock.now())
        # A minute back: clocks differ.
        return jwt.encode({"iat": now - 60, "exp": now + 540, "iss": app}, text, algorithm="RS256")
    except (OSError, ValueError, TypeError, jwt.PyJWTError):
        # Without what they say: it can quote the key.
        raise UsageError(
            "LOCKGATE_APP_KEY is no private RSA key, and no file that holds one", "PEM, as GitHub gives it"
        ) from None
