"""The index as an HTTPS service: which request is what, who asks, and what goes wrong on purpose."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import os
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
from packaging.utils import canonicalize_name, canonicalize_version

from lockgate.loopback import tls
from lockgate.loopback.index import form, minting, pages, upload
from lockgate.loopback.index.faults import Fault, Plan, Route
from lockgate.loopback.index.issuer import Issuer
from lockgate.loopback.index.jobs import Job
from lockgate.loopback.index.state import File, Grant, Publisher, State
from lockgate.loopback.index.store import Store
from lockgate.ports import clock, files
from lockgate.ports.service import Reply, Request, Service

_ROUTES: tuple[tuple[Route, str, str], ...] = (
    ("upload", "POST", r"/legacy/?"),
    ("projects", "GET", r"/simple/?"),
    ("simple", "GET", r"/simple/(?P<project>[^/]+)/?"),
    ("json", "GET", r"/pypi/(?P<project>[^/]+)(?:/(?P<version>[^/]+))?/json/?"),
    ("metadata", "GET", r"/packages/(?P<sha256>../../[0-9a-f]{60})/(?P<file>[^/]+)\.metadata"),
    ("file", "GET", r"/packages/(?P<sha256>../../[0-9a-f]{60})/(?P<file>[^/]+)"),
    ("provenance", "GET", r"/integrity/(?P<project>[^/]+)/(?P<version>[^/]+)/(?P<file>[^/]+)/provenance"),
    ("audience", "GET", r"/_/oidc/audience"),
    ("mint", "POST", r"/_/oidc/(?:github/)?mint-token"),
    ("burn", "POST", r"/_/oidc/burn-token"),
    ("id-token", "GET", r"/actions/id-token"),
    ("discovery", "GET", r"/actions/\.well-known/openid-configuration"),
    ("keys", "GET", r"/actions/\.well-known/jwks"),
)
_CACHED = {"Cache-Control": "max-age=600, public"}
_EXPLAINED = {
    400: (
        "Bad Request",
        "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    ),
    403: ("Forbidden", "Access was denied to this resource."),
    404: ("Not Found", "The resource could not be found."),
    405: ("Method Not Allowed", "The method is not allowed for this resource."),
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was answered, without anything secret.

    Attributes:
        status: None when the connection was cut instead.
        fault: The answer was one of the plan's faults.
    """

    on: Route
    method: str
    path: str
    project: str | None
    file: str | None
    status: int | None
    fault: bool


