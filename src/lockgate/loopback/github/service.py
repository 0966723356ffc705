"""The server: who asks, which handler answers, what goes wrong on the way; everything else stands with its resource."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import secrets
import ssl
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from lockgate.loopback.github import (
    actions,
    branches,
    checks,
    environments,
    gates,
    git,
    issues,
    pulls,
    refs,
    releases,
    repos,
    rulesets,
    security,
)  # fmt: skip
from lockgate.loopback.github.routes import TABLE, Call, Refusal, Who, admit
from lockgate.loopback.github.state import ACTIONS_APP, Data, Store, new_repository
from lockgate.ports import clock
from lockgate.ports.service import Cut, Reply, Request, Service

HANDLERS = (actions, branches, checks, environments, issues, pulls, refs, releases, repos, rulesets, security)
_VERSIONS = {"2022-11-28", "2026-03-10"}
_GIT = re.compile(r"/([^/]+/[^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
_DOCS = "https://docs.github.com/rest"
_HOUR = 3600


class Fault(msgspec.Struct, kw_only=True):
    """What goes wrong with a request.

    Attributes:
        method: Pattern of the methods concerned.
        path: Pattern of the paths concerned, below the API's address.
        nth: Which of those requests, from 1; 0 means every one.
        status: Answer this instead; 0 leaves the answer as it is.
        effect: The request takes effect first, although the answer says otherwise.
        cut: End the connection instead of answering; `after` and `within` let the request take effect.
        seen: How many of those requests have come.
    """

    method: str = ".*"
    path: str = ".*"
    nth: int = 1
    status: int = 0
    message: str = "Server Error"
    headers: Mapping[str, str] = {}
    effect: bool = False
    cut: Cut | None = None
    seen: int = 0


class GitHub(Service):
    """One server, while it is entered.

    Args:
        folder: Where its data, repositories and assets are kept.

    Attributes:
        api: The address of the REST API, as on GitHub Enterprise Server.
        uploads: The address that takes the files of releases.
        faults: What is to go wrong.
        limit: Requests per token and hour.
        requests: Method, path below the API's address, and status of every request answered.
    """

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        super().__init__(tls, port)
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(self.folder)
        self.faults: list[Fault] = []
        self.limit = 5000
        self.requests: list[tuple[str, str, int]] = []
        self._used: Counter[tuple[str, int]] = Counter()
        self._counting = threading.Lock()
        self._gatekeeper = git.Gatekeeper(self)

    def __enter__(self) -> Self:
        """Listen, and let the hooks ask."""
        self._gatekeeper.__enter__()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        super().__exit__()
        self._gatekeeper.__exit__()

    @property
    def api(self) -> str:  # noqa: D102  (see the class)
        return f"{self.url}/api/v3"

    @property
    def uploads(self) -> str:  # noqa: D102
        return f"{self.url}/api/uploads"

    def remote(self, full_name: str, token: str | None = None) -> str:
        """The address that git clones and pushes; with a token in it, as Actions does."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{f'x-access-token:{token}@' if token else ''}{rest}/{full_name}.git"

    def changing(self) -> contextlib.AbstractContextManager[Data]:
        """The whole state, to be changed."""
        return self.store.changing()

    def repository(self, full_name: str) -> Data:
        """A copy of what is known of a repository."""
        with self.store.lock:
            copy: Data = msgspec.json.decode(msgspec.json.encode(self.store.data["repositories"][full_name]))
            return copy

    def add_user(self, login: str, kind: str = "User", owners: Iterable[str] = ()) -> None:
        """Add a user, or an organization (`kind="Organization"`) with its owners."""
        with self.store.changing() as data:
            data["users"][login] = {"id": self.store.new_id(), "type": kind, "owners": sorted(owners)}

    def add_repository(self, full_name: str, *, private: bool = False, plan: str = "free") -> None:
        """Add an empty repository; its owner is there already."""
        git.create(self, full_name)
        with self.store.changing() as data:
            number = self.store.new_id()
            data["repositories"][full_name] = new_repository(number, full_name, plan, private=private)

    def add_token(
        self,
        login: str,
        kind: str = "classic",
        permissions: Mapping[str, str] | None = None,
        repositories: Iterable[str] | None = None,
        app_id: int | None = None,
    ) -> str:
        """Make a token.

        A `classic` one may what its owner may; a `fine-grained` one only what `permissions` name besides
        (`{"administration": "write"}`); an `app` and a `workflow` one are nobody's and may just that.
        """
        prefix = {"classic": "ghp_", "fine-grained": "github_pat_"}.get(kind, "ghs_")
        token = f"{prefix}{secrets.token_hex(18)}"
        app = app_id if app_id is not None else {"workflow": ACTIONS_APP, "app": 1}.get(kind)
        names = None if repositories is None else sorted(repositories)
        with self.store.changing() as data:
            who = Who(login, kind, dict(permissions or {}), names, app)
            data["tokens"][token] = msgspec.to_builtins(who)
        return token

    def respond(self, request: Request) -> Reply:
        """Answer a request, unless a fault is planned for it."""
        short = urllib.parse.urlsplit(request.target).path.removeprefix("/api/v3").removeprefix("/api/uploads")
        fault = self._fault(request.method, short) or Fault()
        failed = Refusal(fault.status or 500, fault.message, headers=fault.headers)
        reply = _refused(failed, {}, fault.cut)
        if fault.effect or not (fault.status or fault.cut == "before"):
            answered = self.answer(request)
            reply = reply if fault.status else msgspec.structs.replace(answered, cut=fault.cut)
        self.requests.append((request.method, short, reply.status))
        return reply

    def _fault(self, method: str, path: str) -> Fault | None:
        with self._counting:
            for fault in self.faults:
                if re.fullmatch(fault.method, method) and re.fullmatch(fault.path, path):
                    fault.seen += 1
                    if fault.nth in {0, fault.seen}:
                        return fault
        return None

    def answer(self, request: Request) -> Reply:
        """Answer a request as GitHub would, whatever goes wrong afterwards."""
        path = urllib.parse.urlsplit(request.target).path
        short = path.removeprefix("/api/v3").removeprefix("/api/uploads")
        try:
            who = self._who(request.headers.get("authorization", ""))
            if served := _GIT.fullmatch(urllib.parse.unquote(path)):
                return self._git(request, served[1], served[2], who)
            headers = self._count(who) | _versioned(request)
        except Refusal as refusal:
            return _refused(refusal, {})
        try:
            reply = self._handled(request, path, short, who, headers)
        except Refusal as refusal:
            return _refused(refusal, headers)
        if reply.status == 304:  # noqa: PLR2004
            self._count(who, -1)
        return reply

    def _who(self, authorization: str) -> Who:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError):
                token = base64.b64decode(token).decode().partition(":")[2]
        if not token:
            return Who()
        known = self.store.data["tokens"].get(token)
        if known is None:
            raise Refusal(401, "Bad credentials", headers={"WWW-Authenticate": 'Basic realm="GitHub"'})
        return msgspec.convert(known, type=Who)

    def _count(self, who: Who, requests: int = 1) -> dict[str, str]:
        now = int(clock.now())
        key = who.login or who.kind, now // _HOUR
        with self._counting:
            self._used[key] += requests
            left = self.limit - self._used[key]
        headers = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(max(0, left)),
                   "X-RateLimit-Reset": str((now // _HOUR + 1) * _HOUR), "X-RateLimit-Resource": "core"}  # fmt: skip
        if left < 0:
            raise Refusal(403, f"API rate limit exceeded for {who.login or '127.0.0.1'}.", headers=headers)
        return headers

    def left(self, who: Who) -> int:
        """Requests that are left to somebody this hour."""
        return max(0, self.limit - self._used[who.login or who.kind, int(clock.now()) // _HOUR])

    def _git(self, request: Request, full_name: str, service: str, who: Who) -> Reply:
        repo = self.store.data["repositories"].get(full_name)
        role = "none" if repo is None else gates.role_of(self, repo, who)
        pushes = "git-receive-pack" in request.target
        if who.kind == "none" and (role == "none" or pushes):
            return Reply(401, "text/plain", b"", {"WWW-Authenticate": 'Basic realm="GitHub"'})
        if role == "none":
            return Reply(404, "text/plain", b"Repository not found.")
        if pushes and not gates.may_push(self, repo, who):
            return Reply(403, "text/plain", f"Permission to {full_name}.git denied to {who.login}.".encode())
        return self._gatekeeper.serve(request, f"/{full_name}.git/{service}", full_name, who if pushes else None)

    def _handled(self, request: Request, path: str, short: str, who: Who, headers: dict[str, str]) -> Reply:
        for one in TABLE:
            found = one.pattern.fullmatch(short) if one.method == request.method else None
            if found:
                break
        else:
            raise Refusal(404, "Not Found")
        args = {name: urllib.parse.unquote(value) for name, value in found.groupdict().items()}
        call = Call(self, who, args, request.query)
        call.address, call.raw = f"{self.url}{path}", request.body or b""
        call.method, call.accept = request.method, request.headers.get("accept", "")
        if request.body and not path.startswith("/api/uploads"):
            try:
                call.body = msgspec.json.decode(request.body)
            except msgspec.DecodeError:
                raise Refusal(400, "Problems parsing JSON") from None
        changes = request.method != "GET"
        with self.store.changing() if changes else self.store.lock:
            if one.needs is not None:
                call.repo = self.store.data["repositories"].get(f"{args['owner']}/{args['repo']}", {})
                call.role = gates.role_of(self, call.repo, who) if call.repo else "none"
                admit(call, one.needs)
            said = one.handler(call)
        return _said(said, {**headers, **call.headers}, request)


def _versioned(request: Request) -> dict[str, str]:
    version = request.headers.get("x-github-api-version", "2022-11-28")
    if version not in _VERSIONS:
        raise Refusal(400, f'"{version}" is not a supported version of the API.')
    if "user-agent" not in request.headers:
        raise Refusal(403, "Request forbidden by administrative rules. A User-Agent header is required.")
    return {"X-GitHub-Api-Version-Selected": version, "X-GitHub-Request-Id": secrets.token_hex(8).upper()}


def _said(said: Any, headers: dict[str, str], request: Request) -> Reply:  # noqa: ANN401  (JSON)
    status, content = said if isinstance(said, tuple) else (204 if said is None else 200, said)
    if isinstance(content, bytes):
        return Reply(status, "application/octet-stream", content, headers)
    body = b"" if content is None else msgspec.json.encode(content)
    if request.method == "GET" and status == 200:  # noqa: PLR2004
        headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Reply(304, body=b"", headers=headers)
    return Reply(status, "application/json; charset=utf-8", body, headers)


def _refused(refusal: Refusal, headers: Mapping[str, str], cut: Cut | None = None) -> Reply:
    content: Data = {"message": refusal.message, "documentation_url": _DOCS, "status": str(refusal.status)}
    if refusal.errors:
        content["errors"] = list(refusal.errors)
    return Reply(refusal.status, "application/json; charset=utf-8", msgspec.json.encode(content),
                 {**headers, **refusal.headers}, cut)  # fmt: skip
