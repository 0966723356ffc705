"""GitHub's REST API: one thin client that pages, waits where it is told to, and never shows its token."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from lockgate.model.errors import RefusedError, UnknownError, UsageError
from lockgate.model.shown import printable
from lockgate.ports import clock
from lockgate.ports.http import Answer, exchange

API_VERSION = "2022-11-28"
_API = "https://api.github.com"
_TRIES = 4
_LONGEST_WAIT = 120.0  # seconds that a rate limit may take; beyond that nobody waits unasked
_TOKEN = re.compile(r"[\x21-\x7e]+")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_ADDRESS = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::\d+)?(?:/[!->@-~]*)?")
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="next"')


class Place(msgspec.Struct, frozen=True):
    """A repository on a GitHub: the API's address, `owner/name`, and who asks (the token's origin, never its value)."""

    api: str
    repository: str
    credential: str = "no token"


class PageRefusedError(UnknownError):
    """A page of a list was refused: half a list is no answer.

    Attributes:
        answer: The refusal.
    """

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.answer = answer


class GitHub:
    """A client of one GitHub.

    Args:
        api: The API's address: `https://api.github.com`, or `https://HOST/api/v3` of GitHub Enterprise Server.
        token: Sent as a bearer; None asks as anybody.
        limit: Seconds for one exchange.
        note: Hears of every wait that GitHub asks for.

    Attributes:
        requests: (method, path) of every exchange.

    Raises:
        UsageError: The token is none: no header can carry it.
    """

    def __init__(
        self, api: str, token: str | None, limit: float = 30.0, note: Callable[[str], None] = lambda _: None
    ) -> None:
        if token is not None and _TOKEN.fullmatch(token) is None:
            # Never shown, as it may hold a token all the same.
            raise UsageError("GitHub's token holds a space, a line break or other characters that no token has")
        self.api = api.rstrip("/")
        self._token = token
        self._limit = limit
        self._note = note
        self._known: dict[str, tuple[str, Answer]] = {}
        self.requests: list[tuple[str, str]] = []

    def get(self, path: str, **query: str | int) -> Answer:
        """One page; the answer of an unchanged one (ETag) is the earlier one.

        Raises:
            UnknownError: No answer that can be used: no connection, a server error, a rate limit that takes too long.
        """
        return self._ask("GET", self._address(path, query), None)

    def pages(self, path: str, **query: str | int) -> Iterator[Any]:
        """The objects of every page, in order; of an object, those of its only list.

        Raises:
            UnknownError: See `get`; or a page is refused: half a list is no answer.
        """
        address: str | None = self._address(path, {"per_page": 100, **query})
        seen: set[str] = set()
        while address:
            seen.add(address)
            answer = self._ask("GET", address, None)
            if answer.status != 200:  # noqa: PLR2004
                raise PageRefusedError(f"{self.api}: GET {path}: {said(answer)}", answer)
            try:
                content = answer.json()
            except ValueError:
                content = None
            if isinstance(content, Mapping):
                content = next((value for value in content.values() if isinstance(value, list)), None)
            if not isinstance(content, list) or not all(isinstance(one, Mapping) for one in content):
                raise UnknownError(f"{self.api}: GET {path}: the answer is no list", "run it again later")
            yield from content
            following = _NEXT.search(answer.headers.get("link", ""))
            address = following[1] if following else None
            if address is not None and (address in seen or not address.startswith(self.api + "/")):
                raise UnknownError(f"{self.api}: GET {path}: the next page is at {address}: half a list is no answer")

    def send(self, method: str, path: str, body: object = None) -> Answer:
        """A request that may change something; sent again only where GitHub says that it did nothing (rate limits).

        Raises:
            UnknownError: See `get`: whether it took effect has to be read.
        """
        return self._ask(method, self._address(path, {}), body)

    def attach(self, address: str, content: bytes) -> Answer:
        """Send a file's bytes to the address that GitHub gave for them, which may be on its host for uploads.

        Raises:
            UnknownError: See `send`; or the address leads to another host, which gets no token.
        """
        parts, own = urllib.parse.urlsplit(address), urllib.parse.urlsplit(self.api)
        hosts = {own.netloc, own.netloc.replace("api.", "uploads.", 1)}
        if parts.scheme != own.scheme or parts.netloc not in hosts:
            raise UnknownError(f"{self.api} wants files to be sent to another host: {parts.netloc}")
        return self._ask("POST", address, content)

    def _address(self, path: str, query: Mapping[str, str | int]) -> str:
        return f"{self.api}/{path.lstrip('/')}" + (f"?{urllib.parse.urlencode(query)}" if query else "")

    def _ask(self, method: str, address: str, body: object) -> Answer:
        path = address.removeprefix(self.api)
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
            "User-Agent": "lockgate",
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        if method == "GET" and address in self._known:
            headers["If-None-Match"] = self._known[address][0]
        content = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        for attempt in range(1, _TRIES + 1):
            self.requests.append((method, path))
            try:
                answer = self._redacted(exchange(method, address, headers=headers, body=content, limit=self._limit))
            except OSError as error:
                if method != "GET" or attempt == _TRIES:
                    raise UnknownError(f"{self.api} gave no answer to {method} {path}: {error}") from None
                time.sleep(0.2 * 3 ** (attempt - 1))
                continue
            wait = self._wait(method, answer, attempt)
            if wait is None:
                return self._kept(method, address, answer)
            if attempt < _TRIES:
                if wait > 1:
                    self._note(f"GitHub asks to wait {wait:.0f} s")
                time.sleep(wait)
        raise UnknownError(f"{self.api}: {method} {path}: {said(answer)}", "run it again later")

    def _redacted(self, answer: Answer) -> Answer:
        """Without the token: there are proxies whose refusals repeat what was sent."""
        token = (self._token or "").encode()
        if not token or token not in answer.body:
            return answer
        return msgspec.structs.replace(answer, body=answer.body.replace(token, b"***"))

    def _wait(self, method: str, answer: Answer, attempt: int) -> float | None:
        """Seconds until the next try; None: this is the answer."""
        if answer.status in {403, 429} and _is_limit(answer):
            after = answer.headers.get("retry-after", "")
            reset = answer.headers.get("x-ratelimit-reset", "")
            wait = float(after) if after.isdigit() else float(reset) - clock.now() if reset.isdigit() else 2.0**attempt
            if wait > _LONGEST_WAIT:
                raise UnknownError(f"{self.api}: the rate limit is used up for {wait:.0f} s", "run it again then")
            return max(0.0, wait)
        if answer.status >= 500:  # noqa: PLR2004
            after = answer.headers.get("retry-after", "")
            if method != "GET" or (after.isdigit() and float(after) > _LONGEST_WAIT):
                return None
            return float(after) if after.isdigit() else 0.2 * 3.0 ** (attempt - 1)
        return None

    def _kept(self, method: str, address: str, answer: Answer) -> Answer:
        if method != "GET":
            # What is written may show anywhere.
            self._known.clear()
        elif answer.status == 304 and address in self._known:  # noqa: PLR2004
            return self._known[address][1]
        elif answer.status == 200 and "etag" in answer.headers:  # noqa: PLR2004
            self._known[address] = answer.headers["etag"], answer
        return answer


def _is_limit(answer: Answer) -> bool:
    limited = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status == 429 or limited or b"rate limit" in answer.body.lower()  # noqa: PLR2004


def said(answer: Answer) -> str:
    """What a refusal says, in one line."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, Mapping):
        return f"HTTP status {answer.status}"
    errors = [str(one.get("message") or one) if isinstance(one, Mapping) else str(one)
              for one in content.get("errors") or ()]  # fmt: skip
    return printable(f"HTTP status {answer.status}: " + "; ".join([str(content.get("message", "")), *errors]))


