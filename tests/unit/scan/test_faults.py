"""Every way in which a tool fails is unknown; the same adapter on the same package without the fault is clean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lockgate.scan.answer import Answer, Broken, Clean
from lockgate.scan.context import Context
from lockgate.scan.run import ask
from lockgate.scan.scanners import code, secrets, workflows
from tests.unit.scan.benches import Scripts, bench, clean_package

SOURCE = "src/sample/__init__.py"
SEEN = "INF 2 commits scanned.\nINF scanned ~900 bytes (900 bytes) in 1ms\n"
KINGFISHER: dict[str, Any] = {
    "findings": [],
    "audit": {"summary": {"scan_partial": 0, "scan_failed": 0, "pending": 0}},
    "metadata": {
        "kingfisher_version": "2.14.0",
        "summary": {"blobs_scanned": 5, "rules_applied": 488, "custom_rules_used": False},
    },
}
BANDIT: dict[str, Any] = {"errors": [], "metrics": {"_totals": {}, f"././{SOURCE}": {}}, "results": []}
# Adapter, standard output and standard error of a run that found nothing.
TOOLS: dict[str, tuple[Callable[[Context], Answer], str, str]] = {
    "ruff": (code.ruff, "[]", ""),
    "bandit": (code.bandit, json.dumps(BANDIT), ""),
    "gitleaks": (secrets.gitleaks, "[]", SEEN),
    "kingfisher": (secrets.kingfisher, json.dumps(KINGFISHER) + '\n{"findings": 0}', ""),
    "zizmor": (workflows.zizmor, "[]", " INFO audit: zizmor: completed .github/workflows/tests.yml\n"),
    "actionlint": (workflows.actionlint, "[]", ""),
}
# What happens to a run that found nothing: (standard output, its end).
FAULTS: dict[str, Callable[[str], tuple[str, str]]] = {
    "crash before output": lambda _out: ("", "kill -SEGV $$"),
    "crash after output": lambda out: (out, "kill -SEGV $$"),
    "killed for its memory": lambda out: (out, "kill -KILL $$"),
    "unknown exit code": lambda out: (out, "exit 9"),
    "hang": lambda out: (out, "sleep 30"),
    "garbage": lambda _out: ("thread main panicked at 'oops'", "exit 0"),
    "empty": lambda _out: ("", "exit 0"),
    "truncated": lambda out: (out.partition("\n")[0][:-1], "exit 0"),
    "null": lambda _out: ("null", "exit 0"),
    "another document": lambda _out: ('{"error": "service unavailable"}', "exit 0"),
}


def answered(tmp_path: Path, tool: str, out: str, err: str, end: str, limit: str = "20s") -> Answer:
    root = clean_package(tmp_path / "sample", f'[tool.lockgate.scan]\ntimeout = "{limit}"\n')
    toolbox = Scripts(tmp_path / "bin")
    toolbox.put(tool, out, err, end)
    return ask(TOOLS[tool][0], bench(root, toolbox))


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_looked_and_found_nothing_is_clean(tmp_path: Path, tool: str) -> None:
    _, out, err = TOOLS[tool]
    assert isinstance(answered(tmp_path, tool, out, err, "exit 0"), Clean)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_fault_is_broken(tmp_path: Path, tool: str, fault: str) -> None:
    _, out, err = TOOLS[tool]
    answer = answered(tmp_path, tool, *_with_error(FAULTS[fault](out), err), limit="1s" if fault == "hang" else "20s")
    assert isinstance(answer, Broken)
    assert tool in answer.reason


def _with_error(fault: tuple[str, str], err: str) -> tuple[str, str, str]:
    return fault[0], err, fault[1]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_missing_tool_is_broken(tmp_path: Path, tool: str) -> None:
    root = clean_package(tmp_path / "sample")
    assert isinstance(ask(TOOLS[tool][0], bench(root, Scripts(tmp_path / "bin"))), Broken)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_cannot_be_started_is_broken(tmp_path: Path, tool: str) -> None:
    root = clean_package(tmp_path / "sample")
    toolbox = Scripts(tmp_path / "bin")
    toolbox.put(tool).write_text("#!/nowhere/interpreter\n")
    assert isinstance(ask(TOOLS[tool][0], bench(root, toolbox)), Broken)


def changed(document: dict[str, Any], **values: Any) -> str:  # noqa: ANN401
    copy = json.loads(json.dumps(document))
    for path, value in values.items():
        *parents, last = path.split("__")
        inner = copy
        for name in parents:
            inner = inner[name]
        inner[last] = value
    return json.dumps(copy)


# Reports that say themselves, or let see, that not everything was looked at.
UNSEEN = {
    "ruff says that it read nothing": (
        "ruff",
        "[]",
        "warning: No Python files found under the given path(s)\n",
        "exit 0",
    ),
    "ruff could not read a file": (
        "ruff",
        "[]",
        "error: Failed to read src/a.py: stream did not contain valid UTF-8\n",
        "exit 0",
    ),
    "ruff's exit code tells of findings": ("ruff", "[]", "", "exit 1"),
    "bandit could not parse a file": (
        "bandit",
        changed(BANDIT, errors=[{"filename": f"./{SOURCE}", "reason": "syntax error"}]),
        "",
        "exit 0",
    ),
    "bandit left a file out": ("bandit", changed(BANDIT, metrics={"_totals": {}}), "", "exit 0"),
    "gitleaks scanned no commit": ("gitleaks", "[]", SEEN.replace("2 commits", "0 commits"), "exit 0"),
    "gitleaks scanned no byte": ("gitleaks", "[]", SEEN.replace("~900", "~0"), "exit 0"),
    "gitleaks said nothing": ("gitleaks", "[]", "", "exit 0"),
    "gitleaks met an error": ("gitleaks", "[]", f"{SEEN}1:00PM ERR failed to scan commits\n", "exit 0"),
    "gitleaks's exit code tells of leaks": ("gitleaks", "[]", SEEN, "exit 77"),
    "gitleaks ended with its own 1": ("gitleaks", "[]", SEEN, "exit 1"),
    "kingfisher scanned nothing": ("kingfisher", changed(KINGFISHER, metadata__summary__blobs_scanned=0), "", "exit 0"),
    "kingfisher had no rules": ("kingfisher", changed(KINGFISHER, metadata__summary__rules_applied=0), "", "exit 0"),
    "kingfisher used other rules": (
        "kingfisher",
        changed(KINGFISHER, metadata__summary__custom_rules_used=True),
        "",
        "exit 0",
    ),
    "kingfisher failed in part": ("kingfisher", changed(KINGFISHER, audit__summary__scan_partial=1), "", "exit 0"),
    "kingfisher is another version": (
        "kingfisher",
        changed(KINGFISHER, metadata__kingfisher_version="1.0.0"),
        "",
        "exit 0",
    ),
    "zizmor did not look at a file": ("zizmor", "[]", " INFO audit: zizmor: completed other.yml\n", "exit 0"),
    "zizmor's exit code tells of findings": ("zizmor", "[]", TOOLS["zizmor"][2], "exit 14"),
    "zizmor found no input": ("zizmor", "[]", TOOLS["zizmor"][2], "exit 3"),
    "actionlint's exit code tells of findings": ("actionlint", "[]", "", "exit 1"),
    "actionlint met a fatal error": ("actionlint", "[]", "", "exit 3"),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_a_report_that_does_not_prove_itself_is_broken(tmp_path: Path, name: str) -> None:
    tool, out, err, end = UNSEEN[name]
    assert isinstance(answered(tmp_path, tool, out, err, end), Broken)


def test_a_tool_that_saw_secrets_is_never_quoted(tmp_path: Path) -> None:
    for tool in ("gitleaks", "kingfisher"):
        answer = answered(tmp_path / tool, tool, "hunter2-in-output", "error: hunter2-in-error\n", "exit 5")
        assert isinstance(answer, Broken)
        assert "hunter2" not in answer.reason
