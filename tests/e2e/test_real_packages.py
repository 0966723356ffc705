"""Released packages, unmodified: the gate says what pytest and coverage say when a person runs them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockgate.ports.interpreters import Finder
from tests.e2e import by_hand
from tests.support import Ran, gate

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).with_name("configs")
EXAMPLE = Path(__file__).parents[2] / "examples" / "mypylogger"
RELEASES = {"itsdangerous": "2.2.0", "packaging": "25.0", "python-json-logger": "3.3.0"}
PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12")
# What a person would install who reads each package's own declarations and nothing else.
DECLARED = {"itsdangerous": ["-e", "."], "packaging": ["-e", "."], "python-json-logger": ["-e", ".[dev]"]}
LITTER = {".lockgate", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


@dataclass(frozen=True)
class Hand:
    """One cell run by hand."""

    code: int
    counts: dict[str, int]
    data: tuple[Path, ...]


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distributions, from the index, unpacked once."""
    folder = tmp_path_factory.mktemp("released")
    pins = [f"{name}=={version}" for name, version in RELEASES.items()]
    _run(folder, "uv", "venv", "--quiet", "--python", _interpreter(folder, "3.12"), "env")
    _run(folder, "uv", "pip", "install", "--quiet", "--python", "env", "pip")
    pip = (str(folder / "env/bin/python"), "-m", "pip", "download", "--quiet")
    _run(folder, *pip, "--no-deps", "--no-binary", ":all:", "--dest", "downloads", *pins)
    for archive in sorted((folder / "downloads").iterdir()):
        with tarfile.open(archive) as tar:
            tar.extractall(folder / "unpacked", filter="data")
    return folder / "unpacked"


def unpacked(released: Path, name: str, place: Path) -> Path:
    """A copy of a released package."""
    (source,) = released.glob(f"{name.replace('-', '?')}-{RELEASES[name]}")
    return Path(shutil.copytree(source, place / source.name))


@pytest.mark.parametrize("name", RELEASES)
def test_a_released_package_with_a_table_from_outside(released: Path, tmp_path: Path, name: str) -> None:
    package = unpacked(released, name, tmp_path / "gated")
    before = contents(package)
    config = CONFIGS / f"{name}.toml"
    ran = gate(package, "--keep-going", "--config", str(config), timeout=3600)
    assert contents(package) == before

    table = tomllib.loads(config.read_text(encoding="utf-8"))["tool"]["lockgate"]
    files = [part for file in table.get("requirements", []) for part in ("-r", file)]
    what = ["-e", ".", *table.get("packages", []), *files, "coverage[toml]"]
    same = unpacked(released, name, tmp_path / "hand")
    hands = run_by_hand(same, tmp_path, PYTHONS, what)
    assert cells(ran) == {python: hand.counts for python, hand in hands.items()}
    assert all(sum(hand.counts.values()) > 10 for hand in hands.values())

    percent, missing = coverage_by_hand(same, tmp_path, hands)
    coverage = ran.document["coverage"]
    assert coverage["percent"] == pytest.approx(percent, abs=1e-9)
    assert {one["path"]: spread(one["lines"]) for one in coverage["missing"] if one["lines"]} == missing
    good = all(hand.code == 0 for hand in hands.values()) and percent >= coverage["threshold"]
    assert (ran.code, ran.document["verdict"]) == ((0, "pass") if good else (1, "fail"))
    for python, hand in hands.items():
        assert ran.check(f"test-{python}")["status"] == ("pass" if hand.code == 0 else "fail")


@pytest.mark.parametrize("name", RELEASES)
def test_a_released_package_without_any_table(released: Path, tmp_path: Path, name: str) -> None:
    package = unpacked(released, name, tmp_path / "gated")
    before = contents(package)
    ran = gate(package, "--keep-going", timeout=3600)
    assert contents(package) == before

    pythons = [check["name"].removeprefix("test-") for check in ran.document["checks"] if check["tests"]]
    assert set(PYTHONS) <= set(pythons)
    same = unpacked(released, name, tmp_path / "hand")
    hands = run_by_hand(same, tmp_path, pythons, [*DECLARED[name], "pytest", "coverage[toml]"])
    assert cells(ran) == {python: hand.counts for python, hand in hands.items()}
    for python, hand in hands.items():
        assert ran.check(f"test-{python}")["status"] == ("pass" if hand.code == 0 else "fail")
    good = all(check["status"] == "pass" for check in ran.document["checks"])
    assert (ran.code, ran.document["verdict"]) == ((0, "pass") if good else (1, "fail"))