class Index(Service):
    """A package index, while it is entered.

    Args:
        folder: Where everything is kept.
        keys: Where the certificate authority and the keys are, `folder` by default.
        faults: What goes wrong.
        lag: Seconds that the simple index stays behind the JSON API.
        now: The time, in seconds since the epoch.
        upstream: A simple index that is asked for projects this one does not have.
        port: The port of the loopback, 0 for any that is free.
        largest: Bytes that a file may have.
    """

    def __init__(  # noqa: PLR0913
        self,
        folder: Path,
        *,
        keys: Path | None = None,
        faults: Iterable[Fault] = (),
        lag: float = 0.0,
        now: Callable[[], float] = clock.now,
        upstream: str | None = None,
        port: int = 0,
        largest: int = 100 << 20,
    ) -> None:
        self._keys = keys or folder
        super().__init__(tls.context(self._keys), port)
        self.ca = tls.authority(self._keys)
        self._folder, self._upstream = folder, upstream
        self.lag, self.now, self._largest = lag, now, largest
        self._store = Store(folder)
        self._jobs: dict[str, Job] = {}
        self._ended = threading.Event()
        self.requests: list[Seen] = []
        self.plan(*faults)

    def __enter__(self) -> Self:
        super().__enter__()
        self._issuer = Issuer(f"{self.url}/actions", self._keys)
        if self._upstream is not None:
            files.write_atomic(self._folder / "trust.pem", self.ca.read_bytes() + _believed())
            self.ca = self._folder / "trust.pem"
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        super().__exit__()

    @property
    def simple(self) -> str:
        """The simple index."""
        return f"{self.url}/simple/"

    @property
    def upload(self) -> str:
        """Where files are uploaded to."""
        return f"{self.url}/legacy/"

    @property
    def trust(self) -> dict[str, str]:
        """The variables with which uv, pip, twine and Python believe the index's certificate."""
        return dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "TWINE_CERT"), str(self.ca))

    def job(self, job: Job) -> dict[str, str]:
        """The variables that a job with the permission `id-token: write` has."""
        bearer = secrets.token_urlsafe(32)
        self._jobs[bearer] = job
        address = f"{self._issuer.url}/id-token?api-version=2.0"
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": address,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer,
        }

    def token(self, *projects: str) -> str:
        """An API token of a user, for these projects or for all."""
        with self._store.change() as state:
            return minting.fresh(state, Grant(projects=[canonicalize_name(name) for name in projects] or None))

    def register(self, publisher: Publisher) -> None:
        """Register a publisher, once; it is pending as long as its project does not exist."""
        with self._store.change() as state:
            pending = canonicalize_name(publisher.project) not in state.projects
            made = msgspec.structs.replace(publisher, pending=publisher.pending or pending)
            if made not in state.publishers:
                state.publishers.append(made)

    def disable(self, *, disabled: bool = True) -> None:
        """Switch trusted publishing from GitHub off, as PyPI's administrators can."""
        with self._store.change() as state:
            state.disabled = disabled

    def plan(self, *faults: Fault) -> None:
        """What goes wrong from now on; without faults nothing does."""
        self._plan = Plan(faults)

    def files(self, project: str) -> dict[str, File]:
        """What is stored of a project, by file name."""
        return {file.name: file for file in self._store.read().of(canonicalize_name(project))}

    def yank(self, project: str, version: str, reason: str | None = "") -> None:
        """Yank a release (PEP 592); None as the reason takes it back."""
        self._alter(project, version, yanked=reason)

    def vulnerable(self, project: str, version: str, *vulnerabilities: dict[str, Any]) -> None:
        """Let the JSON API name these vulnerabilities of a release."""
        self._alter(project, version, vulnerabilities=list(vulnerabilities))

    def delete(self, name: str) -> None:
        """Delete a file; its name never returns."""
        with self._store.change() as state:
            del state.files[name]

    def _alter(self, project: str, version: str, **changes: object) -> None:
        with self._store.change() as state:
            releases = state.projects[canonicalize_name(project)].releases
            key = canonicalize_version(version)
            releases[key] = msgspec.structs.replace(releases[key], **changes)

    def respond(self, request: Request) -> Reply:
        """Answer one request, or let it go wrong as planned."""
        on, values = _route(request)
        sent = _form(request) if on == "upload" else None
        project = canonicalize_name(sent.first("name") if sent else values.get("project") or "") or None
        file = sent.filename if sent else values.get("file")
        if project is None and file is not None and (known := self._store.read().files.get(file)):
            project = known.project
        fault = self._plan.pick(on, project, file)
        reply = self._faulty(fault, lambda: self._answer(on, request, values, sent))
        status = None if reply.cut in {"before", "after"} else reply.status
        path = request.target.partition("?")[0]
        seen = Seen(
            on=on, method=request.method, path=path, project=project, file=file, status=status, fault=fault is not None
        )
        self.requests.append(seen)
        return reply

    def _faulty(self, fault: Fault | None, answer: Callable[[], Reply]) -> Reply:
        if fault is None:
            return answer()
        self._ended.wait(fault.delay)
        if fault.cut == "before":
            return Reply(cut="before")
        if fault.status is None:
            return msgspec.structs.replace(answer(), cut=fault.cut)
        if fault.stored:
            answer()
        return Reply(fault.status, fault.kind, fault.body.encode(), fault.headers, fault.cut)

    def _answer(self, on: Route, request: Request, values: Mapping[str, str], sent: form.Form | None) -> Reply:
        state = self._store.read()
        name = canonicalize_name(values.get("project") or "")
        match on:
            case "upload":
                return self._upload(request, sent)
            case "mint" | "burn":
                with self._store.change() as changing:
                    if on == "mint":
                        return _json(*minting.mint(changing, request.body or b"", self._issuer, self.now()))
                    return _json(*minting.burn(changing, request.body or b""))
            case "audience":
                return _json(200, {"audience": minting.AUDIENCE})
            case "id-token":
                return self._identity(request)
            case "discovery":
                return _json(200, self._issuer.discovery())
            case "keys":
                return _json(200, self._issuer.keys())
            case "projects":
                return _negotiated(request, pages.projects(state), pages.projects_html)
            case "simple":
                return self._simple(request, state, name)
            case "json":
                found = pages.release(state, name, values.get("version"), self.url) if name in state.projects else None
                return _cached(request, found) if found else _json(404, {"message": "Not Found"})
            case "file" | "metadata" | "provenance":
                return self._file(on, request, state, values)
            case _:
                return _problem(request, 404)

    def _upload(self, request: Request, sent: form.Form | None) -> Reply:
        if sent is None:
            return _problem(request, 400, "Upload payload does not have a file.")
        try:
            with self._store.change() as state:
                grant = state.tokens.get(minting.digest(_password(request)))
                accepted = upload.accept(state, sent, grant, self.now(), self._largest)
                if accepted is not None:
                    self._store.put(sent.content)
                    if accepted.metadata is not None:
                        self._store.put(accepted.metadata)
                    file = accepted.file
                    state.projects[file.project] = accepted.project
                    state.files[file.name] = file
                    state.used[file.name] = file.sha256
        except upload.RejectedError as error:
            return _problem(request, error.status, str(error))
        return Reply(200, "text/html; charset=UTF-8")

    def _identity(self, request: Request) -> Reply:
        job = self._jobs.get(request.headers.get("authorization", "").partition(" ")[2])
        if job is None:
            return _json(401, {"message": "Unauthorized"})
        audience = request.query.get("audience", self._issuer.url)
        return _json(200, {"value": self._issuer.sign(job.identity(self._issuer.url, audience, self.now()))})

    def _simple(self, request: Request, state: State, name: str) -> Reply:
        stored = state.of(name)
        visible = [file for file in stored if file.uploaded + self.lag <= self.now()]
        if name not in state.projects and self._upstream is not None:
            return Reply(302, headers={"Location": f"{self._upstream.rstrip('/')}/{name}/"})
        if name not in state.projects or (stored and not visible):
            return _problem(request, 404)
        if not request.target.partition("?")[0].endswith(f"/{name}/"):
            return Reply(301, headers={"Location": f"/simple/{name}/"})
        return _negotiated(request, pages.project(state, name, visible, self.url), pages.project_html)

    def _file(self, on: Route, request: Request, state: State, values: Mapping[str, str]) -> Reply:
        file = state.files.get(values["file"])
        if file is None or values.get("sha256", file.sha256).replace("/", "") != file.sha256:
            return _problem(request, 404)
        if on == "provenance":
            if (canonicalize_name(values["project"]), values["version"]) != (file.project, file.version):
                return _json(404, {"message": "Not Found"})
            if file.provenance is None:
                return _json(404, {"message": f"No provenance available for {file.name}"})
            return _cached(request, file.provenance, "application/vnd.pypi.integrity.v1+json")
        if on == "metadata" and file.metadata is None:
            return _problem(request, 404)
        content = self._store.get(file.metadata if on == "metadata" and file.metadata else file.sha256)
        headers = {"Cache-Control": "max-age=365000000, immutable, public", "ETag": f'"{file.sha256}"'}
        return Reply(200, "application/octet-stream", content, headers)


