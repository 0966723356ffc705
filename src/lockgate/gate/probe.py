"""Runs inside the interpreter under test: the witness of what really happened there.

lockgate copies this file into each cell's environment as `lockgate_probe` and loads it with `-p`; `lockgate_reads`
(reads.py) lies beside it.
Python 3.8, standard library only (pytest and coverage are the project's own, whichever versions they are).
As a plugin it writes one JSON object a line to `$LOCKGATE_EVIDENCE`: who runs, what was collected, every
outcome, and that the session came to its own end. As a script it combines coverage data and reports.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import warnings
from typing import Any, Callable, Dict, FrozenSet, Generator, List, Optional, Set

_EXCERPT = 6000


class _Evidence:
    """The evidence file; a line is one `write` to a file opened for appending, so a kill loses no earlier line."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        # Tests may replace these, even the whole of `os`, while a test is reported.
        self._getpid, self._write = os.getpid, os.write
        self.pid = os.getpid()

    def say(self, event: str, **facts: Any) -> None:
        if self._getpid() == self.pid:  # a forked child has no say
            self.tell(json.dumps({"event": event, **facts}, ensure_ascii=False))

    def tell(self, line: str) -> None:
        # What is no valid Unicode would make the line unreadable.
        self._write(self._file, f"{line}\n".encode("utf-8", "replace"))


class _Coverage:
    """Measures from before the project is imported; steps aside when the project runs pytest-cov itself."""

    def __init__(self, data_file: str) -> None:
        import coverage

        self._pid = os.getpid()
        # With a suffix of their own, xdist's workers do not overwrite one another's data.
        self._cov: Optional[Any] = coverage.Coverage(
            data_file=data_file, data_suffix=True, config_file=True, messages=False
        )
        self._cov.start()
        atexit.register(self.save)

    def step_aside(self, *, branches: bool) -> None:
        """Leave the rest to pytest-cov, which began too late for a package that is a plugin itself."""
        if self._cov is not None and bool(self._cov.get_option("run:branch")) >= branches:
            self.save()
        elif self._cov is not None:  # lines alone cannot be combined with branches
            self._cov.stop()
            self._cov = None

    def save(self) -> None:
        if self._cov is not None and os.getpid() == self._pid:
            cov, self._cov = self._cov, None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the project's `-W error` does not mean our measuring
                cov.stop()
                cov.save()
                data = cov.get_data()
            if not data.measured_files():  # e.g. xdist's main process: it runs no test
                os.unlink(data.data_filename())


class _Witness:
    """The plugin proper; the main process of a session testifies to outcomes, xdist workers to who ran."""

    def __init__(self, say: Callable[..., None], files: Any, coverage: Optional[_Coverage]) -> None:
        self._say = say
        self._files = files
        self._coverage = coverage
        self._only = _only()
        self._config: Any = None
        self._counts: Dict[str, int] = {}
        self._passed: Set[str] = set()
        self._deselected = 0

    def _testifies(self) -> bool:
        return self._config is not None and not hasattr(self._config, "workerinput")

    def options(self, options: Any) -> None:
        if self._coverage and getattr(options, "cov_source", None) and not getattr(options, "no_cov", False):
            self._coverage.step_aside(branches=bool(getattr(options, "cov_branch", None)))

    def configure(self, config: Any) -> None:
        import pytest

        self._config = config
        self._say(
            "start",
            worker=not self._testifies(),
            python=".".join(map(str, sys.version_info[:3])),
            implementation=sys.implementation.name,
            prefix=sys.prefix,
            pytest=pytest.__version__,
            rootdir=str(getattr(config, "rootpath", None) or config.rootdir),
        )

    def modify_items(self, config: Any, items: List[Any]) -> None:
        if self._only is None:
            return
        dropped = [item for item in items if item.nodeid not in self._only]
        items[:] = [item for item in items if item.nodeid in self._only]
        if dropped:
            config.hook.pytest_deselected(items=dropped)

    def deselected(self, items: List[Any]) -> None:
        self._deselected += len(items)

    def collected(self, ids: List[str]) -> None:
        if self._testifies():
            self._say("collected", count=len(ids), distinct=len(set(ids)))

    def began(self, nodeid: str) -> None:
        if self._testifies():
            self._say("run", id=nodeid)

    def reported(self, report: Any) -> None:
        if not self._testifies():
            return
        status = self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        category = status[0] if status else report.outcome  # with `-p no:terminal` nobody answers
        if category:
            self._counts[category] = self._counts.get(category, 0) + 1
        if report.failed:
            self._say("bad", id=report.nodeid, when=report.when, **_where(report))
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        if report.when not in ("setup", "call"):  # a crashed xdist worker has no teardown
            self._say("done", id=report.nodeid, passed=report.nodeid in self._passed)

    def collection_reported(self, report: Any) -> None:
        if report.passed or not self._testifies():
            return
        category = "error" if report.failed else "skipped"  # a module that skips itself counts as one test
        self._counts[category] = self._counts.get(category, 0) + 1
        if report.failed:
            self._say("bad", id=report.nodeid, when="collect", **_where(report))

    def finished(self, session: Any, exitstatus: int) -> None:
        if self._testifies():
            self._say(
                "finish",
                status=int(exitstatus),
                collected=session.testscollected,
                deselected=self._deselected,
                counts=self._counts,
                failures=session.testsfailed,
            )
        elif self._coverage:
            self._coverage.save()  # a worker may be ended before its exit handlers
        try:
            self._say("files", **self._files.close())
        except OSError:  # no room: what is not told is not kept
            return


