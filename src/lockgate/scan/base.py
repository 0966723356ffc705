"""What is new: which findings the merge base does not have, by scanning its files with who found something."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from lockgate.model.finding import Finding
from lockgate.ports import git, history
from lockgate.ports.process import Cancel
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
    known = _scanned(request, asked, base, cancel, note) if asked else {}

    def is_new(finding: Finding) -> bool | None:
        if finding.commit is not None:
            return not history.contains(root, base, finding.commit)
        before = known.get(finding.scanner)
        if before is None or before.scanner.status not in {"pass", "fail", "not-run"}:
            return None
        return finding.fingerprint not in {one.fingerprint for one in before.findings}

    return {name: _with(outcome, is_new) for name, outcome in outcomes.items()}


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
