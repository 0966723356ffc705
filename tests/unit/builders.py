"""Projects, checks and reports as data, for the tests of pure functions."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from lockgate.model.decode import decode_config
from lockgate.model.gate import Check, Coverage, GateReport, Missing, Scope, Tests, verdict_of
from lockgate.model.problem import Problem
from lockgate.model.project import Project


def project(toml: str = "", *, files: Iterable[str] = (), **changes: Any) -> Project:  # noqa: ANN401
    """The project whose pyproject.toml is `toml`; `changes` are fields that are otherwise read from disk."""
    document = tomllib.loads(toml)
    table = document.get("tool", {}).get("lockgate")
    found = Project(
        root=Path("/somewhere/sample"),
        name="sample",
        config=decode_config(table or {}, file="pyproject.toml", text=toml),
        has_table=table is not None,
        config_file="pyproject.toml",
        document=document,
        files=frozenset(files),
        lock=None,
        pythons=("3.8", "3.12"),
        has_tests=True,
        ini={},
        setup_cfg="",
        hooks="",
    )
    return msgspec.structs.replace(found, **changes)


def report(*checks: Check, **changes: Any) -> GateReport:  # noqa: ANN401
    """A report of `checks` with the verdict that follows from them."""
    not_run = tuple(check.name for check in checks if check.status == "not-run")
    found = GateReport(
        verdict=verdict_of(checks),
        scope=Scope(partial=bool(not_run), not_run=not_run),
        seconds=1.5,
        commit="a" * 40,
        dirty=False,
        project="sample",
        checks=checks,
    )
    return msgspec.structs.replace(found, **changes)


# Any text that JSON can carry, and what people hide in it.
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(
        ["", "\x00\x1b[31m\x7f", "]]>&<\"'", "a|b`c``d", "%0A\r\n::error::,:", "\ufffe\uffff\u2028", "<script>", "é😀"]
    ),
)
NUMBERS = st.one_of(st.none(), st.integers(0, 10**6))
PROBLEMS = st.builds(
    Problem,
    tool=TEXT,
    message=TEXT,
    rule=st.one_of(st.none(), TEXT),
    severity=st.sampled_from(["error", "warning", "note"]),
    path=st.one_of(st.none(), TEXT.filter(bool)),
    line=NUMBERS,
    column=NUMBERS,
    help=st.one_of(st.none(), TEXT),
    excerpt=st.one_of(st.none(), TEXT),
)
COUNTS = st.integers(0, 1000)
CHECKS = st.builds(
    Check,
    name=st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True),
    status=st.sampled_from(["pass", "fail", "unknown", "skipped", "not-run"]),
    cached=st.booleans(),
    seconds=st.floats(0, 1e5),
    python=st.one_of(st.none(), st.just("3.12.1")),
    reason=st.one_of(st.none(), TEXT),
    tests=st.one_of(st.none(), st.builds(Tests, *[COUNTS] * 9)),
    problems=st.lists(PROBLEMS, max_size=3).map(tuple),
    cached_age=st.one_of(st.none(), st.floats(0, 1e7)),
    key=st.one_of(st.none(), st.just("0123456789ab")),
    notes=st.lists(TEXT, max_size=2).map(tuple),
)
RANGES = st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), max_size=2).map(tuple)
COVERAGE = st.builds(
    Coverage,
    percent=st.floats(0, 100),
    threshold=st.floats(0, 100),
    missing=st.lists(st.builds(Missing, path=TEXT.filter(bool), lines=RANGES, branches=RANGES), max_size=2).map(tuple),
)
REPORTS = st.builds(
    lambda checks, coverage, name, enforced: report(
        *checks, coverage=coverage, project=name, enforced=enforced, commit=None, dirty=None
    ),
    checks=st.lists(CHECKS, min_size=1, max_size=4),
    coverage=st.one_of(st.none(), COVERAGE),
    name=TEXT,
    enforced=st.booleans(),
)
# A report takes long to make up.
FEW = settings(max_examples=30)
