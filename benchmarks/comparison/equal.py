"""Equal work: every run must show the same tests per cell, the three checks, and coverage over five cells."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from comparison.packages import CELLS

_SESSION = re.compile(r"^platform \S+ -- Python (3\.\d+)\.\d+.*?^=+ (.+?) in [\d.]+s", re.MULTILINE | re.DOTALL)
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|error|xfailed|xpassed|deselected)")
_COUNTED = ("passed", "failed", "skipped", "errors", "xfailed", "xpassed", "deselected")


@dataclass(frozen=True)
class Evidence:
    """What a run says that it did; None where the tool does not say it.

    Attributes:
        tests: Outcome counts by cell, e.g. `{"3.8": {"passed": 70}}`.
        formatted: Files that the formatter looked at.
        typed: Files that the type checker looked at.
        combined: Cells whose coverage data was combined.
        cached: Checks that were not run but answered from a cache.
        failed: Names of the checks that failed.
    """

    tests: dict[str, dict[str, int]]
    lint: bool
    format: bool
    types: bool
    formatted: int | None
    typed: int | None
    combined: int | None
    percent: float | None
    cached: int = 0
    failed: frozenset[str] = frozenset()


def from_text(text: str) -> Evidence:
    """From the output of the commands themselves."""
    tests = {
        match[1]: {kind: int(count) for count, kind in _COUNT.findall(match[2])} for match in _SESSION.finditer(text)
    }
    formatted = re.search(r"^(\d+) files? already formatted", text, re.MULTILINE)
    typed = re.search(r"^Success: no issues found in (\d+) source file", text, re.MULTILINE)
    combined = re.search(r"^Combined (\d+) files?$", text, re.MULTILINE)
    total = re.search(r"^TOTAL .* ([\d.]+)%", text, re.MULTILINE)
    return Evidence(
        tests=tests,
        lint="All checks passed!" in text,
        format=formatted is not None,
        types=typed is not None,
        formatted=int(formatted[1]) if formatted else None,
        typed=int(typed[1]) if typed else None,
        combined=int(combined[1]) if combined else len(re.findall(r"^Combined data file ", text, re.MULTILINE)),
        percent=float(total[1]) if total else None,
    )


def from_lockgate(text: str) -> Evidence:
    """From lockgate's JSON document, which follows the progress, and from what `-v` shows of the checks."""
    begin = re.search(r'^\{\s*"schema"', text, re.MULTILINE)
    document = json.JSONDecoder().raw_decode(text[begin.start() :])[0] if begin else {}
    checks = {check["name"]: check for check in document.get("checks", ())}
    tests = {}
    for name, check in checks.items():
        counts = check["tests"] or {}
        if name.startswith("test-") and ".".join((check["python"] or "").split(".")[:2]) == name.removeprefix("test-"):
            tests[name.removeprefix("test-")] = {
                kind.removesuffix("s"): counts[kind] for kind in _COUNTED if counts.get(kind)
            }
    passed = {name for name, check in checks.items() if check["status"] == "pass"}
    typed = re.search(r"Success: no issues found in (\d+) source file", text)
    return Evidence(
        tests=tests,
        lint="lint" in passed,
        format="format" in passed,
        types="types" in passed,
        formatted=None,
        typed=int(typed[1]) if typed else None,
        # The check is unknown, never pass, unless every cell gave data.
        combined=sum(f"test-{cell}" in passed for cell in CELLS) if "coverage" in passed else 0,
        percent=(document.get("coverage") or {}).get("percent"),
        cached=sum(check["cached"] for check in checks.values()),
        failed=frozenset(name for name, check in checks.items() if check["status"] == "fail"),
    )


def differences(one: Evidence, reference: Evidence) -> list[str]:
    """Why `one` is not the whole work, or not the same work as `reference`; empty when it is."""
    found = [f"no tests on {cell}" for cell in CELLS if not one.tests.get(cell, {}).get("passed")]
    found += [f"{check} did not pass" for check in ("lint", "format", "types") if not getattr(one, check)]
    if one.combined != len(CELLS):
        found.append(f"coverage of {one.combined} cells was combined")
    if one.percent is None or reference.percent is None or abs(one.percent - reference.percent) > 0.01:
        found.append(f"coverage {one.percent}, not {reference.percent}")
    for name in ("tests", "formatted", "typed"):
        mine, theirs = getattr(one, name), getattr(reference, name)
        if mine is not None and theirs is not None and mine != theirs:
            found.append(f"{name}: {mine}, not {theirs}")
    return found
