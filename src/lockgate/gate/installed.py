"""What is installed in an environment, read from its metadata, with what lies elsewhere on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import msgspec

from lockgate.model.project import normalize
from lockgate.ports.tree import NATIVE_SUFFIXES, file_digest, snapshot

_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg", *NATIVE_SUFFIXES)


class Installed(msgspec.Struct, frozen=True):
    """The content of an environment.

    Attributes:
        identity: Digest of all RECORDs, `.pth` files and editable sources outside the project.
        versions: Version by normalized distribution name.
        sources: Digest of what each distribution from a local folder or file elsewhere was made from, by its place.
        local: Names of these distributions.
        own: Name of the distribution that is the project itself, or None.
    """

    identity: str
    versions: dict[str, str]
    sources: dict[str, str]
    local: tuple[str, ...]
    own: str | None


class _DirInfo(msgspec.Struct):
    editable: bool = False


class _DirectUrl(msgspec.Struct):
    url: str
    dir_info: _DirInfo | None = None


def read_installed(folder: Path, root: Path) -> Installed:
    """Read the environment in `folder` of the project in `root`.

    Raises:
        OSError: There is no environment.
    """
    site = next(folder.glob("lib/python3*/site-packages"), None)
    if site is None:
        raise FileNotFoundError(2, "no site-packages", str(folder))
    total = hashlib.blake2b(digest_size=20)
    versions: dict[str, str] = {}
    sources: dict[str, str] = {}
    local: list[str] = []
    own: str | None = None
    elsewhere: set[Path] = set()
    for name in sorted(os.listdir(site)):  # noqa: PTH208  (names only)
        if name.endswith(".dist-info"):
            project, _, version = name.removesuffix(".dist-info").partition("-")
            versions[normalize(project)] = version
            total.update(name.encode() + _read(site / name / "RECORD"))
            direct = _read(site / name / "direct_url.json")
            source = _local_source(direct)
            if source is None:
                total.update(direct)
                continue
            place, editable = source
            if editable:
                elsewhere.add(place)
            if place != root:
                sources[str(place)] = _made_from(place, editable=editable)
                local.append(normalize(project))
            else:
                own = normalize(project)
        elif name.endswith((".pth", ".egg-link")):
            content = _read(site / name)
            total.update(name.encode() + content)
            elsewhere |= set(_pth_folders(content))
    for place in sorted(elsewhere):
        if place.is_dir() and not _inside(place, root) and not _inside(place, folder):
            total.update(os.fsencode(place) + snapshot(place).digest())
    total.update(msgspec.json.encode(sources, order="sorted"))
    return Installed(total.hexdigest(), versions, sources, tuple(local), own)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _made_from(place: Path, *, editable: bool) -> str:
    """Digest of what an installation from `place` depends on: for an editable one, what its build reads."""
    if place.is_file():
        return (file_digest(str(place)) or b"").hex()
    tree = snapshot(place)
    return (tree.select(_BUILD_FILES) if editable else tree).digest().hex()


def _local_source(direct_url: bytes) -> tuple[Path, bool] | None:
    """The folder or archive behind a `direct_url.json` (PEP 610), and whether it is installed as editable."""
    try:
        direct = msgspec.json.decode(direct_url, type=_DirectUrl)
    except msgspec.DecodeError:
        return None
    parsed = urlparse(direct.url)
    if parsed.scheme != "file":
        return None
    return Path(unquote(parsed.path)), direct.dir_info is not None and direct.dir_info.editable


def _pth_folders(content: bytes) -> Iterator[Path]:
    for line in content.splitlines():
        text = os.fsdecode(line.strip())
        if text.startswith("/"):
            yield Path(text)


def _inside(path: Path, parent: Path) -> bool:
    return path == parent or parent in path.parents
