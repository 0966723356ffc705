"""`lockgate publish status`: where a release stands, from its ledger alone."""

from __future__ import annotations

from lockgate.flows.publishing import Wishes, again, desk, tell
from lockgate.model.release import PublishReport
from lockgate.model.verdict import Verdict
from lockgate.ports.console import Console
from lockgate.publish import ledger as moves


def status(wishes: Wishes, console: Console) -> int:
    """Tell the release's state and the one next command; returns the exit code.

    A release that is on its way is no failure: 0. What stands in its way is told by the command that comes next.

    Raises:
        LockgateError: See its subclasses.
    """
    with desk(wishes, console, make=False) as at:
        ledger = at.ledger
        wrong: tuple[str, ...] = ()
        if ledger is not None and ledger.state != "planned":
            wrong = moves.different(ledger, at.store.hashes())
        verdict: Verdict = "pass"
        reason = None
        if wrong and ledger is not None and ledger.state not in {"released", "burned"}:
            verdict, reason = "fail", f"{at.store.dist}: {'; '.join(wrong)}"
        elif ledger is not None and ledger.state == "burned":
            verdict, reason = "fail", ledger.reason
        report = PublishReport(
            verdict=verdict,
            command="status",
            folder=str(at.store.folder),
            ledger=ledger,
            reason=reason,
            next=again(wishes, ledger),
        )
    return tell(report, wishes, console)
