"""What running one check yields: the result that is shown, and what the cache needs to know besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from lockgate.gate.environments import Environment
from lockgate.gate.plan import Step
from lockgate.gate.reads import STATE, VARIABLE
from lockgate.model.gate import Check, Coverage
from lockgate.model.project import Project
from lockgate.ports.process import Cancel, Command, Finished, run


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A check's result with its traces.

    Attributes:
        output: The tool's own output, for `-v` and for failures without a problem.
        data: Coverage data files.
        reads: Absolute paths of files that the check read, as far as it can tell, and of folders (`…/`) that it listed.
        looks: What it saw where it only looked at files, by `reads.look`'s key.
        wrote: Absolute paths of files that it only wrote, and of folders (`…/`) that it made.
        mutated: Absolute paths of files that it read and then changed.
        asked_git: It ran git.
        cacheable: A pass may be reused.
        identity: The environment's identity when the check began.
        root: The project's folder on the machine where `data` was measured, when that was another one.
        attempts: What became of each attempt to install the environment, when the first one failed.
    """

    check: Check
    output: str = ""
    data: tuple[Path, ...] = ()
    reads: tuple[str, ...] = ()
    looks: dict[str, str] = {}
    wrote: tuple[str, ...] = ()
    mutated: tuple[str, ...] = ()
    asked_git: bool = False
    cacheable: bool = True
    identity: str = ""
    coverage: Coverage | None = None
    root: str = ""
    attempts: tuple[str, ...] = ()


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a running check may use.

    Attributes:
        surroundings: Environment variables that the check sees.
        folder: The check's own folder in this run, for its files.
        memory: A folder that tools may keep their caches in.
        data: Coverage data files by name of the test cell, for the coverage check.
        roots: The project's folder where a cell's data was measured, by its name, when that was another machine.
        again: Options that lead a pasted command to this project, e.g. ` -C ../other`.
        progress: Called with tests done and tests collected.
    """

    project: Project
    step: Step
    environment: Environment
    surroundings: dict[str, str]
    folder: Path
    memory: Path
    cancel: Cancel
    pytest_args: tuple[str, ...] = ()
    data: dict[str, tuple[Path, ...]] = {}
    roots: dict[str, str] = {}
    again: str = ""
    progress: Callable[[int, int], None] = lambda _done, _total: None

    @property
    def reads(self) -> Path:
        """Where Python processes of the check say what they read."""
        return self.folder / "reads.jsonl"

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        split: bool = False,
        watched: bool = True,
        timeout: float | None = None,
        on_tick: Callable[[], None] = lambda: None,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> Finished:
        """Run a command of the environment in the project's folder; `watched` lets its Python processes testify."""
        own = {
            "PATH": f"{self.environment.folder / 'bin'}:{self.surroundings.get('PATH', '')}",
            "VIRTUAL_ENV": str(self.environment.folder),
            STATE: str(self.memory.parent),
            **({VARIABLE: str(self.reads)} if watched else {}),
        }
        command = Command(
            argv=tuple(map(str, argv)),
            cwd=self.project.root,
            environment={**self.surroundings, **own, **extra},
            timeout=timeout,
            split=split,
        )
        return run(command, self.cancel, on_tick)

    def relative(self, path: str) -> str:
        """A path as users know it: relative to the project when it is inside."""
        absolute = Path(path) if path.startswith("/") else self.project.root / path
        try:
            return absolute.relative_to(self.project.root).as_posix()
        except ValueError:
            return str(absolute)


def unknown(name: str, reason: str, output: str = "", **facts: float) -> Outcome:
    """A check that could not give an answer."""
    return Outcome(check=Check(name=name, status="unknown", reason=reason, **facts), output=output)  # type: ignore[arg-type]


def ended_early(name: str, done: Finished, tool: str, timeout: float | None) -> Outcome | None:
    """The outcome of a command that was stopped or never started; None when it ended by itself."""
    if done.cancelled:
        return Outcome(check=Check(name=name, status="skipped", reason="stopped", seconds=done.seconds))
    if done.timed_out:
        reason = f"{tool} did not end within {timeout:g} s"
        return Outcome(check=Check(name=name, status="fail", reason=reason, seconds=done.seconds), output=done.output)
    if done.code is None:
        return unknown(name, f"{tool} could not be started: {done.error}")
    return None
