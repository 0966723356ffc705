"""Reads what the probe wrote: a test session's testimony about itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

import msgspec

from lockgate.model.gate import Tests
from lockgate.ports.tree import is_cache


class _Event(msgspec.Struct):
    """One line; which fields are set depends on `event`."""

    event: str
    worker: bool = False
    python: str = ""
    implementation: str = ""
    prefix: str = ""
    rootdir: str = ""
    id: str = ""
    when: str = ""
    path: str | None = None
    line: int | None = None
    defined: int | None = None
    test: str | None = None
    message: str = ""
    excerpt: str = ""
    count: int = 0
    distinct: int = 0
    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    mutated: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    looks: dict[str, str] = {}
    git: bool = False
    incomplete: bool = False
    status: int = 0
    collected: int = 0
    deselected: int = 0
    passed: bool = False
    failures: int = 0
    counts: dict[str, int] = {}


class Bad(msgspec.Struct, frozen=True):
    """A failed test, a failed fixture or a file that could not be collected (`when` is `collect`)."""

    id: str
    when: str
    message: str
    excerpt: str
    path: str | None
    line: int | None
    test: str | None
    defined: int | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The testimony.

    Attributes:
        loaded: The probe was loaded at all.
        pythons: (implementation, version, prefix) of every process that ran tests.
        unfinished: Collected tests that were never done; one that a plugin runs again is the same test.
        finished: Exit status by pytest's own word, or None when the session did not come to its end.
        running: The test that was running last, when the session did not come to its end.
        passed: Node ids of the tests that passed.
        unexplained: More failed than tests did, e.g. the project's own `--cov-fail-under`.
        looks: What was to be seen where files were only looked at, by `reads.look`'s key.
    """

    loaded: bool
    pythons: tuple[tuple[str, str, str], ...]
    rootdir: str
    collected: int | None
    done: int
    unfinished: int
    running: str | None
    bad: tuple[Bad, ...]
    finished: int | None
    passed: frozenset[str]
    unexplained: bool
    tests: Tests | None
    reads: tuple[str, ...]
    looks: dict[str, str]
    wrote: tuple[str, ...]
    mutated: tuple[str, ...]
    asked_git: bool
    complete: bool


class Follower:
    """Reads an evidence file while it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self.events: list[_Event] = []
        self.done = 0
        self.collected = 0

    def read(self) -> None:
        """Take in the lines that are new; half a line waits for its other half."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return
        self._offset += len(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError):  # a line torn by a full disk proves nothing
                event = msgspec.json.decode(line, type=_Event)
                self.events.append(event)
                self.done += event.event == "done"
                if event.event == "collected":
                    self.collected = event.count

    def session(self) -> Session:
        """The testimony as far as it goes."""
        self.read()
        by_kind: dict[str, list[_Event]] = {}
        for event in self.events:
            by_kind.setdefault(event.event, []).append(event)
        starts, files = by_kind.get("start", []), by_kind.get("files", [])
        made = frozenset(_union(files, "made"))
        finish = next(iter(by_kind.get("finish", [])), None)
        finished_tests = {event.id for event in by_kind.get("done", [])}
        running = [event.id for event in by_kind.get("run", []) if event.id not in finished_tests]
        return Session(
            loaded="loaded" in by_kind,
            pythons=tuple(dict.fromkeys((one.implementation, one.python, one.prefix) for one in starts)),
            rootdir=next((one.rootdir for one in starts if not one.worker), ""),
            collected=self.collected if "collected" in by_kind else None,
            done=len(finished_tests),
            unfinished=max((event.distinct for event in by_kind.get("collected", [])), default=0) - len(finished_tests),
            running=running[-1] if running and finish is None else None,
            bad=tuple(_bad(event) for event in by_kind.get("bad", [])),
            passed=frozenset(event.id for event in by_kind.get("done", []) if event.passed),
            unexplained=finish is not None and finish.failures > len(by_kind.get("bad", [])),
            finished=finish.status if finish else None,
            tests=_tests(finish) if finish else None,
            reads=_lasting(_union(files, "read"), made),
            looks=_lasting_looks(files, made),
            wrote=(*_union(files, "written"), *(f"{path}/" for path in sorted(made))),
            # What one process read and another wrote: nobody knows which came first.
            mutated=(*_union(files, "mutated"), *{*_union(files, "read")}.intersection(_union(files, "written"))),
            asked_git=any(one.git for one in files),
            complete=bool(files) and not any(one.incomplete for one in files),
        )


def _union(files: list[_Event], field: str) -> tuple[str, ...]:
    return tuple(sorted({path for one in files for path in getattr(one, field)}))


def _lasting(reads: tuple[str, ...], made: Collection[str]) -> tuple[str, ...]:
    """Reads without those in folders that the session made, and without the listings that show those folders."""
    around = {f"{os.path.dirname(path)}/" for path in made if not is_cache(os.path.basename(path))}  # noqa: PTH119, PTH120
    return tuple(path for path in reads if path not in around and not _is_below(made, path))


def _lasting_looks(files: list[_Event], made: Collection[str]) -> dict[str, str]:
    """Looks at what the session neither made nor wrote."""
    touched = {*_union(files, "written"), *_union(files, "mutated")}
    seen = {key: (key.lstrip("@!"), what) for one in files for key, what in one.looks.items()}
    return {key: what for key, (path, what) in seen.items() if path not in touched and not _is_below(made, path)}


def _is_below(folders: Collection[str], path: str) -> bool:
    """Whether `path` is one of `folders` or in one of them."""
    while path not in folders and path != "/" and path:
        path = os.path.dirname(path)  # noqa: PTH120
    return path in folders


def _bad(event: _Event) -> Bad:
    return Bad(*(event.id, event.when, event.message, event.excerpt, event.path, event.line, event.test, event.defined))


def _tests(finish: _Event) -> Tests:
    counts = finish.counts
    return Tests(
        collected=finish.collected,
        passed=counts.get("passed", 0),
        failed=counts.get("failed", 0),
        skipped=counts.get("skipped", 0),
        errors=counts.get("error", 0),
        xfailed=counts.get("xfailed", 0),
        xpassed=counts.get("xpassed", 0),
        deselected=finish.deselected,
    )