def _route(request: Request) -> tuple[Route, Mapping[str, str]]:
    method = "GET" if request.method == "HEAD" else request.method
    for on, expected, pattern in _ROUTES:
        if method == expected and (match := re.fullmatch(pattern, request.path)):
            return on, {name: value for name, value in match.groupdict().items() if value is not None}
    return "other", {}


def _form(request: Request) -> form.Form | None:
    try:
        return form.parse(request.headers.get("content-type", ""), request.body or b"")
    except ValueError:
        return None


def _password(request: Request) -> str:
    """The token of a request, "" without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if user == "__token__" else ""


def _json(status: int, document: object, kind: str = "application/json") -> Reply:
    return Reply(status, kind, json.dumps(document).encode())


def _problem(request: Request, status: int, message: str = "") -> Reply:
    """A refusal: its words stand in the first line, and in a body of the kind that the client reads."""
    title, explained = _EXPLAINED[status]
    words = message or title
    if "json" in request.headers.get("accept", ""):
        document = {"message": f"{explained}\n\n\n{words}\n\n", "code": f"{status} {words}", "title": title}
        return msgspec.structs.replace(_json(status, document), reason=words)
    safe = html.escape(words)
    body = (
        f"<html>\n <head>\n  <title>{status} {safe}</title>\n </head>\n <body>\n  <h1>{status} {safe}</h1>\n"
        f"  {explained}<br/><br/>\n{safe}\n\n </body>\n</html>"
    )
    return Reply(status, "text/html; charset=UTF-8", body.encode(), reason=words)


def _cached(request: Request, document: dict[str, Any], kind: str = "application/json") -> Reply:
    return _tagged(request, kind, json.dumps(document).encode())


def _negotiated(request: Request, document: dict[str, Any], as_html: Callable[[dict[str, Any]], str]) -> Reply:
    """JSON or HTML, whichever the client likes better (PEP 691)."""
    liked = _liked(request.headers.get("accept", "*/*"))
    if liked is None:
        return Reply(406, "text/plain", b"Request not acceptable")
    if liked == pages.SIMPLE_JSON:
        return _tagged(request, liked, json.dumps(document).encode())
    return _tagged(request, liked, as_html(document).encode())


def _tagged(request: Request, kind: str, body: bytes) -> Reply:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**_CACHED, "ETag": tag, "Vary": "Accept"}
    if tag in request.headers.get("if-none-match", ""):
        return Reply(304, kind, headers=headers)
    return Reply(200, kind, body, headers)


def _liked(accept: str) -> str | None:
    """The content type of the simple API that an Accept header prefers; HTML when it has no preference."""
    offered = {"text/html": 3, pages.SIMPLE_HTML: 2, pages.SIMPLE_JSON: 1}
    best: tuple[float, int, str] | None = None
    for wish in accept.split(","):
        kind, *parameters = (part.strip() for part in wish.split(";"))
        quality = next((float(one[2:]) for one in parameters if re.fullmatch(r"q=[0-9.]+", one)), 1.0)
        for offer, rank in offered.items():
            named = kind.lower().replace("v1+", "latest+") == offer.replace("v1+", "latest+")
            if quality and (named or kind in {"*/*", offer.partition("/")[0] + "/*"}):
                best = max(best or (0.0, 0, ""), (quality, rank, offer))
    return best[2] if best else None


def _believed() -> bytes:
    """The authorities that this machine believes."""
    paths = ssl.get_default_verify_paths()
    found = os.environ.get("SSL_CERT_FILE") or paths.cafile
    return Path(found).read_bytes() if found and Path(found).is_file() else b""
