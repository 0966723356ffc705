"""The software bill of materials: CycloneDX 1.5, the same for the same release (pure)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lockgate import __version__
from lockgate.model.release import ReleaseFile


def sbom(
    name: str,
    version: str,
    epoch: int,
    files: Iterable[ReleaseFile],
    resolved: Mapping[str, Any] | None,
    needs: Iterable[str],
) -> bytes:
    """The document: the release with its files and their hashes, and what it needs at run time.

    `epoch` is the commit's time, in seconds; `resolved` is what uv exports from the lock, None without a lock: the
    names in `needs`, its Requires-Dist, are then the components, without versions.
    """
    files = tuple(files)
    base = dict(resolved or {})
    known = dict(base.get("metadata", {}).get("component", {}))
    root = {
        **{key: value for key, value in known.items() if key != "properties"},
        "type": "library",
        "bom-ref": known.get("bom-ref", f"{name}@{version}"),
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "components": [
            {
                "type": "file",
                "bom-ref": one.name,
                "name": one.name,
                "hashes": [{"alg": "SHA-256", "content": one.sha256}],
            }
            for one in files
        ],
    }
    components, dependencies = base.get("components"), base.get("dependencies")
    if resolved is None:
        names = sorted({str(canonicalize_name(Requirement(one).name)) for one in needs if "extra ==" not in one})
        components = [{"type": "library", "bom-ref": one, "name": one, "purl": f"pkg:pypi/{one}"} for one in names]
        dependencies = [{"ref": root["bom-ref"], "dependsOn": names}, *({"ref": one} for one in names)]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, '|'.join(one.sha256 for one in files))}",
        "version": 1,
        "metadata": {
            "timestamp": dt.datetime.fromtimestamp(epoch, dt.UTC).isoformat().replace("+00:00", "Z"),
            "tools": [{"vendor": "lockgate", "name": "lockgate", "version": __version__}],
            "component": root,
        },
        "components": components or [],
        "dependencies": dependencies or [],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
