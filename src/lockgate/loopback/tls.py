"""A certificate authority for the loopback, made once per folder: whoever shall believe it is given its `ca.pem`."""

from __future__ import annotations

import ssl
from pathlib import Path

from lockgate.ports import files


def authority(folder: Path) -> Path:
    """The PEM file of the authority in `folder`; beside it lies `server.pem`, the key and certificate of `localhost`.

    Raises:
        OSError: The folder cannot be written.
    """
    ca, server = folder / "ca.pem", folder / "server.pem"
    with files.locked(folder / "keys.lock", shared=False, waiting=lambda: True):
        if not (ca.exists() and server.exists()):
            import trustme

            made = trustme.CA(organization_name="lockgate loopback")
            write_secret(server, made.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.bytes())
            files.write_atomic(ca, made.cert_pem.bytes())
    return ca


def context(folder: Path) -> ssl.SSLContext:
    """How a service speaks as `localhost` with the keys of `folder`."""
    authority(folder)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "server.pem")
    return made


def write_secret(path: Path, data: bytes) -> None:
    """A file that its owner alone can read."""
    path.touch(mode=0o600)
    files.write_atomic(path, data)
