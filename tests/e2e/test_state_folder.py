"""Where lockgate keeps its state: read-only, full, in the way, shared by two gates at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.running import ONE_CELL, assert_nobody_left, ended, start, with_tests
from tests.support import TESTS, Ran, command, environment, gate, lockgate, package, write

IS_ROOT = os.geteuid() == 0
# A mount namespace of its own: nothing has to be unmounted, whatever happens.
NAMESPACE = ["unshare", "--mount", *([] if IS_ROOT else ["--map-root-user"]), "sh", "-euc"]


def can_mount() -> bool:
    try:
        tried = subprocess.run([*NAMESPACE, "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return tried.returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="nobody may mount here: disk-full is tested on other machines")


def with_mounts(root: Path, mounts: str, *, after: str = "true", changes: Mapping[str, str] | None = None) -> Ran:
    """A gate that sees these mounts; `after` is a shell command that runs while they stand."""
    done = subprocess.run(
        [
            *NAMESPACE,
            f'{mounts}\ncode=0; "$@" || code=$?; {after}; exit $code',
            "sh",
            *command("gate", "--format", "json"),
        ],
        cwd=root,
        env=environment(**(changes or {})),
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def small(folder: Path, size: str) -> str:
    """The mount of a small file system over `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return f"mount -t tmpfs -o size={size} tmpfs '{folder}'"


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose environment stands."""
    root = package(tmp_path_factory.mktemp("state") / "sample", ONE_CELL)
    assert gate(root).code == 0
    return root


@pytest.fixture
def root(standing: Path) -> Path:
    """The same with its own tests and an empty cache."""
    shutil.rmtree(standing / ".lockgate/cache")
    return with_tests(standing, {"tests/test_sample.py": TESTS})


@needs_mount
@pytest.mark.parametrize("size", ["4k", "64k"])
def test_a_full_disk_in_the_cache_costs_the_cache_and_nothing_else(root: Path, tmp_path: Path, size: str) -> None:
    left = tmp_path / "left"
    cache = root / ".lockgate/cache"
    ran = with_mounts(root, small(cache, size), after=f"find '{cache}' > '{left}'")
    assert (ran.code, ran.document["verdict"], ran.document["coverage"]["percent"]) == (0, "pass", 100.0)
    assert "results are not kept" in ran.err
    assert f"{cache}/" in ran.err
    assert "No space left on device" in ran.err
    # No half-written entry stays, not even under a temporary name.
    assert [name for name in left.read_text().splitlines() if "/results/test-3.12/" in name] == []
    assert (gate(root).code, gate(root).check("coverage")["cached"]) == (0, True)


@needs_mount
def test_a_full_disk_while_installing_is_unknown_and_says_so(tmp_path: Path) -> None:
    root = package(tmp_path / "sample", ONE_CELL)
    ran = with_mounts(root, small(root / ".lockgate", "1m"))
    assert (ran.code, ran.check("test-3.12")["status"]) == (3, "unknown")
    assert "the disk is full; free some space" in ran.check("test-3.12")["reason"]
    assert gate(root).code == 0


@needs_mount
def test_a_full_disk_in_the_run_folder_is_unknown_and_says_so(root: Path) -> None:
    ran = with_mounts(root, small(root / ".lockgate/run", "4k"))
    assert (ran.code, ran.document["verdict"], ran.document["coverage"]) == (3, "unknown", None)
    assert "No space left on device" in str(ran.check("coverage")["reason"])
    assert gate(root).code == 0


@needs_mount
def test_a_full_disk_that_cuts_the_testimony_is_never_a_pass(root: Path) -> None:
    with_tests(
        root,
        {
            "tests/test_sample.py": TESTS
            + "import pytest\n@pytest.mark.parametrize('n', range(200))\ndef test_n(n): pass\n"
        },
    )
    ran = with_mounts(root, small(root / ".lockgate/run", "8k"))
    assert ran.code in (1, 3)
    assert ran.check("test-3.12")["status"] in ("fail", "unknown")


def test_what_is_in_the_way_of_the_cache_costs_the_cache_and_nothing_else(root: Path) -> None:
    write(root, {".lockgate/cache/results": "a file where a folder should be"})
    ran = gate(root)
    assert (ran.code, ran.document["verdict"]) == (0, "pass")
    assert "results are not kept" in ran.err


def test_what_is_in_the_way_of_the_state_sends_it_to_the_users_cache(tmp_path: Path) -> None:
    root = package(tmp_path / "sample", ONE_CELL, **{".lockgate": "a file where a folder should be"})
    cache = tmp_path / "cache"
    assert gate(root, XDG_CACHE_HOME=str(cache), UV_CACHE_DIR=uv_cache()).code == 0
    assert (root / ".lockgate").read_text() == "a file where a folder should be"
    assert len(list((cache / "lockgate/projects").iterdir())) == 1


def uv_cache() -> str:
    """Where uv keeps its downloads when XDG_CACHE_HOME does not move them."""
    return subprocess.run(["uv", "cache", "dir"], capture_output=True, check=True, text=True).stdout.strip()


def read_only(root: Path, changes: Mapping[str, str]) -> Ran:
    """A gate on a checkout that it cannot write."""
    if IS_ROOT and sys.platform == "linux":
        # Permission bits do not stop root.
        return with_mounts(root, f"mount --bind '{root}' '{root}'; mount -o remount,ro,bind '{root}'", changes=changes)
    modes = {path: path.stat().st_mode for path in [root, *root.rglob("*")]}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        return gate(root, **changes)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_a_read_only_checkout_is_gated_with_its_state_in_the_users_cache(tmp_path: Path) -> None:
    root = package(tmp_path / "sample", ONE_CELL)
    before = sorted(root.rglob("*"))
    elsewhere = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "UV_CACHE_DIR": uv_cache()}
    first = read_only(root, elsewhere)
    second = read_only(root, elsewhere)
    assert (first.code, first.document["verdict"]) == (0, "pass"), first.err
    assert [check["cached"] for check in second.document["checks"]] == [True, True]
    assert sorted(root.rglob("*")) == before
    (state,) = (tmp_path / "cache/lockgate/projects").iterdir()
    assert (state / "envs/3.12").is_dir()


def test_a_read_only_checkout_and_no_cache_folder_is_unknown_and_names_both(tmp_path: Path) -> None:
    root = package(tmp_path / "sample", ONE_CELL)
    blocked = write(tmp_path, {"cache": "a file"}) / "cache"
    ran = read_only(root, {"XDG_CACHE_HOME": str(blocked)})
    assert (ran.code, ran.out) == (3, "")
    assert f"{root}/.lockgate" in ran.err
    assert f"{blocked}/lockgate" in ran.err
    assert "set XDG_CACHE_HOME" in ran.err


def test_a_report_folder_that_cannot_be_written_is_unknown_and_loses_no_result(root: Path, tmp_path: Path) -> None:
    blocked = write(tmp_path, {"out": "a file"}) / "out"
    ran = lockgate(root, "gate", "--report", str(blocked / "inside"))
    assert ran.code == 3
    assert "PASS" in ran.out
    assert f"not written: {blocked}" in ran.err


def test_three_gates_at_once_in_one_cold_checkout_all_pass_and_corrupt_nothing(tmp_path: Path) -> None:
    root = package(tmp_path, ONE_CELL.replace('["test"', '["lint", "format", "test"'))
    gates = [ended(process, 120) for process in [start(root) for _ in range(3)]]
    assert [(one.code, one.document["verdict"]) for one in gates] == [(0, "pass")] * 3
    assert {one.document["coverage"]["percent"] for one in gates} == {100.0}
    assert list((root / ".lockgate/run").iterdir()) == []
    assert_nobody_left(root)
    after = gate(root)
    assert [(check["status"], check["cached"]) for check in after.document["checks"]] == [("pass", True)] * 4


@pytest.mark.slow
def test_two_gates_at_once_where_one_changes_what_is_installed(tmp_path: Path) -> None:
    # The second one's environment differs: they must take turns, not overwrite each other's.
    root = package(tmp_path / "sample", ONE_CELL)
    other = write(tmp_path, {"other.toml": 'python = ["3.12"]\nchecks = ["test", "coverage"]\npackages = ["pluggy"]\n'})
    both = [start(root, "--fresh"), start(root, "--fresh", "--config", str(other / "other.toml"))]
    assert [ended(process, 120).code for process in both] == [0, 0]
