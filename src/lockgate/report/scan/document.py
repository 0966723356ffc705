"""JSON: the document `lockgate/scan/1`."""

from __future__ import annotations

import msgspec

from lockgate.model.scan import ScanReport


def render(report: ScanReport) -> str:
    """The report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"
