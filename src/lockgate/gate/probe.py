"""Runs inside the interpreter under test: the witness of what really happened there.

lockgate copies this file into each cell's environment as `lockgate_probe` and loads it with `-p`.
Python 3.8, standard library only (pytest and coverage are the project's own, whichever versions they are).
As a plugin it writes one JSON object a line to `$LOCKGATE_EVIDENCE`: who runs, what was collected, every
outcome, and that the session came to its own end. As a script it combines coverage data and reports.
"""

import atexit
import json
import os
import sys

_EXCERPT = 6000
_READS = 5000
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR


class _Evidence:
    """The evidence file; a line is one `write` to a file opened for appending, so a kill loses no earlier line."""

    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        self._pid = os.getpid()

    def say(self, event, **facts):
        if os.getpid() == self._pid:  # a forked child has no say
            facts["event"] = event
            os.write(self._file, (json.dumps(facts) + "\n").encode("utf-8", "backslashreplace"))


class _Files:
    """Which files this process read and wrote, from the interpreter's own audit events."""

    def __init__(self):
        self._read, self._written, self._mutated = set(), set(), set()
        self._git = False
        self._listening = True
        sys.addaudithook(self._hear)

    def _hear(self, event, arguments):
        if event == "open":
            if self._listening:
                self._opened(*arguments)
        elif event == "subprocess.Popen":
            self._git = self._git or os.path.basename(os.fsdecode(arguments[0] or "")) == "git"
        elif event == "sqlite3.connect" and self._listening:
            self._opened(arguments[0], None, os.O_RDWR)

    def _opened(self, path, _mode, flags):
        if type(path) is not str:
            if not isinstance(path, (bytes, os.PathLike)):
                return
            path = os.fsdecode(path)
        if path[:1] != "/":
            path = os.path.abspath(path)
        if not flags & _WRITE_FLAGS:
            if path not in self._written and len(self._read) <= _READS:
                self._read.add(path)
        elif path in self._read or (flags & os.O_RDWR and not flags & os.O_TRUNC and os.path.exists(path)):
            self._mutated.add(path)
        else:
            self._written.add(path)

    def close(self):
        """The sets as event fields, without what belongs to the interpreter and its environment."""
        self._listening = False
        homes = {os.path.join(p, "") for p in (sys.prefix, sys.base_prefix, sys.exec_prefix, "/proc", "/dev", "/sys")}
        homes |= {os.path.join(os.path.realpath(p), "") for p in (sys.prefix, sys.base_prefix)}
        own = tuple(homes)
        read, written, mutated = (
            sorted(path for path in paths if not path.startswith(own))
            for paths in (self._read, self._written - self._mutated, self._mutated)
        )
        incomplete = len(self._read) > _READS
        return {"read": read, "written": written, "mutated": mutated, "git": self._git, "incomplete": incomplete}


class _Coverage:
    """Measures from before the project is imported; steps aside when the project runs pytest-cov itself."""

    def __init__(self, data_file):
        self._cov = None
        self._pid = os.getpid()
        import coverage

        self._cov = coverage.Coverage(data_file=data_file, config_file=True, messages=False)
        self._cov.start()
        atexit.register(self.save)

    def step_aside(self):
        if self._cov is not None:
            self._cov.stop()
            self._cov = None

    def save(self):
        if self._cov is not None and os.getpid() == self._pid:
            cov, self._cov = self._cov, None
            cov.stop()
            cov.save()


def _is_worker(config):
    return hasattr(config, "workerinput")


