"""JSON: the document `lockgate/gate/1`."""

from __future__ import annotations

import msgspec

from lockgate.model.gate import GateReport


def render(report: GateReport) -> str:
    """The report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"
