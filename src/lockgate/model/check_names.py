"""The names under which a job of a workflow reports its checks, as far as its text tells them (pure)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any


def names(key: str, job: Mapping[str, Any]) -> tuple[str, ...]:
    """One name per cell of the job's matrix, in order; () when they cannot be told from the text."""
    name = str(job.get("name") or key).strip()
    strategy = job.get("strategy")
    if "uses" in job or (strategy is not None and not isinstance(strategy, Mapping)):
        return ()
    cells = _cells((strategy or {}).get("matrix"))
    if "${{" not in name:
        return tuple(f"{name} ({', '.join(map(_shown, cell.values()))})" if cell else name for cell in cells)
    found = tuple(_filled(name, cell) for cell in cells)
    return () if any("${{" in one for one in found) else found


def pattern(key: str, job: Mapping[str, Any]) -> re.Pattern[str]:
    """What every name of the job's checks looks like."""
    name = str(job.get("name") or key).strip()
    text = ".*".join(map(re.escape, re.split(r"\$\{\{.*?\}\}", name, flags=re.DOTALL)))
    more = r"(?: \(.*\))?" if "strategy" in job and "${{" not in name else ""
    return re.compile(text + more + (" / .*" if "uses" in job else ""), re.DOTALL)


def _filled(name: str, cell: Mapping[str, Any]) -> str:
    return re.sub(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}", lambda match: _shown(cell.get(match[1], "")), name)


def _cells(matrix: object) -> list[dict[str, Any]]:
    """The cells of a matrix of plain values; none of one that is computed, or that has exceptions."""
    if matrix is None:
        return [{}]
    if not isinstance(matrix, Mapping) or matrix.keys() & {"include", "exclude"}:
        return []
    for values in matrix.values():
        if not isinstance(values, Sequence) or isinstance(values, str) or any(map(_is_computed, values)):
            return []
    return [dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())]


def _is_computed(value: object) -> bool:
    return isinstance(value, (Mapping, list)) or "${{" in str(value)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
