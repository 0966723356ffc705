"""The faults of an index, by name; and the twine that the publishing action runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse

import msgspec

from lockgate.loopback.index import Fault
from lockgate.loopback.index.attestations import unsigned
from lockgate.ports.http import exchange
from lockgate.ports.trust import trusting
from tests.e2e.releasing import Release

HTML = "<html><head><title>Portal</title></head><body>Welcome!</body></html>"
_UPLOAD = Fault(on="upload", times=None)
FAULTS = {
    "503": msgspec.structs.replace(_UPLOAD, status=503, body="busy"),
    "429": msgspec.structs.replace(_UPLOAD, status=429, body="slow down", headers={"Retry-After": "1"}),
    "500": msgspec.structs.replace(_UPLOAD, status=500, body=HTML),
    "500-stored": msgspec.structs.replace(_UPLOAD, status=500, body=HTML, stored=True),
    "reset-before": msgspec.structs.replace(_UPLOAD, cut="before"),
    "reset-after": msgspec.structs.replace(_UPLOAD, cut="after"),
    "html": msgspec.structs.replace(_UPLOAD, status=200, body=HTML),
    "truncated": msgspec.structs.replace(_UPLOAD, status=200, body=HTML, cut="within"),
    "truncated-stored": msgspec.structs.replace(_UPLOAD, status=200, body=HTML, cut="within", stored=True),
    "timeout": msgspec.structs.replace(_UPLOAD, delay=4.0, status=200),
    "timeout-stored": msgspec.structs.replace(_UPLOAD, delay=4.0),
}
QUICK = {"UV_UPLOAD_HTTP_TIMEOUT": "1", "UV_HTTP_RETRIES": "1"}  # nobody waits for a quarter of an hour here


def fault(name: str, file: str, times: int | None = None) -> Fault:
    """The fault of that name, for one file."""
    return msgspec.structs.replace(FAULTS[name], file=file, times=times)


def twine(made: Release, *, timeout: float = 120) -> int:
    """What gh-action-pypi-publish does in its job: mint, attest, upload all of it; returns the exit code."""
    with trusting(made.index.ca):
        asked = made.environment["ACTIONS_ID_TOKEN_REQUEST_URL"]
        bearer = {"Authorization": f"Bearer {made.environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
        audience = exchange("GET", f"{made.index.url}/_/oidc/audience").json()
        identity = exchange("GET", f"{asked}&{urllib.parse.urlencode(audience)}", headers=bearer).json()  # type: ignore[arg-type]
        body = json.dumps({"token": identity["value"]}).encode()  # type: ignore[index]
        minted = exchange("POST", f"{made.index.url}/_/oidc/mint-token", body=body).json()
    files = [path for path in sorted((made.folder / "dist").iterdir()) if path.suffix in {".whl", ".gz"}]
    packages = made.folder.parent / "workspace"
    packages.mkdir(exist_ok=True)
    for path in files:
        (packages / path.name).write_bytes(path.read_bytes())
        attestation = unsigned(
            path.name, next(one["sha256"] for one in made.ledger["files"] if one["name"] == path.name)
        )
        (packages / f"{path.name}.publish.attestation").write_text(json.dumps(attestation))
    environment = {
        **os.environ,
        **made.index.trust,
        "TWINE_USERNAME": "__token__",
        "TWINE_PASSWORD": minted["token"],  # type: ignore[index]
        "TWINE_REPOSITORY_URL": made.index.upload,
    }
    argv = [sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar", "--attestations"]
    try:
        done = subprocess.run(
            [*argv, *map(str, sorted(packages.iterdir()))],
            env=environment,
            check=False,
            capture_output=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return 1  # the job's own limit ends it
    return done.returncode


def sent(made: Release, since: int = 0) -> list[str]:
    """Names of the files of the upload requests."""
    return [one.file or "" for one in made.index.requests[since:] if one.on == "upload"]
