"""The few endpoints of GitHub that a release is made with, on the loopback, with faults."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from typing import Any

from lockgate.ports.service import Reply, Request, Service

Answer = tuple[int, Any]
COMMIT = "1" * 40


class Releases(Service):
    """A repository `acme/sample`: `tags` by name, `releases` and `assets` by id.

    `fault(method, pattern)` may answer instead, or cut; `faulty` decides per request.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, str] = {}
        self.annotated: dict[str, str] = {}
        self.releases: dict[int, dict[str, Any]] = {}
        self.log: list[str] = []
        self.faulty: Callable[[str, str], Reply | None] = lambda _method, _path: None
        self.apply_first = False
        self._next = 1
        self._lock = threading.Lock()

    def respond(self, request: Request) -> Reply:
        with self._lock:
            return self._respond(request)

    def _respond(self, request: Request) -> Reply:
        path = request.path.removeprefix("/repos/acme/sample")
        self.log.append(f"{request.method} {path}")
        fault = self.faulty(request.method, path)
        if fault is not None and not self.apply_first and fault.cut != "after":
            return fault
        for method, pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                status, document = answer(request, *found.groups())
                return fault or Reply(status, body=b"" if document is None else json.dumps(document).encode())
        return Reply(404, body=b'{"message": "Not Found"}')

    def _routes(self) -> list[tuple[str, str, Callable[..., Answer]]]:
        return [
            ("GET", r"/git/ref/tags/(.+)", self._tag),
            ("GET", r"/git/tags/(\w+)", self._annotated),
            ("POST", r"/git/refs", self._make_tag),
            ("DELETE", r"/git/refs/tags/(.+)", self._delete_tag),
            ("GET", r"/releases", lambda _: (200, list(self.releases.values()))),
            ("POST", r"/releases", self._make),
            ("GET", r"/releases/(\d+)", lambda _, number: (200, self.releases[int(number)])),
            ("PATCH", r"/releases/(\d+)", self._change),
            ("DELETE", r"/releases/(\d+)", self._delete),
            ("GET", r"/releases/(\d+)/assets", lambda _, number: (200, self.releases[int(number)]["assets"])),
            ("POST", r"/uploads/(\d+)", self._attach),
            ("DELETE", r"/releases/assets/(\d+)", self._detach),
        ]

    def _tag(self, _: Request, name: str) -> Answer:
        if name in self.annotated:
            return 200, {"object": {"type": "tag", "sha": "f" * 40}}
        if name not in self.tags:
            return 404, {"message": "Not Found"}
        return 200, {"object": {"type": "commit", "sha": self.tags[name]}}

    def _annotated(self, _: Request, _sha: str) -> Answer:
        return 200, {"object": {"type": "commit", "sha": next(iter(self.annotated.values()))}}

    def _make_tag(self, request: Request) -> Answer:
        body = json.loads(request.body or b"")
        name = body["ref"].removeprefix("refs/tags/")
        if name in self.tags:
            return 422, {"message": "Reference already exists"}
        self.tags[name] = body["sha"]
        return 201, {"ref": body["ref"]}

    def _delete_tag(self, _: Request, name: str) -> Answer:
        return (204, None) if self.tags.pop(name, None) else (422, {"message": "Reference does not exist"})

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _make(self, request: Request) -> Answer:
        number = self._number()
        base = self.url
        self.releases[number] = {
            **json.loads(request.body or b""),
            "id": number,
            "html_url": f"https://github.com/acme/sample/releases/{number}",
            "upload_url": f"{base}/repos/acme/sample/uploads/{number}{{?name,label}}",
            "assets": [],
        }
        return 201, self.releases[number]

    def _change(self, request: Request, number: str) -> Answer:
        release, changes = self.releases[int(number)], json.loads(request.body or b"")
        others = [one for one in self.releases.values() if one is not release and not one["draft"]]
        if not changes["draft"] and any(one["tag_name"] == release["tag_name"] for one in others):
            return 422, {"message": "Validation Failed", "errors": [{"code": "already_exists", "field": "tag_name"}]}
        release.update(changes)
        if not release["draft"]:
            self.tags.setdefault(release["tag_name"], release["target_commitish"])
        return 200, release

    def _delete(self, _: Request, number: str) -> Answer:
        del self.releases[int(number)]
        return 204, None

    def _attach(self, request: Request, number: str) -> Answer:
        assets, name, content = self.releases[int(number)]["assets"], request.query["name"], request.body or b""
        if any(one["name"] == name for one in assets):
            return 422, {"message": "Validation Failed", "errors": [{"code": "already_exists"}]}
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        made = {"id": self._number(), "name": name, "state": "uploaded", "size": len(content), "digest": digest}
        assets.append(made)
        return 201, made

    def _detach(self, _: Request, number: str) -> Answer:
        for release in self.releases.values():
            release["assets"] = [one for one in release["assets"] if one["id"] != int(number)]
        return 204, None
