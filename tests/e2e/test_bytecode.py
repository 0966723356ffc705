"""Byte-code outlives the environment that compiled it, and never its source."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.running import ONE_CELL
from tests.support import gate, package


def compiled(root: Path) -> set[Path]:
    """Byte-code of pytest's own modules in the cell's environment."""
    return set(
        (root / ".lockgate/envs/3.12/lib").glob("python3.12/site-packages/_pytest/__pycache__/*.cpython-312.pyc")
    )


def test_a_new_checkout_does_not_compile_again(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    first = package(tmp_path / "first", ONE_CELL)
    assert gate(first, XDG_CACHE_HOME=cache).code == 0
    second = package(tmp_path / "second", ONE_CELL)
    assert gate(second, "test-3.12", XDG_CACHE_HOME=cache).code == 0
    inodes = {path.name: path.stat().st_ino for path in compiled(first)}
    assert inodes
    assert {path.name: path.stat().st_ino for path in compiled(second)} == inodes
