from __future__ import annotations

import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from lockgate.flows import init
from lockgate.model.errors import UsageError
from lockgate.ports.pyproject import read_project
from tests.support import write
from tests.unit.cli.conftest import Cli

PLAIN = '[project]\nname = "sample"\n'
TABLE = """
# Everything has a default: `lockgate schema config` lists the keys.
[tool.lockgate]
python = ["3.8", "3.9", "3.10", "3.11", "3.12"]
checks = ["lint", "format"]  # add coverage, test, types when the package has them
"""
IGNORED = "# Caches of uv and lockgate\n.uv/\n.uv-cache/\nuv.cache/\n.lockgate/\n"


def test_the_table_and_the_ignored_folders_are_written(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN})
    shown = cli("init", "-C", tmp_path)
    assert shown.code == 0
    assert shown.err == "lockgate: written; next: `lockgate doctor`, then `lockgate gate`\n"
    assert (tmp_path / "pyproject.toml").read_text() == PLAIN + TABLE
    assert (tmp_path / ".gitignore").read_text() == IGNORED


def test_what_is_shown_is_a_diff_that_patch_takes(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "a", {"pyproject.toml": PLAIN, ".gitignore": "dist/"})
    write(tmp_path / "b", {"pyproject.toml": PLAIN, ".gitignore": "dist/"})
    shown = cli("init", "--dry-run", "-C", tmp_path / "a")
    (tmp_path / "change.diff").write_text(shown.out)
    subprocess.run(["git", "apply", "../change.diff"], cwd=tmp_path / "a", check=True)
    cli("init", "-C", tmp_path / "b")
    for name in ("pyproject.toml", ".gitignore"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_dry_run_writes_nothing(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN})
    before = (tmp_path / "pyproject.toml").stat()
    shown = cli("init", "--dry-run", "-C", tmp_path)
    assert shown.code == 0
    assert shown.out.startswith("--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ ")
    assert "\n--- /dev/null\n+++ b/.gitignore\n@@ " in shown.out
    assert shown.err == "lockgate: nothing was written; run `lockgate init` to do it\n"
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]
    assert (tmp_path / "pyproject.toml").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("again", [(), ("--dry-run",)])
def test_the_second_time_there_is_nothing_to_do(cli: Cli, tmp_path: Path, again: tuple[str, ...]) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN})
    cli("init", "-C", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    shown = cli("init", "-C", tmp_path, *again)
    assert (shown.code, shown.out) == (0, "")
    assert shown.err == "lockgate: nothing to do: the table and .gitignore are in place\n"
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_table_that_is_there_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    own = f"{PLAIN}[tool.lockgate]\nrunner = 'x'\n"
    write(tmp_path, {"pyproject.toml": own})
    cli("init", "-C", tmp_path)
    assert (tmp_path / "pyproject.toml").read_text() == own


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "pyproject.toml": PLAIN + 'classifiers = ["Programming Language :: Python :: 3.9"]\n[tool.mypy]\n',
                "tests/x": "",
            },
            {},
        ),
        ({"pyproject.toml": f'{PLAIN}requires-python = ">=3.12"\n[tool.ty]\n', "test_a.py": ""}, {"python": ["3.12"]}),
        (
            {"pyproject.toml": f'{PLAIN}requires-python = ">=3.12"\n', "tests/x": ""},
            {"python": ["3.12"], "checks": ["lint", "format", "test", "coverage"]},
        ),
    ],
)
def test_only_what_the_defaults_would_get_wrong_is_written(
    cli: Cli, tmp_path: Path, files: dict[str, str], expected: dict[str, object]
) -> None:
    cli("init", "-C", write(tmp_path, files))
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["lockgate"] == expected


# --- files stay as their owner has them


def test_line_ends_are_kept(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN.replace("\n", "\r\n").encode(), ".gitignore": b"dist/\r\n"})
    cli("init", "-C", tmp_path)
    for name, expected in (("pyproject.toml", PLAIN + TABLE), (".gitignore", f"dist/\n\n{IGNORED}")):
        assert (tmp_path / name).read_bytes() == expected.replace("\n", "\r\n").encode()


def test_a_missing_final_line_end_joins_nothing(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN.rstrip(), ".gitignore": "dist/"})
    shown = cli("init", "-C", tmp_path)
    assert "\\ No newline at end of file\n" in shown.out
    assert (tmp_path / "pyproject.toml").read_text() == PLAIN + TABLE
    assert (tmp_path / ".gitignore").read_text() == f"dist/\n\n{IGNORED}"


@pytest.mark.parametrize("ignored", [".lockgate\n/.uv/\n.uv-cache\nuv.cache/\n", IGNORED])
def test_what_is_ignored_already_is_not_repeated(cli: Cli, tmp_path: Path, ignored: str) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN, ".gitignore": ignored})
    cli("init", "-C", tmp_path)
    assert (tmp_path / ".gitignore").read_text() == ignored


def test_permissions_and_links_are_kept(cli: Cli, tmp_path: Path) -> None:
    root = write(tmp_path / "package", {"pyproject.toml": PLAIN})
    write(tmp_path, {"shared": "dist/\n"})
    (root / "pyproject.toml").chmod(0o600)
    (root / ".gitignore").symlink_to("../shared")
    cli("init", "-C", root)
    assert stat.S_IMODE((root / "pyproject.toml").stat().st_mode) == 0o600
    assert (root / ".gitignore").is_symlink()
    assert (tmp_path / "shared").read_text() == f"dist/\n\n{IGNORED}"


def test_a_file_that_cannot_be_read_or_written_is_named(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN, ".gitignore": b"caf\xe9\n"})
    shown = cli("init", "-C", tmp_path)
    assert shown.code == 2
    assert shown.err.startswith("lockgate: .gitignore: cannot be read: ")
    assert (tmp_path / "pyproject.toml").read_text() == PLAIN
    (tmp_path / ".gitignore").unlink()
    (tmp_path / ".gitignore").mkdir()
    assert cli("init", "-C", tmp_path).code == 2


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, full_disk: None) -> None:
    del full_disk
    project = read_project(write(tmp_path, {"pyproject.toml": PLAIN}))
    with pytest.raises(UsageError, match=r"pyproject\.toml: File too large$"):
        init.apply(init.changes(project))
    assert (tmp_path / "pyproject.toml").read_text() == PLAIN
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]
