"""Environments that cannot be made: whose fault it is (fail or unknown), and the command that mends it."""

from __future__ import annotations

import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support import PYPROJECT, gate, lockgate, package, write

CELL = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["test"]\n'
MISSING = "3.99"  # there will be no such Python for a long time


def depending(root: Path, *requirements: str) -> Path:
    """A package with these dependencies."""
    listed = ", ".join(f'"{one}"' for one in requirements)
    text = PYPROJECT.replace('version = "1.0"\n', f'version = "1.0"\ndependencies = [{listed}]\n')
    return package(root, **{"pyproject.toml": f"{text}\n{CELL}"})


def sdist(folder: Path, name: str, setup: str) -> str:
    """A requirement on a source distribution whose setup.py does this."""
    source = write(
        folder / f"{name}-1.0", {"setup.py": setup, "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"}
    )
    archive = folder / f"{name}-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(source, source.name)
    return f"{name} @ {archive.as_uri()}"


@pytest.mark.parametrize("how", ["--offline", "UV_PYTHON_DOWNLOADS", "UV_OFFLINE", "uv has none"])
def test_a_missing_interpreter_makes_its_cell_unknown_and_names_the_command(tmp_path: Path, how: str) -> None:
    root = package(tmp_path, CELL.replace("3.12", MISSING))
    variables = {"UV_PYTHON_DOWNLOADS": "never", "UV_OFFLINE": "1"}
    chosen = {name: value for name, value in variables.items() if name == how}
    ran = gate(root, *(["--offline"] if how == "--offline" else []), **chosen)
    cell = ran.check(f"test-{MISSING}")
    assert (ran.code, ran.document["verdict"], cell["status"]) == (3, "unknown", "unknown")
    assert f"Python {MISSING}" in cell["reason"]
    assert f"uv python install {MISSING}" in cell["reason"]


def test_beside_a_missing_interpreter_the_others_are_tested_but_coverage_of_a_part_is_none(tmp_path: Path) -> None:
    table = f'[tool.lockgate]\npython = ["3.12", "{MISSING}"]\nchecks = ["test", "coverage"]\n'
    ran = gate(package(tmp_path, table), "--offline")
    assert (ran.code, ran.document["verdict"], ran.document["coverage"]) == (3, "unknown", None)
    assert ran.check("test-3.12")["status"] == "pass"
    assert ran.check("coverage")["status"] in {"unknown", "skipped"}


def test_a_python_too_old_for_the_witness_is_unknown(tmp_path: Path) -> None:
    ran = gate(package(tmp_path, CELL.replace("3.12", "3.7")))
    assert (ran.code, ran.check("test-3.7")["status"]) == (3, "unknown")
    assert "3.8 or later" in ran.check("test-3.7")["reason"]


def test_without_uv_the_cell_is_unknown_and_says_how_to_install_it(tmp_path: Path) -> None:
    root = package(tmp_path / "sample", CELL)
    ran = gate(root, PATH=str(tmp_path), HOME=str(tmp_path), UV=None)
    assert (ran.code, ran.check("test-3.12")["status"]) == (3, "unknown")
    assert "uv was not found" in ran.check("test-3.12")["reason"]
    assert "pip install uv" in ran.check("test-3.12")["reason"]


@pytest.mark.parametrize(
    ("program", "words"),
    [("#!/bin/sh\nexit 3\n", "failed (exit 3)"), ("#!/no/such/interpreter\n", "could not be started")],
)
def test_a_broken_uv_makes_the_cell_unknown(tmp_path: Path, program: str, words: str) -> None:
    broken = write(tmp_path, {"uv": program}) / "uv"
    broken.chmod(0o755)
    ran = gate(package(tmp_path / "sample", CELL), UV=str(broken))
    assert (ran.code, ran.check("test-3.12")["status"]) == (3, "unknown")
    assert words in ran.check("test-3.12")["reason"]


def test_a_stale_lock_fails_and_says_uv_lock(tmp_path: Path) -> None:
    root = depending(tmp_path)
    subprocess.run(["uv", "lock", "--quiet"], cwd=root, check=True)
    locked = (root / "uv.lock").read_bytes()
    depending(tmp_path, "pluggy")
    ran = gate(root)
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert "run `uv lock`" in ran.check("test-3.12")["reason"]
    assert (root / "uv.lock").read_bytes() == locked


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\nversion = 1\n", "version = 999\n"])
def test_a_lock_that_cannot_be_read_fails_and_says_uv_lock(tmp_path: Path, content: str) -> None:
    ran = gate(package(tmp_path, CELL, **{"uv.lock": content}))
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert "run `uv lock`" in ran.check("test-3.12")["reason"]