def _where(report: Any) -> Dict[str, Any]:
    """Where a failed report points to, and the end of what it has to say."""
    path, line, message = None, None, ""
    location = getattr(report, "location", None) or (None, None, None)
    defined = None if location[1] is None else location[1] + 1
    longrepr = getattr(report, "longrepr", None)
    crash = getattr(longrepr, "reprcrash", None)
    if crash is None:  # a doctest
        crash = next((place for place, _ in getattr(longrepr, "reprlocation_lines", ())), None)
    if crash is not None:
        path, line, message = str(crash.path), crash.lineno, str(crash.message)
    elif location[0] is not None:
        path, line = location[0], defined
    try:
        text = str(report.longreprtext)
    except Exception as error:  # noqa: BLE001  (an exception's own repr may raise)
        text = f"pytest could not render this failure: {type(error).__name__}"
    if not message:
        lines = [part for part in text.splitlines() if part.strip()]
        marked = [part[1:].strip() for part in lines if part.startswith("E ")]
        message = (marked or lines or [""])[-1]
    return {
        "path": path,
        "line": line,
        "message": message[:_EXCERPT],
        "excerpt": text[-_EXCERPT:],
        "test": location[2],
        "defined": defined,
    }


def _only() -> Optional[FrozenSet[str]]:
    """Node ids to run when failed tests are run again."""
    path = os.environ.get("LOCKGATE_ONLY")
    if not path:
        return None
    with open(path, encoding="utf-8") as file:
        return frozenset(json.load(file))


def _hooks() -> Dict[str, Callable[..., Any]]:  # noqa: C901  (a list of hooks)
    """Pytest's hooks by name; made only where lockgate listens."""
    import lockgate_reads

    evidence = _Evidence(os.environ["LOCKGATE_EVIDENCE"])
    evidence.say("loaded")
    files = lockgate_reads.Files(evidence.pid, evidence.tell)
    files.stand_in()
    # Children are watched from their start.
    os.environ[lockgate_reads.VARIABLE] = os.environ["LOCKGATE_EVIDENCE"]
    data_file = os.environ.get("LOCKGATE_COVERAGE")
    witness = _Witness(evidence.say, files, _Coverage(data_file) if data_file else None)
    import pytest

    @pytest.hookimpl(hookwrapper=True)  # a wrapper comes before pytest-cov's own tryfirst
    def pytest_load_initial_conftests(early_config: Any) -> Generator[None, Any, None]:
        witness.options(early_config.known_args_namespace)
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(config: Any) -> None:
        witness.configure(config)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(config: Any, items: List[Any]) -> None:
        witness.modify_items(config, items)

    def pytest_deselected(items: List[Any]) -> None:
        witness.deselected(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(session: Any) -> None:
        witness.collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(ids: List[str]) -> None:
        witness.collected(ids)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtestloop() -> Generator[None, Any, None]:
        yield
        files.stand_down()

    def pytest_runtest_logstart(nodeid: str) -> None:
        witness.began(nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(report: Any) -> None:
        witness.reported(report)

    def pytest_collectreport(report: Any) -> None:
        witness.collection_reported(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
        witness.finished(session, getattr(session, "exitstatus", exitstatus))

    return {name: hook for name, hook in locals().items() if name.startswith("pytest_")}


def _combine(cells: List[List[str]], roots: List[str], here: str, data_file: str, report: str, fail_under: str) -> None:
    """Combine the cells' data files and write coverage's JSON report; a broken file is an error, not a gap."""
    import coverage

    telling: List[str] = []
    for paths, root in zip(cells, roots):  # noqa: B905  (Python 3.8)
        measured = [path for path in paths if _measured(path)]
        if not measured:
            raise SystemExit(f"{', '.join(paths)}: hold no measured file")
        for path in measured:
            telling.append(_moved(path, root, here, f"{data_file}-{len(telling)}") if root not in ("", here) else path)
    cov = coverage.Coverage(data_file=data_file, config_file=True, messages=False)
    cov.combine(telling, strict=True, keep=True)
    cov.save()
    with open(fail_under, "w", encoding="utf-8") as file:
        json.dump(cov.get_option("report:fail_under"), file)
    cov.set_option("report:fail_under", 0)
    cov.json_report(outfile=report, show_contexts=False)


def _measured(path: str) -> bool:
    """Whether a data file holds anything: a child process may have run none of the project's code."""
    import coverage

    if os.path.getsize(path) == 0:  # coverage would take it for a new one
        raise SystemExit(f"{path}: is empty")
    data = coverage.CoverageData(basename=path)
    data.read()
    return bool(data.measured_files())


def _moved(path: str, root: str, here: str, target: str) -> str:
    """A copy of a data file in which what was measured below `root` lies below `here`."""
    import coverage

    data = coverage.CoverageData(basename=path)
    data.read()
    moved = coverage.CoverageData(basename=target)
    read: Callable[[str], Any] = data.arcs if data.has_arcs() else data.lines
    add: Callable[[Dict[str, Any]], None] = moved.add_arcs if data.has_arcs() else moved.add_lines
    add({})  # files of which nothing ran count too, whichever kind of data this is
    for old in data.measured_files():
        inside = old.startswith(os.path.join(root, ""))
        new = os.path.join(here, os.path.relpath(old, root)) if inside else old
        add({new: read(old) or []})
        moved.touch_file(new, data.file_tracer(old) or "")
    moved.write()
    return target


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as request:
        _combine(**json.load(request))
elif __name__ == "lockgate_probe":  # as the plugin, not where lockgate's own tests import it
    globals().update(_hooks())
