"""Fetch GitHub's official OpenAPI description from npm, checked against its hash: `python -m tests.contract.fetch`.

By npm where it is there (its configuration counts), else from the registry that npm would ask.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Collection
from pathlib import Path
from typing import Any

from lockgate.ports.files import locked, write_atomic

PACKAGE, VERSION = "@octokit/openapi", "23.0.2"
INTEGRITY = "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
MEMBER = "package/generated/api.github.com.json"
# Where it is kept; found before a test has changed HOME.
PLACE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lockgate" / f"github-openapi-{VERSION}.json"
_ENVIRONMENT = dict(os.environ)
_LIMIT = 120


class UnavailableError(Exception):
    """The description cannot be had: says why."""


def description(operations: Collection[tuple[str, str]]) -> bytes:
    """The description of these operations (method, path); fetched once, and kept in the user's cache.

    Raises:
        UnavailableError: It is not there and cannot be fetched, or it is not what it should be.
    """
    name = hashlib.sha256(repr(sorted(operations)).encode()).hexdigest()[:12]
    cut = PLACE.with_name(f"{PLACE.stem}-{name}.json")
    try:
        with locked(PLACE.with_suffix(".lock"), shared=False, waiting=lambda: True):
            if not cut.exists():
                if not PLACE.exists():
                    write_atomic(PLACE, _unpacked(_tarball()))
                write_atomic(cut, json.dumps(_cut(json.loads(PLACE.read_bytes()), operations)).encode())
            return cut.read_bytes()
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
        raise UnavailableError(f"{PACKAGE}@{VERSION}: {error}") from None


def _cut(whole: dict[str, Any], operations: Collection[tuple[str, str]]) -> dict[str, Any]:
    """Only these operations, and the components that they need."""
    paths: dict[str, Any] = {}
    for method, path in operations:
        if method.lower() in whole["paths"].get(path, {}):
            paths.setdefault(path, {})[method.lower()] = whole["paths"][path][method.lower()]
    components: dict[str, Any] = {}
    waiting = set(re.findall(r'"#/components/(\w+/[^"]+)"', json.dumps(paths)))
    while waiting:
        kind, _, name = (key := waiting.pop()).partition("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = whole["components"][kind][name]
            waiting |= set(re.findall(r'"#/components/(\w+/[^"]+)"', json.dumps(components[kind][name]))) - {key}
    return {"paths": paths, "components": components}


def _tarball() -> bytes:
    npm = shutil.which("npm", path=_ENVIRONMENT.get("PATH"))
    if npm is None:
        return _downloaded()
    with tempfile.TemporaryDirectory() as folder:
        argv = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", folder]
        subprocess.run(argv, check=True, capture_output=True, timeout=_LIMIT, cwd=folder, env=_ENVIRONMENT)
        return next(Path(folder).glob("*.tgz")).read_bytes()


def _downloaded() -> bytes:
    configured = _ENVIRONMENT.get("NPM_CONFIG_REGISTRY") or _ENVIRONMENT.get("npm_config_registry")
    settings = Path(_ENVIRONMENT.get("HOME", "/")) / ".npmrc"
    if not configured and settings.exists():
        found = re.search(r"^\s*registry\s*=\s*(\S+)", settings.read_text(encoding="utf-8"), re.MULTILINE)
        configured = found[1] if found else None
    registry = (configured or "https://registry.npmjs.org").rstrip("/")
    name = PACKAGE.partition("/")[2]
    address = f"{registry}/{PACKAGE}/-/{name}-{VERSION}.tgz"
    with urllib.request.urlopen(address, timeout=_LIMIT) as answer:  # noqa: S310  (what it sends is checked)
        content: bytes = answer.read()
    return content


def _unpacked(tarball: bytes) -> bytes:
    if base64.b64encode(hashlib.sha512(tarball).digest()).decode() != INTEGRITY:
        raise UnavailableError(f"{PACKAGE}@{VERSION} is not the file whose hash is pinned here")
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r|gz") as archive:
        for member in archive:
            if member.name == MEMBER and (file := archive.extractfile(member)):
                return file.read()
    raise UnavailableError(f"{PACKAGE}@{VERSION} holds no {MEMBER}")


if __name__ == "__main__":
    try:
        description(())
    except UnavailableError as error:
        sys.exit(f"{error}")
    print(PLACE)  # noqa: T201