@pytest.mark.parametrize("name", ["broken", pytest.param("network-connection-offline", marks=pytest.mark.slow)])
def test_a_dependency_that_does_not_build_fails_with_the_builders_words(tmp_path: Path, name: str) -> None:
    # The second name holds words that also stand in uv's messages about the network.
    root = depending(tmp_path / "sample", sdist(tmp_path, name, "raise RuntimeError('needs a compiler')\n"))
    ran = gate(root)
    (problem,) = ran.check("test-3.12")["problems"]
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert name in ran.check("test-3.12")["reason"]
    assert "does not build" in ran.check("test-3.12")["reason"]
    assert "RuntimeError: needs a compiler" in problem["excerpt"]


@pytest.mark.slow
def test_a_package_that_does_not_build_fails_and_is_built_again_once_it_does(tmp_path: Path) -> None:
    text = PYPROJECT.replace('"uv_build>=0.9,<1"', '"setuptools"').replace('"uv_build"', '"setuptools.build_meta"')
    root = package(
        tmp_path, **{"pyproject.toml": f"{text}\n{CELL}", "setup.py": "raise RuntimeError('broken setup')\n"}
    )
    ran = gate(root)
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert "sample" in ran.check("test-3.12")["reason"]
    assert "RuntimeError: broken setup" in ran.check("test-3.12")["problems"][0]["excerpt"]
    (root / "setup.py").unlink()
    assert gate(root).code == 0


@pytest.mark.parametrize("requirement", ["pluggy==99999", "pluggy>1; python_version>'3'\", \"pluggy<1"])
def test_requirements_that_cannot_be_met_fail(tmp_path: Path, requirement: str) -> None:
    ran = gate(depending(tmp_path, requirement))
    assert (ran.code, ran.check("test-3.12")["status"]) == (1, "fail")
    assert "cannot be met" in ran.check("test-3.12")["reason"]
    assert "pluggy" in ran.check("test-3.12")["problems"][0]["excerpt"]


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_an_index_that_cannot_be_reached_makes_the_cell_unknown(tmp_path: Path, closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}/simple"
    root = depending(tmp_path / "sample", "pluggy")
    ran = gate(root, UV_DEFAULT_INDEX=url, UV_CACHE_DIR=str(tmp_path / "cache"), UV_HTTP_RETRIES="0")
    assert (ran.code, ran.check("test-3.12")["status"]) == (3, "unknown")
    assert "index could not be reached" in ran.check("test-3.12")["reason"]


def test_offline_with_an_empty_download_cache_is_unknown(tmp_path: Path) -> None:
    ran = gate(depending(tmp_path / "sample", "pluggy"), "--offline", UV_CACHE_DIR=str(tmp_path / "cache"))
    assert (ran.code, ran.check("test-3.12")["status"]) == (3, "unknown")


def test_a_failed_environment_is_made_once_its_cause_is_gone(tmp_path: Path) -> None:
    root = depending(tmp_path / "sample", "pluggy==99999")
    assert gate(root).code == 1
    assert gate(depending(tmp_path / "sample", "pluggy")).code == 0


def test_a_broken_environment_is_made_again(tmp_path: Path) -> None:
    root = package(tmp_path, CELL)
    assert gate(root).code == 0
    (root / ".lockgate/envs/3.12/bin/python").unlink()
    ran = lockgate(root, "gate", "--fresh")
    assert ran.code == 0
    assert "installing" in ran.err


def test_a_damaged_memory_costs_time_only(tmp_path: Path) -> None:
    names = ("interpreters.json", "durations.json", "files.json")
    root = package(tmp_path, CELL, **{f".lockgate/cache/{name}": b"\xff{half" for name in names})
    assert gate(root).code == 0


def test_a_damaged_cache_entry_is_run_again(tmp_path: Path) -> None:
    root = package(tmp_path, CELL)
    assert gate(root).code == 0
    (entry,) = (root / ".lockgate/cache/results/test-3.12").glob("*/entry.json")
    entry.write_bytes(entry.read_bytes()[:50])
    ran = gate(root)
    assert (ran.code, ran.check("test-3.12")["cached"]) == (0, False)
    assert gate(root).check("test-3.12")["cached"]


def test_a_custom_check_whose_command_is_missing_is_unknown(tmp_path: Path) -> None:
    table = (
        '[tool.lockgate]\npython = ["3.12"]\nchecks = ["docs"]\n[tool.lockgate.check.docs]\nrun = ["no-such-tool"]\n'
    )
    ran = gate(package(tmp_path, table))
    assert (ran.code, ran.check("docs")["status"]) == (3, "unknown")
    assert "no-such-tool could not be started" in ran.check("docs")["reason"]
