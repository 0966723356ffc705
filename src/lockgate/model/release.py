"""A release as data: the ledger of proved steps, and the document that the `publish` commands print."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from lockgate.model.gate import Scope
from lockgate.model.verdict import Verdict

LEDGER_SCHEMA = "lockgate/release/1"
SCHEMA = "lockgate/publish/1"
State = Literal["planned", "built", "uploading", "uploaded", "verified", "released", "burned"]
FileState = Literal["planned", "uploading", "stored", "verified"]
Command = Literal["plan", "build", "upload", "verify", "resume", "status"]
# The bill of materials, from `dist/`: it goes to GitHub with the files, and never to the index.
SBOM = "../sbom.cdx.json"
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$", description="a sha256 in hex digits")]
Commit = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$", description="a full commit hash")]
# A ledger may come from elsewhere: no name of its leads out of its folder.
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+!-]*$", description="a plain file name")]


class Prerequisite(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must hold before the first byte goes out.

    Attributes:
        status: `confirm` cannot be found out and waits for `--confirm NAME`.
        detail: What was seen, and where.
        remedy: The next thing to do, None when it passes.
    """

    name: str
    status: Literal["pass", "fail", "unknown", "confirm"]
    detail: str
    remedy: str | None = None


class ReleaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """One distribution file, whose bytes never change once it is here; `size` is in bytes."""

    name: FileName
    kind: Literal["sdist", "wheel"]
    sha256: Digest
    size: int
    state: FileState = "planned"
    detail: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the journal: what was tried or proved; `at` is ISO 8601 in UTC."""

    name: str
    status: Literal["pass", "fail", "unknown"]
    at: str
    detail: str = ""


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/release/1`: one release of one commit, from its plan to its end.

    Attributes:
        project: Normalized name.
        source_date_epoch: Seconds; the commit's time.
        tag: What the release's tag is, or will be, called.
        index: The index's address, without a path for PyPI: `https://pypi.org`.
        reason: Why it is burned.
        build_lock: Requirements of the build, with hashes.
        sbom: sha256 of `sbom.cdx.json`.
        steps: The journal, oldest first.
    """

    schema: str = LEDGER_SCHEMA
    project: str
    version: str
    commit: Commit
    source_date_epoch: int
    tag: str
    index: str
    state: State = "planned"
    reason: str | None = None
    prerequisites: tuple[Prerequisite, ...] = ()
    build_lock: str | None = None
    files: tuple[ReleaseFile, ...] = ()
    sbom: Digest | None = None
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    def file(self, name: str) -> ReleaseFile | None:
        """The file of that name."""
        return next((one for one in self.files if one.name == name), None)


class PublishReport(msgspec.Struct, frozen=True, kw_only=True):
    """The document `lockgate/publish/1` that every `publish` command prints.

    Attributes:
        dry_run: Nothing irreversible was done.
        folder: Where the ledger is.
        ledger: As it stands now; None when there is none.
        reason: Why the verdict is not pass.
        next: The one next command, None when there is nothing left to do.
    """

    schema: str = SCHEMA
    verdict: Verdict
    enforced: bool = True
    scope: Scope = Scope()
    seconds: float = 0.0
    command: Command
    dry_run: bool = False
    folder: str = ""
    ledger: Ledger | None = None
    reason: str | None = None
    next: str | None = None


def kind_of(name: str) -> Literal["sdist", "wheel"] | None:
    """What a distribution file is by its name; None when it is neither."""
    if name.endswith(".whl"):
        return "wheel"
    return "sdist" if re.fullmatch(r".+\.(tar\.gz|zip)", name) else None
