"""`lockgate publish upload`."""

from __future__ import annotations

from lockgate.flows.publishing import Wishes
from lockgate.model.errors import UnknownError
from lockgate.ports.console import Console


def upload(wishes: Wishes, console: Console) -> int:  # noqa: ARG001
    """Nothing yet."""
    raise UnknownError("publish upload is not there yet")
