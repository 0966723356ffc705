"""JSON Schemas, made from the very types that lockgate reads and writes: they cannot disagree."""

from __future__ import annotations

from typing import Any

import msgspec

from lockgate.flows.doctor import Diagnosis
from lockgate.flows.render import RenderReport
from lockgate.flows.why import Answer
from lockgate.model.config import Config
from lockgate.model.gate import GateReport
from lockgate.model.protection import Plan, ProtectReport
from lockgate.model.push import PushReport
from lockgate.model.release import Ledger, PublishReport
from lockgate.model.scan import ScanReport

_TYPES: dict[str, tuple[Any, str]] = {
    "config": (Config, "[tool.lockgate] in pyproject.toml"),
    "gate": (GateReport, "the document of `lockgate gate --format json`"),
    "scan": (ScanReport, "the document of `lockgate scan --format json`"),
    "render": (RenderReport, "the document of `lockgate render --check --format json`"),
    "why": (Answer, "the document of `lockgate why --format json`"),
    "doctor": (Diagnosis, "the document of `lockgate doctor --format json`"),
    "protect": (ProtectReport, "the document of `lockgate protect plan|apply|check --format json`"),
    "protect-plan": (Plan, "the file of `lockgate protect plan --out`"),
    "push": (PushReport, "the document of `lockgate push --format json`"),
    "publish": (PublishReport, "the document of every `lockgate publish` command with --format json"),
    "release": (Ledger, "the ledger of a release: ledger.json in its folder"),
}


def schema(name: str) -> str:
    """The schema as indented JSON."""
    type_, title = _TYPES[name]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(type_),
        "title": title,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