class _Witness:
    """The pytest plugin proper; only the main process of a session testifies to outcomes, xdist workers to who ran."""

    def __init__(self, evidence, coverage, files, only):
        self._say = evidence.say
        self._coverage = coverage
        self._files = files
        self._only = only
        self._config = None
        self._counts = {}
        self._deselected = 0

    def configure(self, config):
        self._config = config
        import pytest

        self._say(
            "start",
            worker=_is_worker(config),
            python=".".join(map(str, sys.version_info[:3])),
            implementation=sys.implementation.name,
            prefix=sys.prefix,
            pytest=pytest.__version__,
            rootdir=str(getattr(config, "rootpath", None) or config.rootdir),
        )

    def modify_items(self, config, items):
        if self._only is None:
            return
        kept = [item for item in items if item.nodeid in self._only]
        dropped = [item for item in items if item.nodeid not in self._only]
        items[:] = kept
        if dropped:
            config.hook.pytest_deselected(items=dropped)

    def collected(self, session):
        if not _is_worker(session.config):
            self._say("collected", count=len(session.items))

    def report(self, report):
        if self._config is None or _is_worker(self._config):
            return
        category = self._config.hook.pytest_report_teststatus(report=report, config=self._config)[0]
        if category:
            self._counts[category] = self._counts.get(category, 0) + 1
        if report.failed:
            self._say("bad", id=report.nodeid, when=report.when, **_where(report))
        if report.when == "teardown":
            self._say("done", id=report.nodeid)

    def collect_report(self, report):
        if report.failed and self._config is not None and not _is_worker(self._config):
            self._counts["error"] = self._counts.get("error", 0) + 1
            self._say("bad", id=report.nodeid, when="collect", **_where(report))

    def finish(self, session, exitstatus):
        self._say("files", **self._files.close())
        if _is_worker(session.config):
            if self._coverage:
                self._coverage.save()  # a worker may be ended before its exit handlers
            return
        self._say(
            "finish",
            status=int(exitstatus),
            collected=session.testscollected,
            deselected=self._deselected,
            counts=self._counts,
        )


def _where(report):
    """Where a failed report points to, and the end of what it has to say."""
    path, line, message = None, None, ""
    crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
    if crash is not None:
        path, line, message = str(crash.path), crash.lineno, str(crash.message)
    elif getattr(report, "location", None):
        path, line = report.location[0], (report.location[1] or 0) + 1
    try:
        text = str(report.longreprtext)
    except Exception as error:  # noqa: BLE001  (an exception's own repr may raise)
        text = "pytest could not render this failure: %s" % type(error).__name__
    if not message:
        lines = [part for part in text.splitlines() if part.strip()]
        message = next((part[1:].strip() for part in reversed(lines) if part.startswith("E ")), lines[-1] if lines else "")
    function = getattr(report, "location", (None, None, None))[2]
    start = report.location[1] if getattr(report, "location", None) else None
    return {
        "path": path,
        "line": line,
        "message": message[:_EXCERPT],
        "excerpt": text[-_EXCERPT:],
        "test": function,
        "defined": None if start is None else start + 1,
    }


def _only():
    path = os.environ.get("LOCKGATE_ONLY")
    if not path:
        return None
    with open(path, encoding="utf-8") as file:
        return frozenset(json.load(file))


def _plugin():
    """Hooks as module globals: made at import when lockgate is listening, absent otherwise."""
    evidence = _Evidence(os.environ["LOCKGATE_EVIDENCE"])
    evidence.say("loaded")
    coverage = None
    if os.environ.get("LOCKGATE_COVERAGE"):
        coverage = _Coverage(os.environ["LOCKGATE_COVERAGE"])
    witness = _Witness(evidence, coverage, _Files(), _only())
    import pytest

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(early_config):
        options = early_config.known_args_namespace
        if coverage and getattr(options, "cov_source", None) and not getattr(options, "no_cov", False):
            coverage.step_aside()

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(config):
        witness.configure(config)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(config, items):
        witness.modify_items(config, items)

    def pytest_deselected(items):
        witness._deselected += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(session):
        witness.collected(session)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(node, ids):
        evidence.say("collected", count=len(ids))

    def pytest_runtest_logstart(nodeid, location):
        if witness._config is not None and not _is_worker(witness._config):
            evidence.say("run", id=nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(report):
        witness.report(report)

    def pytest_collectreport(report):
        witness.collect_report(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(session, exitstatus):
        witness.finish(session, getattr(session, "exitstatus", exitstatus))

    return {name: hook for name, hook in locals().items() if name.startswith("pytest_")}


def _combine(data_files, data_file, report):
    """Combine `data_files` into `data_file` and write coverage's JSON report; a broken file is an error, not a gap."""
    import coverage

    for path in data_files:
        data = coverage.CoverageData(basename=path)
        data.read()
        if not data.measured_files():
            raise SystemExit("%s: holds no measured file" % path)
    cov = coverage.Coverage(data_file=data_file, config_file=True, messages=False)
    cov.combine(list(data_files), strict=True, keep=True)
    cov.save()
    cov.set_option("report:fail_under", 0)
    cov.json_report(outfile=report, show_contexts=False)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as request:
        _combine(**json.load(request))
elif os.environ.get("LOCKGATE_EVIDENCE"):
    globals().update(_plugin())
