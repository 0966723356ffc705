"""Desired and remote state, compared both ways (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model.protection import Change, Remote, Setting


def difference(settings: Sequence[Setting], remote: Remote) -> tuple[Change, ...]:
    """One line for each setting, and one for everything that the remote has besides."""
    raise NotImplementedError
