"""What an adapter may use: the files, the tools, and one way to run them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from lockgate.model.duration import parse_duration
from lockgate.model.errors import UnknownError
from lockgate.model.project import Project
from lockgate.ports import history, surroundings, uv
from lockgate.ports.process import Cancel, Command, Finished, run, signal_name
from lockgate.scan.answer import BrokenError, StoppedError
from lockgate.scan.source import Module, parse, source_files
from lockgate.scan.toolbox import Toolbox, versions

_Type = TypeVar("_Type")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What of the command line adapters need.

    Attributes:
        osv: The vulnerability service that is asked instead of the table's.
        sarif: Reports of other tools by name.
        needs: Result by name of the jobs that this one waited for (GitHub's `needs`).
        offline: Ask no service and no index.
    """

    osv: str | None = None
    sarif: dict[str, Path] = {}
    needs: dict[str, str] = {}
    offline: bool = False


class Context:
    """One scan of one project."""

    def __init__(
        self,
        *,
        project: Project,
        folder: Path,
        toolbox: Toolbox,
        cancel: Cancel,
        wishes: Wishes | None = None,
        note: Callable[[str], None] = lambda _what: None,
    ) -> None:
        self.project = project
        self.root = project.root
        self.wishes = wishes or Wishes()
        self.limit = parse_duration(project.config.scan.timeout)
        self.note = note
        self.cancel = cancel
        self._toolbox = toolbox
        self._folder = folder
        # Value by fingerprint of what the secret scanners found: never written anywhere, and hidden in every report.
        self.secrets: dict[str, str] = {}
        self._parsing = threading.Lock()
        self._staging = threading.Lock()
        self._stage: tuple[Path, int] | None = None
        self._modules: tuple[Module, ...] | None = None

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Files of the tree, relative to the project: tracked ones, and those that git does not ignore."""
        return history.files(self.root)

    @functools.cached_property
    def in_git(self) -> bool:
        """Whether the project lies in a git repository."""
        return history.top(self.root) is not None

    @property
    def modules(self) -> tuple[Module, ...]:
        """The package's source, parsed once.

        Raises:
            BrokenError: There is none, or a file of it cannot be parsed.
        """
        with self._parsing:
            if self._modules is None:
                names = source_files(self.files)
                if not names:
                    raise BrokenError(
                        "no Python source was found", "is this the package's folder? -C DIR names another"
                    )
                self._modules = tuple(parse(self.root, name) for name in names)
            return self._modules

    def staged(self, make: Callable[[Context], tuple[Path, int]]) -> tuple[Path, int]:
        """The tree as secret scanners are shown it, made once."""
        with self._staging:
            if self._stage is None:
                self._stage = make(self)
            return self._stage

    def memory(self, name: str) -> Path:
        """A folder that a tool may keep what it computes from its own rules in."""
        return self._toolbox.folder.parent / f"{self._toolbox.folder.name}-{name}"

    def place(self, name: str) -> Path:
        """A new folder of this scan's own."""
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def run(
        self, tool: str, *arguments: str | Path, codes: frozenset[int], quote: bool = True, online: bool = False
    ) -> Finished:
        """Run a tool to its end in the project's folder, without secrets, and without network unless `online`.

        Args:
            tool: Its name in the toolbox, or `uv`.
            arguments: What follows its name.
            codes: Exit codes with which the tool says that it did its work.
            quote: Its own words may be shown: not those of a tool that has seen secrets.
            online: It may speak to others.

        Raises:
            BrokenError: It is missing, could not be started, was too slow, or ended in another way.
            StoppedError: The user stopped the scan.
        """
        program = _uv() if tool == "uv" else self._toolbox.program(tool)
        home = str(self.place(f"home-{tool}"))
        environment = (
            surroundings.for_scanning_uv(home, str(self.memory("uv")))
            if tool == "uv"
            else surroundings.for_scanners(home, online=online)
        )
        if arguments[0] == "audit":
            environment["UV_HTTP_RETRIES"] = "0"  # the relay asks again where that helps
        command = Command(
            argv=(str(program), *map(str, arguments)),
            cwd=self.root,
            environment=environment,
            timeout=self.limit,
            split=True,
        )
        done = run(command, self.cancel)
        if done.cancelled:
            raise StoppedError
        if done.timed_out:
            raise BrokenError(
                f"{tool} did not end within {self.limit:g} s",
                "give it more time with `timeout` in [tool.lockgate.scan]",
            )
        if done.code is None:
            raise BrokenError(f"{tool} could not be started: {done.error}", "run `lockgate doctor`")
        if done.dropped:
            raise BrokenError(f"{tool} wrote more than can be read")
        if done.code not in codes:
            ending = f"exit {done.code}" if done.code >= 0 else signal_name(done.code)
            raise BrokenError(f"{tool} failed ({ending}){_said(done.error) if quote else ''}")
        return done


def _said(text: str) -> str:
    """The tool's own words: from its `error:` line to the end of the causes, without a stack."""
    lines = [line.strip() for line in text.partition("Stack backtrace")[0].splitlines() if line.strip()]
    first = next((n for n, line in enumerate(lines) if line.lower().startswith(("error", "fatal"))), len(lines) - 1)
    said = " ".join(lines[max(first, 0) : first + 4])[:400]
    return f": {said}" if said else ""


def _uv() -> Path:
    try:
        return uv.find_uv()
    except UnknownError as error:
        raise BrokenError(error.message, error.hint) from error


def tool_versions(*names: str) -> dict[str, str]:
    """Version by name of locked tools."""
    return {name: versions()[name] for name in names}


def decode(text: str, type_: type[_Type], tool: str) -> _Type:
    """A tool's JSON.

    Raises:
        BrokenError: It is something else, or cut short.
    """
    try:
        return msgspec.json.decode(text, type=type_)
    except (msgspec.DecodeError, RecursionError):
        # The decoder's words could quote what the tool has found.
        raise BrokenError(f"{tool}'s answer could not be read: {len(text)} characters, no complete report") from None
