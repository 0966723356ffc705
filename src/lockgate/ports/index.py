"""What a package index says of a project's files (PEP 503, 691, 700, 740)."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any

import msgspec

from lockgate.ports.relay import fetch

_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
_FRESH = {"Cache-Control": "no-cache", "Pragma": "no-cache"}
_ABSENT = frozenset({404, 410})


class Listed(msgspec.Struct, frozen=True):
    """A file as the index lists it.

    Attributes:
        url: Absolute.
        sha256: Hex digits, None when the index gives no such digest.
        yanked: The reason, "" without one, None when it is not yanked.
        uploaded: ISO 8601, None when the index does not say.
        provenance: Where its attestations are (PEP 740), or None.
    """

    name: str
    url: str
    sha256: str | None
    yanked: str | None = None
    uploaded: str | None = None
    provenance: str | None = None


def project_files(index: str, name: str, limit: float, *, fresh: bool = False) -> dict[str, Listed]:
    """Files of project `name` by file name; `fresh` wants no cache's answer, and takes an unknown project for empty.

    Raises:
        OSError: The index gave no answer within `limit` seconds.
        ValueError: The answer is no list of files.
    """
    address = f"{index.rstrip('/')}/{name}/"
    try:
        content = fetch(address, limit, headers={"Accept": _ACCEPT, **(_FRESH if fresh else {})}).decode(
            "utf-8", errors="replace"
        )
    except urllib.error.HTTPError as error:
        if fresh and error.code in _ABSENT:
            return {}
        raise
    if content.lstrip().startswith("{"):
        document = json.loads(content)
        if not isinstance(document.get("files"), list):
            raise ValueError("the index's answer lists no files")
        found = [_from_json(address, one) for one in document["files"]]
    else:
        reader = _Anchors(address)
        reader.feed(content)
        found = reader.found
        if "<a" not in content.lower() and "<html" not in content.lower():
            raise ValueError("the index's answer is no list of files")
    return {one.name: one for one in found}


def newest(files: Iterable[Listed]) -> Listed | None:
    """A file of the highest version that is not yanked, one with provenance before others; None without releases."""
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    found = []
    for one in files:
        try:
            wheel = one.name.endswith(".whl")
            version = parse_wheel_filename(one.name)[1] if wheel else parse_sdist_filename(one.name)[1]
        except (InvalidWheelFilename, InvalidSdistFilename):
            continue  # an egg, an installer
        if one.yanked is None:
            found.append((version, one.provenance is not None, one))
    return max(found, key=lambda each: each[:2])[2] if found else None


def publisher(listed: Listed, limit: float) -> Mapping[str, Any]:
    """Who published the file, as the index proved it (PEP 740); {} when nobody did.

    Raises:
        OSError: The index gave no answer within `limit` seconds.
        ValueError: The answer is no provenance.
    """
    if listed.provenance is None:
        return {}
    try:
        return dict(json.loads(fetch(listed.provenance, limit))["attestation_bundles"][0]["publisher"])
    except (KeyError, IndexError, TypeError):
        raise ValueError("the index's answer is no provenance") from None


def release_files(address: str, limit: float) -> dict[str, Listed]:
    """Files of one release by file name, from the JSON API, which is ahead of the list that installers read.

    Empty where the index has no such release, or no such API.

    Raises:
        OSError: The index gave no answer within `limit` seconds.
        ValueError, KeyError, TypeError, AttributeError: The answer is no list of files.
    """
    try:
        document = json.loads(fetch(address, limit, headers={"Accept": "application/json", **_FRESH}))
    except urllib.error.HTTPError as error:
        if error.code in _ABSENT:
            return {}
        raise
    if not isinstance(document.get("urls"), list):
        raise TypeError("the index's answer lists no files")
    return {
        str(one["filename"]): Listed(
            name=str(one["filename"]),
            url=urllib.parse.urljoin(address, str(one["url"])),
            sha256=(one.get("digests") or {}).get("sha256"),
            uploaded=one.get("upload_time_iso_8601"),
        )
        for one in document["urls"]
    }


def _from_json(address: str, one: dict[str, Any]) -> Listed:
    yanked = one.get("yanked", False)
    return Listed(
        name=str(one["filename"]),
        url=urllib.parse.urljoin(address, str(one["url"])),
        sha256=(one.get("hashes") or {}).get("sha256"),
        yanked=None if yanked is False else "" if yanked is True else str(yanked),
        uploaded=one.get("upload-time"),
        provenance=one.get("provenance"),
    )


class _Anchors(HTMLParser):
    """The links of an index that speaks HTML only."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self.found: list[Listed] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in a link."""
        values = dict(attrs)
        href = values.get("href")
        if tag == "a" and href:
            url, fragment = urllib.parse.urldefrag(urllib.parse.urljoin(self._address, href))
            digest = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
            name = urllib.parse.unquote(url.rpartition("/")[2])
            yanked = (values["data-yanked"] or "") if "data-yanked" in values else None
            self.found.append(Listed(name, url, digest, yanked, None, values.get("data-provenance")))
