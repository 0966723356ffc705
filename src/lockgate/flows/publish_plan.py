"""`lockgate publish plan`."""

from __future__ import annotations

from lockgate.flows.publishing import Wishes
from lockgate.model.errors import UnknownError
from lockgate.ports.console import Console


def plan(wishes: Wishes, console: Console) -> int:  # noqa: ARG001
    """See every prerequisite."""
    raise UnknownError("publish plan is not there yet")
