#!/usr/bin/env python
"""Scans the planted set and prints the table: `python benchmarks/scan.py [SEED]`."""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.planted.measure import measure, table


def main() -> None:
    """Measure and print; without SEED, credentials that were never seen before."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbelow(10**9)
    with tempfile.TemporaryDirectory(prefix="lockgate-planted-") as folder:
        scores = measure(Path(folder), seed)
    planted = sum(score.planted for score in scores.values())
    print(f"{planted} planted flaws, seed {seed}\n\n{table(scores)}")


if __name__ == "__main__":
    main()