def test_the_reference_package_as_it_stands(tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns(*LITTER, ".venv", ".coverage*")
    package = Path(shutil.copytree(EXAMPLE, tmp_path / "gated" / "mypylogger", ignore=ignore))
    before = contents(package)
    ran = gate(package, "--keep-going", timeout=3600)
    assert contents(package) == before
    assert (ran.code, ran.document["verdict"]) == (0, "pass")
    assert [check["name"] for check in ran.document["checks"]] == [
        *("lint", "format", "types"),
        *(f"test-{python}" for python in PYTHONS),
        "coverage",
    ]

    same = Path(shutil.copytree(EXAMPLE, tmp_path / "hand" / "mypylogger", ignore=ignore))
    hands = run_by_hand(same, tmp_path, PYTHONS, None)
    assert cells(ran) == {python: hand.counts for python, hand in hands.items()}
    assert all(hand.code == 0 and hand.counts["passed"] > 50 for hand in hands.values())
    percent, missing = coverage_by_hand(same, tmp_path, hands)
    assert (percent, missing) == (100.0, {})
    assert (ran.document["coverage"]["percent"], ran.document["coverage"]["missing"]) == (100.0, [])


def cells(ran: Ran) -> dict[str, dict[str, int]]:
    """The gate's counts by Python."""
    checks = [check for check in ran.document["checks"] if check["name"].startswith("test-")]
    assert all(check["python"].startswith(f"{check['name'].removeprefix('test-')}.") for check in checks)
    return {
        check["name"].removeprefix("test-"): {kind: check["tests"][kind] for kind in by_hand.KINDS} for check in checks
    }


def run_by_hand(package: Path, place: Path, pythons: Sequence[str], what: list[str] | None) -> dict[str, Hand]:
    """Each Python in a fresh environment with `what` installed; None means the package's own uv.lock."""

    def one(python: str) -> Hand:
        env = place / "envs" / python
        interpreter = _interpreter(place, python)
        if what is None:
            _run(package, "uv", "sync", "--quiet", "--locked", "--python", interpreter, UV_PROJECT_ENVIRONMENT=str(env))
        else:
            _run(package, "uv", "venv", "--quiet", "--python", interpreter, str(env))
            _run(package, "uv", "pip", "install", "--quiet", "--python", str(env), *what)
        data = place / "data" / python / "coverage"
        data.parent.mkdir(parents=True)
        command = (str(env / "bin/python"), "-m", "coverage", "run", f"--data-file={data}", "-m", "pytest")
        done = by_hand.run(package, *command, "-p", "no:cacheprovider")
        return Hand(done.returncode, by_hand.summary(done.stdout), tuple(data.parent.iterdir()))

    # The first alone: it builds the package, which is not made to be built twice at a time in one folder.
    first = one(pythons[0])
    with ThreadPoolExecutor(2) as pool:
        rest = pool.map(one, pythons[1:])
        return {pythons[0]: first, **dict(zip(pythons[1:], rest, strict=True))}


def coverage_by_hand(package: Path, place: Path, hands: dict[str, Hand]) -> tuple[float, dict[str, set[int]]]:
    """Percent and missing lines by file, from coverage's own report over all cells."""
    coverage = (str(place / "envs" / "3.12" / "bin" / "python"), "-m", "coverage")
    combined, report = place / "combined", place / "report.json"
    files = [str(path) for hand in hands.values() for path in hand.data]
    _run(package, *coverage, "combine", "--quiet", "--keep", f"--data-file={combined}", *files)
    _run(package, *coverage, "json", "--quiet", f"--data-file={combined}", "--fail-under=0", "-o", str(report))
    document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    missing = {path: set(file["missing_lines"]) for path, file in document["files"].items() if file["missing_lines"]}
    return document["totals"]["percent_covered"], missing


def spread(ranges: list[list[int]]) -> set[int]:
    """`[[1, 3]]` as single lines."""
    return {line for first, last in ranges for line in range(first, last + 1)}


def contents(package: Path) -> dict[str, str]:
    """Digest of each file, without what tools may leave: caches, and the metadata of an editable install."""

    def walk() -> Iterator[Path]:
        for folder, folders, names in os.walk(package):
            folders[:] = [name for name in folders if name not in LITTER and not name.endswith(".egg-info")]
            yield from (Path(folder) / name for name in names)

    return {str(path.relative_to(package)): hashlib.sha256(path.read_bytes()).hexdigest() for path in walk()}


def _interpreter(place: Path, python: str) -> str:
    found = Finder(place / f"interpreters-{python}.json").find(python)
    return found.path if found is not None else python


def _run(folder: Path, *command: str, **changes: str) -> None:
    done = by_hand.run(folder, *command, **changes)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
