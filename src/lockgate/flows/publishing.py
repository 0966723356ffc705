"""What all `publish` commands share: the release's folder, held; its index; and how its report is told."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from packaging.version import InvalidVersion, Version

from lockgate.flows import told
from lockgate.flows.rehearsal import NAME
from lockgate.model.errors import UnknownError, UsageError
from lockgate.model.project import Project, normalize
from lockgate.model.release import Ledger, PublishReport
from lockgate.model.verdict import EXIT_CODES
from lockgate.ports import actions, releases
from lockgate.ports.console import Console
from lockgate.ports.pyproject import read_project
from lockgate.ports.state import open_state
from lockgate.publish.ledger import contradictions, next_command, refuse_other
from lockgate.publish.words import render

INDEXES = {"pypi": "https://pypi.org", "testpypi": "https://test.pypi.org"}


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says; `no_run` and `wheels` are those of `plan` and `build`."""

    directory: Path
    version: str
    config_file: Path | None = None
    ledger: Path | None = None
    index: str | None = None
    confirm: tuple[str, ...] = ()
    dry_run: bool = False
    wait: str | None = None
    format_: str = "text"
    no_run: bool = False
    wheels: tuple[Path, ...] = ()


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """A release's folder while this process holds it.

    Attributes:
        project: The package in the working tree; None where there is none, as in a job without a checkout.
        version: In its normal form.
        ledger: As it was read, None when there is none yet.
        index: The index's address.
    """

    project: Project | None
    version: str
    store: releases.Store
    ledger: Ledger | None
    index: str

    def needed(self) -> Ledger:
        """The ledger.

        Raises:
            UsageError: There is none.
        """
        if self.ledger is None:
            raise UsageError(
                f"{self.store.folder} has no release of {self.version} yet", f"lockgate publish plan {self.version}"
            )
        return self.ledger


def wishes_of(given: Mapping[str, Any]) -> Wishes:
    """The command's own parameters."""
    return Wishes(**{name: value for name, value in given.items() if name in Wishes.__struct_fields__})


def console_of(given: Mapping[str, Any]) -> Console:
    """The terminal as the options want it."""
    return Console(no_color=given["no_color"], quiet=given["quiet"])


def address(name: str) -> str:
    """The index's address by its name, or as it was given.

    Raises:
        UsageError: It is neither.
    """
    name = without_password(name)
    if name in INDEXES:
        return INDEXES[name]
    if name == NAME:
        return name
    if not name.startswith(("https://", "http://")):
        raise UsageError(f"--index {name}: give an address, or one of {', '.join(INDEXES)}, loopback")
    return name.rstrip("/").removesuffix("/simple")


def without_password(url: str) -> str:
    """The same address.

    Raises:
        UsageError: It holds credentials: what is in a ledger is no secret.
    """
    if re.search("://[^/]*@", url):
        raise UsageError(
            "the index's address holds a user name or a password, which the ledger would show",
            "leave it out; to send with one: UV_PUBLISH_USERNAME=… UV_PUBLISH_PASSWORD=…",
        )
    return url


@contextlib.contextmanager
def desk(wishes: Wishes, console: Console, *, make: bool = True) -> Iterator[Desk]:
    """The release's folder, held until the end; its ledger is of this project and version, or there is none.

    `make` it where there is none yet.

    Raises:
        UsageError: The version is none, or the ledger is of another release.
        UnknownError: The ledger is broken, or cannot be had.
    """
    try:
        version = str(Version(wishes.version))
    except InvalidVersion:
        raise UsageError(f"{wishes.version} is no version (PEP 440)", "write it like 1.2.0 or 1.2.0rc1") from None
    project = _project(wishes)
    if wishes.ledger is not None:
        folder = wishes.ledger.resolve()
    elif project is not None:
        folder = open_state(project.root) / "release" / version
    else:
        raise UsageError(f"there is no package in {wishes.directory}", "name the release's folder: --ledger DIR")
    told = False

    def waiting() -> bool:
        nonlocal told
        if not told:
            console.say(f"lockgate: waiting for another lockgate that works on {folder}")
            told = True
        return True

    with contextlib.ExitStack() as held:
        is_there = make or folder.exists()
        store = held.enter_context(releases.opened(folder, waiting)) if is_there else releases.Store(folder)
        ledger = store.read()
        if ledger is not None:
            name = ledger.project if project is None else normalize(project.name)
            refuse_other(ledger, project=name, version=version, index=wishes.index and address(wishes.index))
            wrong = contradictions(ledger)
            if wrong:
                raise UnknownError(f"{folder / 'ledger.json'} contradicts itself: {'; '.join(wrong)}")
        named = wishes.index or (ledger.index if ledger else "pypi")
        yield Desk(project=project, version=version, store=store, ledger=ledger, index=address(named))


def _project(wishes: Wishes) -> Project | None:
    if wishes.ledger is not None and not (wishes.directory / "pyproject.toml").is_file():
        return None
    return read_project(wishes.directory, wishes.config_file)


def again(wishes: Wishes, ledger: Ledger | None) -> str | None:
    """The one next command, as it has to be typed."""
    following = next_command(ledger)
    if following is None:
        return None
    folder = [] if wishes.directory == Path() else ["-C", str(wishes.directory)]
    where = [] if wishes.ledger is None else ["--ledger", str(wishes.ledger)]
    index = ["--index", wishes.index] if ledger is None and wishes.index else []
    return shlex.join(["lockgate", "publish", following, wishes.version, *where, *index, *folder])


def tell(report: PublishReport, wishes: Wishes, console: Console) -> int:
    """Print the report; returns the exit code of its verdict, 0 where it is only observed."""
    text = render(report, console.paint, quiet=console.quiet)
    if wishes.format_ == "json":
        console.document(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        console.result(text)
    if actions.is_here():
        plain = render(report, lambda words, _style: words, quiet=False)
        told.append_summary(f"```text\n{plain}```\n", console)
    return EXIT_CODES[report.verdict] if report.enforced else 0
