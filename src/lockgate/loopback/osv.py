"""A vulnerability service that answers like OSV: `/v1/querybatch` with pages, `/v1/query`, `/v1/vulns/ID`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lockgate.ports.service import Reply, Request, Service

Advisory = dict[str, Any]


def advisory(name: str, package: str, fixed: str | None, *, aliases: Iterable[str] = (), **more: object) -> Advisory:
    """An advisory in OSV's form: every version of `package` below `fixed` is vulnerable."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    affected = {"package": {"name": package, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    stamp = "2026-01-01T00:00:00Z"
    common = {"id": name, "modified": stamp, "published": stamp, "aliases": list(aliases), "affected": [affected]}
    return {**common, "summary": f"a flaw in {package}", "references": [], **more}


class Osv(Service):
    """The service, while it is entered; `page` is how many advisories one answer holds."""

    def __init__(self, advisories: Iterable[Advisory] = (), page: int = 1000) -> None:
        super().__init__()
        self.advisories = {one["id"]: one for one in advisories}
        self.page = page
        self.requests: list[str] = []

    def respond(self, request: Request) -> Reply:
        """Note the request, and answer it."""
        self.requests.append(request.target)
        return Reply(*self.reply(request.target, json.loads(request.body or b"null")))

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
