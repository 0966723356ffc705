"""The commits that actions are pinned to: shipped ones to begin with, afterwards whatever the bot committed (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from lockgate.model.compromised import COMPROMISED
from lockgate.workflows.emit import Commented

_USES = re.compile(
    r"^[^\S\n]*(?:-[^\S\n]+)*[\"']?uses[\"']?[^\S\n]*:[^\S\n]*[\"']?([^\s@#\"']+)@([^\s#\"']+)[\"']?[^\S\n]*(?:#[^\S\n]*(\S+).*)?$",
    re.MULTILINE,
)
_SHA = re.compile(r"[0-9a-f]{40}")


class Pin(msgspec.Struct, frozen=True):
    """A full commit SHA, and the version that it was released as."""

    sha: str
    version: str = ""


# Read from the actions' own tags, or corroborated by five or more independent repositories (November 2026).
SHIPPED: Mapping[str, Pin] = {
    "actions/checkout": Pin("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "astral-sh/setup-uv": Pin("c18668ad3cf93ea998bef934396af7bb5c839dc7", "v10.2.0"),
    "actions/cache": Pin("55cc8345863c7cc4c66a329aec7e433d2d1c52a9", "v6.1.0"),
    "actions/upload-artifact": Pin("cf430e030ddbb5b0abf93d22962f4752f3646cd9", "v7.0.2"),
    "actions/download-artifact": Pin("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "github/codeql-action": Pin("8aad20d150bbac5944a9f9d289da16a4b0d87c1e", "v4.36.2"),
    "pypa/gh-action-pypi-publish": Pin("dc37677b2e1c63e2034f94d8a5b11f265b73ba33", "v1.14.2"),
}


class Used(msgspec.Struct, frozen=True):
    """An action as a file names it; `line` is 1-based."""

    action: str
    reference: str
    version: str
    line: int

    @property
    def repository(self) -> str:
        """`owner/name`: one pin serves all actions of a repository."""
        return "/".join(self.action.split("/")[:2])


def used(text: str) -> Iterator[Used]:
    """Every `uses: owner/name…@reference  # version` of a workflow; local and docker actions carry no such pin."""
    for match in _USES.finditer(text):
        if not match[1].startswith((".", "docker:")):
            yield Used(match[1], match[2], match[3] or "", text.count("\n", 0, match.start()) + 1)


def problem(found: Used) -> str | None:
    """Why a reference cannot stay, or None."""
    if _SHA.fullmatch(found.reference) is None:
        return f"{found.action} is pinned to {found.reference!r}, which can be moved: pin a full commit SHA"
    incident = COMPROMISED.get(found.reference)
    if incident:
        return f"{found.action}@{found.reference} is a compromised commit: {incident}"
    known = SHIPPED.get(found.repository)
    if known is None or not found.version or (found.version == known.version) == (found.reference == known.sha):
        return None
    return f"{found.action}@{found.reference} is not {found.version}: {known.version} is the commit {known.sha}"


def committed(text: str) -> dict[str, Pin]:
    """Pin by repository as a file has them; the last one wins where a file disagrees with itself."""
    return {one.repository: Pin(one.reference, one.version) for one in used(text) if problem(one) is None}


def uses(action: str, pins: Mapping[str, Pin]) -> Commented:
    """The value of `uses:` for `owner/name[/path]`."""
    pin = pins["/".join(action.split("/")[:2])]
    return Commented(f"{action}@{pin.sha}", pin.version)


def masked(text: str) -> str:
    """The text without its pins: what the bot's bumps do not change."""
    return _USES.sub(lambda match: match[0].partition("@")[0], text)
