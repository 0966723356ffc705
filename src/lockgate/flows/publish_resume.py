"""`lockgate publish resume`."""

from __future__ import annotations

from lockgate.flows.publishing import Wishes
from lockgate.model.errors import UnknownError
from lockgate.ports.console import Console


def resume(wishes: Wishes, console: Console) -> int:  # noqa: ARG001
    """Nothing yet."""
    raise UnknownError("publish resume is not there yet")