def fields(answer: Answer) -> dict[str, Any]:
    """The object in an answer.

    Raises:
        UnknownError: There is none.
    """
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise UnknownError(f"GitHub's answer is no JSON object: {error}", "run it again later") from None


def token(environment: Mapping[str, str] = os.environ, api: str = _API) -> tuple[str | None, str]:
    """The token to use, and where it comes from: GH_TOKEN, GITHUB_TOKEN, or `gh auth token` for that GitHub."""
    for name in ("GH_TOKEN", "GITHUB_TOKEN"):
        if environment.get(name):
            return environment[name].strip(), name
    tool = shutil.which("gh", path=environment.get("PATH"))
    if tool is not None:
        try:
            done = subprocess.run(
                # Of that host: no other one may see it.
                [tool, "auth", "token", "--hostname", _host(api)],
                capture_output=True,
                text=True,
                check=False,
                timeout=10,
                env=dict(environment),
            )
        except (OSError, subprocess.TimeoutExpired):
            return None, "no token"
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip(), "gh auth token"
    return None, "no token"


def _host(api: str) -> str:
    """What people call the GitHub whose API this is."""
    return (urllib.parse.urlsplit(api).hostname or "").removeprefix("api.")


def place(remote_url: str | None, environment: Mapping[str, str] = os.environ) -> Place:
    """Where the repository is: of the job in GitHub Actions, else of the remote's address.

    `GITHUB_API_URL` and `GITHUB_REPOSITORY` decide where they are set.

    Raises:
        RefusedError: It cannot be told.
        UsageError: `GITHUB_API_URL` is no address.
    """
    api, repository = environment.get("GITHUB_API_URL"), environment.get("GITHUB_REPOSITORY")
    if remote_url and not (api and repository):
        found = re.fullmatch(r"(?:\w+://(?:[^@/]+@)?|[^@/\s]+@)([^/:]+)(?::\d+)?[/:](.+?)/?", remote_url.strip())
        if found is not None:
            host = found[1].removeprefix("ssh.").lower()
            is_cloud = host == "github.com" or host.endswith(".ghe.com")
            api = api or (f"https://api.{host}" if is_cloud else f"https://{host}/api/v3")
            repository = repository or "/".join(found[2].removesuffix(".git").split("/")[-2:])
    if api and not _ADDRESS.fullmatch(api):
        # Never shown, as it may hold a password.
        raise UsageError("GITHUB_API_URL is no http address", "https://api.github.com, or https://HOST/api/v3")
    if not repository or not _REPOSITORY.fullmatch(repository):
        raise RefusedError(
            "it cannot be told which GitHub repository this is",
            "name it: GITHUB_REPOSITORY=owner/name (and GITHUB_API_URL for GitHub Enterprise Server)",
        )
    return Place(api or _API, repository, token(environment, api or _API)[1])
