"""Answers in the form that the client asked for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
from typing import Any

import msgspec

from lockgate.loopback.index import pages
from lockgate.ports.service import Reply, Request

_SIMPLE = "application/vnd.pypi.simple."
_OFFERED = {  # what it is → what it may be called, from the one that is taken without a preference
    "text/html": {"text/html", "text/*", "*/*"},
    f"{_SIMPLE}v1+html": {f"{_SIMPLE}v1+html", f"{_SIMPLE}latest+html"},
    f"{_SIMPLE}v1+json": {f"{_SIMPLE}v1+json", f"{_SIMPLE}latest+json", "application/*"},
}
_EXPLAINED = {
    400: (
        "Bad Request",
        "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    ),
    403: ("Forbidden", "Access was denied to this resource."),
    404: ("Not Found", "The resource could not be found."),
}


def document(status: int, content: object) -> Reply:
    """JSON."""
    return Reply(status, body=json.dumps(content).encode())


def problem(request: Request, status: int, message: str = "") -> Reply:
    """A refusal: its words stand in the first line, and in a body of the kind that the client reads."""
    title, explained = _EXPLAINED[status]
    words = message or title
    if "json" in request.headers.get("accept", ""):
        content = {"message": f"{explained}\n\n\n{words}\n\n", "code": f"{status} {words}", "title": title}
        return msgspec.structs.replace(document(status, content), reason=words)
    named, said = html.escape(f"{status} {words}"), html.escape(words)
    body = f"<html><head><title>{named}</title></head><body><h1>{named}</h1>{explained}<br/><br/>{said}</body></html>"
    return Reply(status, "text/html; charset=UTF-8", body.encode(), reason=words)


def simple(request: Request, content: dict[str, Any]) -> Reply:
    """A document of the simple API, in JSON or HTML, whichever the client likes better (PEP 691)."""
    wishes: dict[str, float] = {}
    for wish in request.headers.get("accept", "*/*").lower().split(","):
        kind, *parameters = (part.strip() for part in wish.split(";"))
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        wishes[kind] = float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0
    liked = {kind: max(wishes.get(name, 0.0) for name in names) for kind, names in _OFFERED.items()}
    best = max(liked, key=lambda kind: liked[kind])
    if not liked[best]:
        return Reply(406, "text/plain", b"Request not acceptable")
    body = json.dumps(content) if best.endswith("json") else pages.as_html(content)
    return cached(request, body.encode(), best)


def cached(request: Request, body: bytes, kind: str = "application/json") -> Reply:
    """What may be ten minutes old, as PyPI allows; nothing but a line when the client has it."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": "max-age=600, public", "ETag": tag, "Vary": "Accept"}
    known = tag in request.headers.get("if-none-match", "")
    return Reply(304, kind, headers=headers) if known else Reply(200, kind, body, headers)


def password(request: Request) -> str:
    """The token that a request carries, "" without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, found = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return found if scheme.lower() == "basic" and user == "__token__" else ""
