"""A certificate authority for the loopback, made once per folder: whoever shall believe it is given its `ca.pem`."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from lockgate.ports import files


def authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """The PEM file of the authority in `folder`, and how a service speaks as `localhost` under it.

    Raises:
        OSError: The folder cannot be written.
    """
    ca, server = folder / "ca.pem", folder / "server.pem"

    def make() -> bytes:
        import trustme

        made = trustme.CA(organization_name="lockgate loopback")
        files.write_atomic(ca, made.cert_pem.bytes())
        return made.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.bytes()

    secret(server, make)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    return ca, context


def secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a file that its owner alone can read, made by `make` the first time, whoever comes first."""
    with files.locked(path.with_suffix(".lock"), shared=False, waiting=lambda: True):
        path.touch(mode=0o600)
        if not path.stat().st_size:
            files.write_atomic(path, make())
        return path.read_bytes()
