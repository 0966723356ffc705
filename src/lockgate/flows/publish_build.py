"""`lockgate publish build`."""

from __future__ import annotations

from lockgate.flows.publishing import Wishes
from lockgate.model.errors import UnknownError
from lockgate.ports.console import Console


def build(wishes: Wishes, console: Console) -> int:  # noqa: ARG001
    """Build."""
    raise UnknownError("publish build is not there yet")
