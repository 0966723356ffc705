"""The planted set: what the scan promises to find, and no clean twin flagged."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.planted import code, workflows
from tests.planted.measure import Score, measure, measure_files, table


def test_code_and_workflows(tmp_path: Path) -> None:
    for kind, cases, least in (("code", code.cases(), 80), ("workflows", workflows.cases(), 95)):
        score = measure_files(kind, cases, tmp_path)
        assert score.found >= least, score.missed
        assert score.flagged == []


LEAST = {
    "secrets in the tree": 95,
    "secrets in the history": 95,
    "code": 80,
    "workflows": 95,
    "lock": 100,
    "dependencies": 100,
}


@pytest.mark.slow
def test_the_whole_set_with_credentials_never_seen_before(tmp_path: Path) -> None:
    scores: dict[str, Score] = measure(tmp_path, random.Random(time.time_ns()).randrange(10**9))  # noqa: S311
    assert sum(score.planted for score in scores.values()) >= 100
    for kind, score in scores.items():
        assert score.found >= LEAST[kind], table(scores)
        assert score.flagged == [], table(scores)
