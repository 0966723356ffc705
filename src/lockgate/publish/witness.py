"""Runs inside the test session against a wheel (Python 3.8, standard library only): tells whose code was tested."""

import json
import os
import sys
from pathlib import Path
from typing import Any

_COUNTS = {"passed": 0, "failed": 0, "skipped": 0}


def pytest_runtest_logreport(report: Any) -> None:
    """Count a test once: by its call, or by a setup or teardown that ended otherwise."""
    if report.when == "call" or report.outcome != "passed":
        _COUNTS[report.outcome] += 1


def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
    """Leave what this process saw: workers of xdist see the imports, their controller the outcomes."""
    modules = json.loads(os.environ["LOCKGATE_MODULES"])
    where = {name: getattr(sys.modules[name], "__file__", None) for name in modules if name in sys.modules}
    is_worker = hasattr(session.config, "workerinput")
    said = {"where": where, "counts": {} if is_worker else _COUNTS, "exit": None if is_worker else int(exitstatus)}
    Path(os.environ["LOCKGATE_TRIAL"], f"{os.getpid()}.json").write_text(json.dumps(said), encoding="utf-8")
