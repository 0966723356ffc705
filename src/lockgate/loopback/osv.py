"""A vulnerability service that answers like OSV: `/v1/querybatch` with pages, `/v1/query`, `/v1/vulns/ID`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Advisory = dict[str, Any]


def advisory(name: str, package: str, fixed: str | None, *, aliases: Iterable[str] = (), **more: object) -> Advisory:
    """An advisory in OSV's form: every version of `package` below `fixed` is vulnerable."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    affected = {"package": {"name": package, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    stamp = "2026-01-01T00:00:00Z"
    common = {"id": name, "modified": stamp, "published": stamp, "aliases": list(aliases), "affected": [affected]}
    return {**common, "summary": f"a flaw in {package}", "references": [], **more}


class Osv:
    """The service, while it is entered; `page` is how many advisories one answer holds."""

    def __init__(self, advisories: Iterable[Advisory] = (), page: int = 1000) -> None:
        self.advisories = {one["id"]: one for one in advisories}
        self.page = page
        self.requests: list[str] = []

    def __enter__(self) -> Self:
        """Listen on a port of the loopback."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._answered(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def do_GET(self) -> None:
                self._answered(b"null")

            def _answered(self, body: bytes) -> None:
                service.requests.append(self.path)
                status, kind, content = service.reply(self.path, json.loads(body))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address to ask."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def reply(self, path: str, asked: Any) -> tuple[int, str, bytes]:  # noqa: ANN401  (JSON)
        """Status, content type and body; a test of faults overrides this."""
        answer = self.answer(path, asked)
        return (404 if answer is None else 200), "application/json", json.dumps(answer or {"code": 5}).encode()

    def answer(self, path: str, asked: Any) -> Any:  # noqa: ANN401  (JSON)
        """What the service says; None for what it does not know."""
        if path == "/v1/querybatch":
            return {"results": [self._result(query) for query in asked["queries"]]}
        if path == "/v1/query":
            found = self._matching(asked)
            return {"vulns": found} if found else {}
        return self.advisories.get(path.removeprefix("/v1/vulns/"))

    def _result(self, query: dict[str, Any]) -> dict[str, Any]:
        first = int(query.get("page_token", "0"))
        found = self._matching(query)
        vulns = [{"id": one["id"], "modified": one["modified"]} for one in found[first : first + self.page]]
        more = {"next_page_token": str(first + self.page)} if len(found) > first + self.page else {}
        return {**({"vulns": vulns} if vulns else {}), **more}

    def _matching(self, query: dict[str, Any]) -> list[Advisory]:
        name, version = canonicalize_name(query["package"]["name"]), query.get("version")
        return [one for one in self.advisories.values() if _affects(one, name, version)]


def _affects(one: Advisory, name: str, version: str | None) -> bool:
    for affected in one["affected"]:
        if canonicalize_name(affected["package"]["name"]) == name:
            ranges = affected.get("ranges", [])
            if version is None or version in affected.get("versions", []) or any(_within(r, version) for r in ranges):
                return True
    return False


def _within(range_: dict[str, Any], version: str) -> bool:
    inside = False
    try:
        for event in range_["events"]:
            if "introduced" in event and Version(version) >= Version(event["introduced"]):
                inside = True
            elif "fixed" in event and Version(version) >= Version(event["fixed"]):
                inside = False
    except InvalidVersion:
        return False
    return inside
