"""The index as an HTTPS service: which request is what, and what goes wrong on purpose."""

from __future__ import annotations

import json
import os
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
from packaging.utils import canonicalize_name, canonicalize_version

from lockgate.loopback import tls
from lockgate.loopback.index import answers, form, minting, pages, upload
from lockgate.loopback.index.faults import Fault, Plan, Route
from lockgate.loopback.index.identity import Issuer, Job
from lockgate.loopback.index.store import File, Grant, Publisher, Store
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


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request, without anything secret; `status` is None when the connection was cut instead of an answer."""

    on: Route
    path: str
    project: str | None
    file: str | None
    status: int | None
    fault: Fault | None


class _Asked(msgspec.Struct, frozen=True):
    """A request and what it is about: the parts of its path, the form of an upload, the project's normalized name."""

    request: Request
    on: Route
    values: Mapping[str, str]
    form: form.Form | None
    project: str


class Index(Service):
    """A package index, while it is entered.

    Args:
        folder: Where everything is kept.
        keys: Where the certificate authority and the keys are kept, `folder` by default.
        lag: Seconds that the simple index stays behind the JSON API.
        now: The time, in seconds since the epoch.
        upstream: A simple index where those are sent who ask for a project that is not here.
        port: The port of the loopback, 0 for any that is free.
        largest: Bytes that a file may have.

    Attributes:
        ca: The PEM file of those who vouch for it.
        trust: The variables with which uv, pip, twine and Python believe it.
        simple: The address of the simple index.
        upload: The address that files are uploaded to.
        requests: What was asked so far.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keys: Path | None = None,
        lag: float = 0.0,
        now: Callable[[], float] = clock.now,
        upstream: str | None = None,
        port: int = 0,
        largest: int = 100 << 20,
    ) -> None:
        self._secrets = keys or folder
        self.ca, context = tls.authority(self._secrets)
        super().__init__(context, port)
        self.lag, self.now, self._largest = lag, now, largest
        self._store, self._upstream = Store(folder), upstream
        if upstream is not None:
            # Whoever follows the redirect has to believe that index too.
            paths = ssl.get_default_verify_paths()
            others = Path(os.environ.get("SSL_CERT_FILE") or paths.cafile or os.devnull).read_bytes()
            files.write_atomic(folder / "trust.pem", self.ca.read_bytes() + others)
            self.ca = folder / "trust.pem"
        self.trust = dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "TWINE_CERT"), str(self.ca))
        self._jobs: dict[str, Job] = {}
        self.requests: list[Seen] = []
        self.plan()

    def __enter__(self) -> Self:
        """Listen."""
        self._ended = threading.Event()
        super().__enter__()
        self.simple, self.upload = f"{self.url}/simple/", f"{self.url}/legacy/"
        self._issuer = Issuer(f"{self.url}/actions", self._secrets)
        return self

    def __exit__(self, *problem: object) -> None:
        """Stop, and leave no planned delay waiting."""
        self._ended.set()
        super().__exit__(*problem)

    def job(self, job: Job) -> dict[str, str]:
        """The variables of a job with the permission `id-token: write`."""
        bearer = secrets.token_urlsafe(32)
        self._jobs[bearer] = job
        address = f"{self._issuer.url}/id-token?api-version=2.0"
        asking = {"ACTIONS_ID_TOKEN_REQUEST_URL": address, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer}
        return {"GITHUB_ACTIONS": "true", **asking}

    def token(self, *projects: str) -> str:
        """A user's API token, for these projects or for all."""
        with self._store.change() as state:
            return minting.fresh(state, Grant(projects=[str(canonicalize_name(name)) for name in projects] or None))

    def register(self, publisher: Publisher) -> None:
        """Register a publisher, unless it is registered; it is pending when its project does not exist."""
        with self._store.change() as state:
            pending = publisher.pending or canonicalize_name(publisher.project) not in state.projects
            entry = msgspec.structs.replace(publisher, pending=pending)
            state.publishers = [*(one for one in state.publishers if one != entry), entry]

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
        """Yank a release (PEP 592); None as the reason takes that back."""
        self._alter(project, version, yanked=reason)

    def vulnerable(self, project: str, version: str, *vulnerabilities: dict[str, Any]) -> None:
        """Let the JSON API tell these vulnerabilities of a release."""
        self._alter(project, version, vulnerabilities=list(vulnerabilities))

    def delete(self, file: str) -> None:
        """Delete a file; its name never returns."""
        with self._store.change() as state:
            del state.files[file]

    def _alter(self, project: str, version: str, **changes: object) -> None:
        with self._store.change() as state:
            releases = state.projects[canonicalize_name(project)].releases
            key = canonicalize_version(version)
            releases[key] = msgspec.structs.replace(releases[key], **changes)

    def respond(self, request: Request) -> Reply:
        """Answer one request, or let it go wrong as planned."""
        asked = _asked(request)
        file = asked.form.filename if asked.form else asked.values.get("file")
        known = self._store.read().files.get(file or "")
        project = asked.project or (known.project if known else None)
        fault = self._plan.pick(asked.on, project, file)
        handler: Callable[[_Asked], Reply] = getattr(self, f"_{asked.on.replace('-', '_')}")
        reply = self._faulty(fault, lambda: handler(asked)) if fault else handler(asked)
        status = None if reply.cut in {"before", "after"} else reply.status
        path = request.target.partition("?")[0]
        self.requests.append(Seen(on=asked.on, path=path, project=project, file=file, status=status, fault=fault))
        return reply

    def _faulty(self, fault: Fault, answer: Callable[[], Reply]) -> Reply:
        self._ended.wait(fault.delay)
        if fault.cut == "before":
            return Reply(cut="before")
        if fault.status is None:
            return msgspec.structs.replace(answer(), cut=fault.cut)
        if fault.stored:
            answer()
        return Reply(fault.status, fault.kind, fault.body.encode(), fault.headers, fault.cut)

    def _upload(self, asked: _Asked) -> Reply:
        if asked.form is None:
            return answers.problem(asked.request, 400, "Upload payload does not have a file.")
        try:
            with self._store.change() as state:
                grant = state.tokens.get(minting.digest(answers.password(asked.request)))
                metadata = upload.accept(state, asked.form, grant, self.now(), self._largest)
                for content in filter(None, (asked.form.content, metadata)):
                    self._store.put(content)  # before anybody hears of it
        except upload.RejectedError as error:
            return answers.problem(asked.request, error.status, str(error))
        return Reply(200, "text/html; charset=UTF-8")

    def _projects(self, asked: _Asked) -> Reply:
        return answers.simple(asked.request, pages.projects(self._store.read()))

    def _simple(self, asked: _Asked) -> Reply:
        state, name = self._store.read(), asked.project
        if name not in state.projects and self._upstream is not None:
            return Reply(302, headers={"Location": f"{self._upstream.rstrip('/')}/{name}/"})
        stored = state.of(name)
        visible = [file for file in stored if file.uploaded + self.lag <= self.now()]
        if name not in state.projects or (stored and not visible):
            return answers.problem(asked.request, 404)
        if not asked.request.path.endswith(f"/{name}/"):
            return Reply(301, headers={"Location": f"/simple/{name}/"})
        return answers.simple(asked.request, pages.project(state, name, visible, self.url))

    def _json(self, asked: _Asked) -> Reply:
        state, name = self._store.read(), asked.project
        found = pages.release(state, name, asked.values["version"], self.url) if name in state.projects else None
        if found is None:
            return answers.document(404, {"message": "Not Found"})
        return answers.cached(asked.request, json.dumps(found).encode())

    def _file(self, asked: _Asked) -> Reply:
        file, described = self._store.read().files.get(asked.values["file"]), asked.request.path.endswith(".metadata")
        digest = None if file is None else file.metadata if described else file.sha256
        if file is None or digest is None or asked.values["sha256"].replace("/", "") != file.sha256:
            return answers.problem(asked.request, 404)
        headers = {"Cache-Control": "max-age=365000000, immutable, public", "ETag": f'"{digest}"'}
        return Reply(200, "application/octet-stream", self._store.get(digest), headers)

    _metadata = _file

    def _provenance(self, asked: _Asked) -> Reply:
        file = self._store.read().files.get(asked.values["file"])
        if file is None or (asked.project, asked.values["version"]) != (file.project, file.version):
            return answers.document(404, {"message": "Not Found"})
        if file.provenance is None:
            return answers.document(404, {"message": f"No provenance available for {file.name}"})
        body = json.dumps(file.provenance).encode()
        return answers.cached(asked.request, body, "application/vnd.pypi.integrity.v1+json")

    def _mint(self, asked: _Asked) -> Reply:
        body = asked.request.body or b""
        with self._store.change() as state:
            try:
                if asked.on == "burn":
                    return answers.document(202, minting.burn(state, body))
                return answers.document(200, minting.mint(state, body, self._issuer, self.now()))
            except minting.RefusedTokenError as error:
                why = [{"code": error.code, "description": str(error)}]
                return answers.document(422, {"message": "Token request failed", "errors": why})

    _burn = _mint

    def _id_token(self, asked: _Asked) -> Reply:
        job = self._jobs.get(asked.request.headers.get("authorization", "").partition(" ")[2])
        if job is None:
            return answers.document(401, {"message": "Unauthorized"})
        audience = asked.request.query.get("audience", self._issuer.url)
        return answers.document(200, {"value": self._issuer.sign(job.identity(self._issuer.url, audience, self.now()))})

    def _audience(self, _: _Asked) -> Reply:
        return answers.document(200, {"audience": minting.AUDIENCE})

    def _discovery(self, _: _Asked) -> Reply:
        return answers.document(200, self._issuer.discovery())

    def _keys(self, _: _Asked) -> Reply:
        return answers.document(200, self._issuer.keys())

    def _other(self, asked: _Asked) -> Reply:
        return answers.problem(asked.request, 404)


def _asked(request: Request) -> _Asked:
    method = "GET" if request.method == "HEAD" else request.method
    for on, expected, pattern in _ROUTES:
        if method == expected and (match := re.fullmatch(pattern, request.path)):
            values = match.groupdict(default="")
            sent = _form(request) if on == "upload" else None
            name = canonicalize_name(sent["name"] if sent else values.get("project", ""))
            return _Asked(request, on, values, sent, name)
    return _Asked(request, "other", {}, None, "")


def _form(request: Request) -> form.Form | None:
    try:
        return form.parse(request.headers.get("content-type", ""), request.body or b"")
    except ValueError:
        return None
