"""`lockgate publish verify`."""

from __future__ import annotations

from lockgate.flows.publishing import Wishes
from lockgate.model.errors import UnknownError
from lockgate.ports.console import Console


def verify(wishes: Wishes, console: Console) -> int:  # noqa: ARG001
    """Nothing yet."""
    raise UnknownError("publish verify is not there yet")
