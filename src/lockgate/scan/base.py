"""What is new: which findings the merge base does not have, by scanning its files with who found something."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from lockgate.model.finding import Finding
from lockgate.ports import actions, git, history
from lockgate.ports.files import write_atomic
from lockgate.ports.process import Cancel
from lockgate.ports.state import open_state
from lockgate.scan.memory import identity
from lockgate.scan.run import Outcome, Request, run_scan


def merge_base(root: Path, branch: str) -> str | None:
    """The commit with which findings are compared: where HEAD left the protected branch."""
    return history.base(root, branch)


def marked(
    request: Request, outcomes: Mapping[str, Outcome], base: str, cancel: Cancel, note: Callable[[str, str], None]
) -> dict[str, Outcome]:
    """The outcomes with `new` set where it can be told."""
    root = request.project.root
    if base == git.head(root) and git.is_dirty(root) is False:
        return {name: _with(outcome, lambda _finding: False) for name, outcome in outcomes.items()}
    asked = tuple(name for name, outcome in outcomes.items() if any(one.commit is None for one in outcome.findings))
    asked = tuple(name for name in asked if name != "codeql")
    memo = None if request.fresh or actions.is_here() else open_state(root) / "cache" / "scan" / "base.json"
    key = f"{base} {' '.join(asked)} {identity()}"
    known = _remembered(memo, key)
    if known is None:
        known = _known(_scanned(request, asked, base, cancel, note) if asked else {})
        if memo is not None and not cancel.requested():
            with contextlib.suppress(OSError):  # only speed is lost
                write_atomic(memo, msgspec.json.encode((key, known)))

    def is_new(finding: Finding) -> bool | None:
        if finding.commit is not None:
            return not history.contains(root, base, finding.commit)
        before = known.get(finding.scanner)
        return None if before is None else finding.fingerprint not in before

    return {name: _with(outcome, is_new) for name, outcome in outcomes.items()}


def _remembered(memo: Path | None, key: str) -> dict[str, tuple[str, ...]] | None:
    """What an earlier run learnt of the same commit: it never changes."""
    try:
        found, known = msgspec.json.decode(
            memo.read_bytes() if memo else b"", type=tuple[str, dict[str, tuple[str, ...]]]
        )
    except (OSError, msgspec.DecodeError):
        return None
    return known if found == key else None


def _known(outcomes: Mapping[str, Outcome]) -> dict[str, tuple[str, ...]]:
    """Fingerprints by scanner, of those that gave a whole answer."""
    whole = {name: one for name, one in outcomes.items() if one.scanner.status in {"pass", "fail", "not-run"}}
    return {name: tuple(finding.fingerprint for finding in one.findings) for name, one in whole.items()}


def _scanned(
    request: Request, names: tuple[str, ...], base: str, cancel: Cancel, note: Callable[[str, str], None]
) -> dict[str, Outcome]:
    """The base's files, scanned in a folder outside of the repository."""
    folder = Path(tempfile.mkdtemp(prefix="lockgate-base-"))
    try:
        if not history.export(request.project.root, base, folder):
            return {}
        note("base", "scanning the merge base")
        wishes = msgspec.structs.replace(request.wishes, sarif={}, needs={})
        before = msgspec.structs.replace(request, names=names, wishes=wishes, fresh=True, root=folder.resolve())
        return run_scan(before, cancel, lambda _name, _what: None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with(outcome: Outcome, is_new: Callable[[Finding], bool | None]) -> Outcome:
    findings = tuple(msgspec.structs.replace(one, new=is_new(one)) for one in outcome.findings)
    return msgspec.structs.replace(outcome, findings=findings)
