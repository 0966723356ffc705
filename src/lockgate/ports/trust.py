"""Certificates that this process believes besides the usual ones: those of its own embedded services."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

_TRUSTED: list[Path] = []


@contextlib.contextmanager
def trusting(authority: Path) -> Iterator[None]:
    """Believe what `authority` (PEM) has signed, while it lasts."""
    _TRUSTED.append(authority)
    try:
        yield
    finally:
        _TRUSTED.remove(authority)


def context() -> ssl.SSLContext | None:
    """How to speak TLS; None for the usual way."""
    if not _TRUSTED:
        return None
    made = ssl.create_default_context()
    for authority in _TRUSTED:
        made.load_verify_locations(authority)
    return made
