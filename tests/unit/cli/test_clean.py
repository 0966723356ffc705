from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lockgate.ports.state import elsewhere
from tests.support import command, environment, write
from tests.unit.cli.conftest import QUICK, Cli
from tests.unit.ports.living import wait_until


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def filled(root: Path) -> Path:
    """A project with what a gate leaves behind."""
    state = {"envs/3.12/x": "x" * 500_000, "envs/3.12.lock": "", "cache/results/lint/k/entry.json": "x" * 100_000}
    write(root, {"pyproject.toml": QUICK, "a.py": "", ".gitignore": ""})
    return write(root, {f".lockgate/{name}": text for name, text in state.items()})


def test_all_that_lockgate_keeps_is_removed_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    root = filled(tmp_path / "project")
    write(elsewhere(root.resolve()), {"cache/durations.json": "x" * 400_000})
    shown = cli("clean", "-C", root)
    assert (shown.code, shown.out, shown.err) == (0, "", "lockgate: removed 1.0 MB\n")
    assert sorted(path.name for path in root.iterdir()) == [".gitignore", "a.py", "pyproject.toml"]
    assert not elsewhere(root.resolve()).exists()


def test_the_results_alone_can_be_removed(cli: Cli, tmp_path: Path) -> None:
    root = filled(tmp_path / "project")
    assert cli("clean", "--results", "-C", root).err == "lockgate: removed 0.1 MB\n"
    assert not (root / ".lockgate/cache/results").exists()
    assert (root / ".lockgate/envs/3.12/x").exists()


def test_where_nothing_is_kept_nothing_is_removed(cli: Cli, tmp_path: Path) -> None:
    for arguments in ((), ("--results",)):
        shown = cli("clean", "-C", tmp_path, *arguments)
        assert (shown.code, shown.err) == (0, "lockgate: removed 0.0 MB\n")


def test_links_in_the_state_are_removed_and_not_followed(cli: Cli, tmp_path: Path) -> None:
    root = filled(tmp_path / "project")
    write(tmp_path / "precious", {"data": "x"})
    (root / ".lockgate/link").symlink_to(tmp_path / "precious")
    assert cli("clean", "-C", root).code == 0
    assert (tmp_path / "precious/data").exists()


def test_what_cannot_be_removed_is_not_said_to_be(cli: Cli, tmp_path: Path) -> None:
    root = write(tmp_path / "project", {"pyproject.toml": QUICK})
    write(tmp_path / "disk", {"data": "x"})
    (root / ".lockgate").symlink_to(tmp_path / "disk")
    shown = cli("clean", "-C", root)
    assert shown.code == 3
    assert f"{root}/.lockgate could not be removed" in shown.err
    assert (tmp_path / "disk/data").exists()


def test_while_a_gate_runs_nothing_is_removed(cli: Cli, tmp_path: Path) -> None:
    root = write(tmp_path / "project", {"pyproject.toml": QUICK})
    script = f"touch {tmp_path}/up; while ! test -e {tmp_path}/go; do sleep 0.05; done"
    table = f'[tool.lockgate]\npython = ["3.12"]\nchecks = ["wait"]\ncheck.wait.run = ["sh", "-c", "{script}"]\n'
    write(root, {"pyproject.toml": table})
    with subprocess.Popen(command("gate"), cwd=root, env=environment(), stderr=subprocess.DEVNULL) as gate:
        assert wait_until((tmp_path / "up").exists)
        shown = cli("clean", "-C", root)
        assert shown.code == 3
        assert shown.err == (
            f"lockgate: another lockgate is using {root.resolve()}/.lockgate\n"
            "  → wait for it to end, then run lockgate clean again\n"
        )
        assert (root / ".lockgate/envs/3.12/bin/python").exists()
        (tmp_path / "go").touch()
        assert gate.wait() == 0
    assert cli("clean", "-C", root).code == 0
    assert not (root / ".lockgate").exists()
