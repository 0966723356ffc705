"""One file per scanner: its tools, each an adapter that answers clean, findings or broken, and their sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from lockgate.model.finding import Finding
from lockgate.scan.answer import Absent, Answer
from lockgate.scan.context import Context
from lockgate.scan.locks import of_each
from lockgate.scan.scanners import code, codeql, dependencies, secrets, supply_chain, workflows
from lockgate.scan.served import served

Adapter = Callable[[Context], Answer]


def _always(_context: Context) -> Absent | None:
    return None


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A scanner.

    Attributes:
        parts: Adapter by name of its tool; they run side by side, and all of them must answer.
        tools: Those of the parts that are locked tools, for their versions.
        merge: From the findings of all parts to those that are reported.
        absent: Says when there is nothing here to look at.
        lasts: Seconds for which an answer that asked a service may be used again; 0 asks every time.
    """

    parts: Mapping[str, Adapter]
    tools: tuple[str, ...] = ()
    merge: Callable[[Context, tuple[Finding, ...]], tuple[Finding, ...]]
    absent: Callable[[Context], Absent | None] = _always
    lasts: float | None = None


DEFINITIONS: Mapping[str, Definition] = {
    "dependencies": Definition(
        parts={"uv audit": of_each(dependencies.osv, without=True)}, merge=dependencies.merge, lasts=0
    ),
    "code": Definition(
        parts={"ruff": code.ruff, "bandit": code.bandit, "lockgate": code.rules},
        tools=("ruff", "bandit"),
        merge=code.merge,
    ),
    "secrets": Definition(
        parts={"gitleaks": secrets.gitleaks, "kingfisher": secrets.kingfisher},
        tools=("gitleaks", "kingfisher"),
        merge=secrets.merge,
    ),
    "supply-chain": Definition(
        parts={
            "lockgate": of_each(supply_chain.policy),
            "uv lock": of_each(supply_chain.fresh),
            "index": of_each(served),
        },
        merge=supply_chain.merge,
        absent=supply_chain.absent,
        lasts=3600,
    ),
    "workflows": Definition(
        parts={"zizmor": workflows.zizmor, "actionlint": workflows.actionlint, "lockgate": workflows.rules},
        tools=("zizmor", "actionlint"),
        merge=workflows.merge,
        absent=workflows.absent,
    ),
    "codeql": Definition(parts={"codeql": codeql.sarif}, merge=codeql.merge, absent=codeql.absent, lasts=0),
}
