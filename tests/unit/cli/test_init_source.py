"""Where CI gets lockgate itself: what the user names, or where this one came from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lockgate import __version__
from tests.support import Ran, commit, write
from tests.unit.cli.conftest import Cli
from tests.unit.cli.test_init import PLAIN, tree


def refused(cli: Cli, root: Path, *arguments: str) -> Ran:
    """A dry run of a package without lockgate's lock, which is refused."""
    write(root, {"pyproject.toml": PLAIN})
    shown = cli("init", "--dry-run", "-C", root, *arguments)
    assert shown.code in {2, 3}
    assert tree(root) == {"pyproject.toml": PLAIN.encode()}
    return shown


def test_a_source_that_is_none(cli: Cli, tmp_path: Path) -> None:
    shown = refused(cli, tmp_path, "--lockgate", "main")
    assert shown.err == (
        "lockgate: 'main' is no source of lockgate\n  → give a version, a folder, or git+URL@<full commit SHA>\n"
    )


def test_a_source_with_a_password_is_not_committed(cli: Cli, tmp_path: Path) -> None:
    shown = refused(cli, tmp_path, "--lockgate", f"git+https://me:hunter2@github.com/o/lockgate@{'a' * 40}")
    assert "holds a password, which would be committed" in shown.err
    assert "hunter2" not in shown.err


def from_git(url: str) -> str:
    """The line of the nested project."""
    return f'lockgate = {{ git = "{url}", rev = "{"a" * 40}" }}'


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("1.2.3rc1", 'dependencies = ["lockgate==1.2.3rc1"]'),
        (f"git+https://github.com/o/lockgate@{'a' * 40}", from_git("https://github.com/o/lockgate")),
        (f"git+git@github.com:o/lockgate@{'a' * 40}", from_git("https://github.com/o/lockgate")),
        (f"git+git@git.example.org:o/x.git@{'a' * 40}", from_git("ssh://git@git.example.org/o/x.git")),
    ],
)
def test_a_source_that_is_named(cli: Cli, tmp_path: Path, asked: str, line: str) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN})
    shown = cli("init", "--dry-run", "-C", tmp_path, "--lockgate", asked)
    assert shown.code == 0
    assert f"\n+{line}\n" in shown.out
    assert shown.err.endswith("run `lockgate init` to do it (and .github/lockgate/uv.lock, by uv)\n")


def test_a_folder_is_named_from_where_the_lock_lies(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"p/pyproject.toml": PLAIN, "tools/lockgate/pyproject.toml": PLAIN})
    shown = cli("init", "--dry-run", "-C", tmp_path / "p", "--lockgate", tmp_path / "tools/lockgate")
    assert '\n+lockgate = { path = "../../../tools/lockgate", editable = true }\n' in shown.out


def test_a_nested_project_without_its_lock_keeps_its_source(cli: Cli, tmp_path: Path) -> None:
    own = '[project]\nname = "mine"\nversion = "0"\n'
    write(tmp_path, {"pyproject.toml": PLAIN, ".github/lockgate/pyproject.toml": own})
    shown = cli("init", "--dry-run", "-C", tmp_path)
    assert shown.code == 0
    assert ".github/lockgate/pyproject.toml" not in shown.out
    assert "(and .github/lockgate/uv.lock, by uv)" in shown.err


# --- where this lockgate came from

Installed = Callable[[object], None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Have the installer's record of lockgate say where it came from; None: from an index."""

    def record(origin: object) -> None:
        info = f"site/lockgate-{__version__}.dist-info"
        write(tmp_path, {f"{info}/METADATA": f"Metadata-Version: 2.1\nName: lockgate\nVersion: {__version__}\n"})
        if origin is not None:
            write(tmp_path, {f"{info}/direct_url.json": json.dumps(origin)})
        monkeypatch.syspath_prepend(tmp_path / "site")

    return record


def planned(cli: Cli, root: Path) -> Ran:
    """A dry run without a source, in a package without lockgate's lock."""
    return cli("init", "--dry-run", "-C", write(root, {"pyproject.toml": PLAIN}))


def test_from_an_index_it_is_its_version(cli: Cli, tmp_path: Path, installed: Installed) -> None:
    installed(None)
    assert f'+dependencies = ["lockgate=={__version__}"]\n' in planned(cli, tmp_path / "p").out


@pytest.mark.parametrize("url", ["https://github.com/o/lockgate", "https://me:hunter2@github.com/o/lockgate"])
def test_from_git_it_is_its_commit(cli: Cli, tmp_path: Path, installed: Installed, url: str) -> None:
    installed({"url": url, "vcs_info": {"vcs": "git", "commit_id": "a" * 40}})
    expected = f'+lockgate = {{ git = "https://github.com/o/lockgate", rev = "{"a" * 40}" }}\n'
    assert expected in planned(cli, tmp_path / "p").out


def test_from_a_clean_checkout_it_is_its_commit_at_the_remote(cli: Cli, tmp_path: Path, installed: Installed) -> None:
    folder = commit(write(tmp_path / "lock gate", {"pyproject.toml": PLAIN}))
    subprocess.run(["git", "remote", "add", "origin", "git@github.com:o/lockgate.git"], cwd=folder, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    installed({"url": folder.as_uri(), "dir_info": {"editable": True}})
    expected = f'+lockgate = {{ git = "https://github.com/o/lockgate.git", rev = "{head.stdout.strip()}" }}\n'
    assert expected in planned(cli, tmp_path / "p").out
    write(folder, {"new.py": ""})
    shown = planned(cli, tmp_path / "q")
    assert (shown.code, shown.out) == (3, "")
    assert f"it was installed from {folder}, which has changes that are not committed\n" in shown.err
    assert f"or --lockgate git+git@github.com:o/lockgate.git@{head.stdout.strip()},\n" in shown.err


def test_from_a_plain_folder_it_says_what_to_name(cli: Cli, tmp_path: Path, installed: Installed) -> None:
    folder = write(tmp_path / "lockgate", {"pyproject.toml": PLAIN})
    installed({"url": folder.as_uri(), "dir_info": {}})
    shown = planned(cli, tmp_path / "p")
    assert (shown.code, shown.out) == (3, "")
    assert shown.err == (
        f"lockgate: CI cannot get this lockgate: it was installed from {folder}, which is in no git repository\n"
        f"  → name a source that other machines have: lockgate init --lockgate {__version__} (from the index),\n"
        "    or --lockgate git+https://github.com/OWNER/lockgate@<full commit SHA>,\n"
        f"    or, where CI has that folder too, --lockgate {folder}\n"
    )
    assert set(tree(tmp_path / "p")) == {"pyproject.toml"}
    commit(folder)
    assert "whose repository has no remote\n" in planned(cli, tmp_path / "p").err


def test_from_a_wheel_it_says_what_to_name(cli: Cli, tmp_path: Path, installed: Installed) -> None:
    wheel = write(tmp_path, {"lockgate-0.1.0-py3-none-any.whl": ""}) / "lockgate-0.1.0-py3-none-any.whl"
    installed({"url": wheel.as_uri(), "archive_info": {}})
    shown = planned(cli, tmp_path / "p")
    assert shown.code == 3
    assert f"it was installed from {wheel}, which is in no git repository" in shown.err


def test_from_the_repository_itself_it_is_the_folder(cli: Cli, tmp_path: Path, installed: Installed) -> None:
    installed({"url": write(tmp_path / "r", {"pyproject.toml": PLAIN}).as_uri(), "dir_info": {"editable": True}})
    assert '+lockgate = { path = "../..", editable = true }\n' in planned(cli, tmp_path / "r").out
    assert '+lockgate = { path = "../../../..", editable = true }\n' in planned(cli, tmp_path / "r/packages/one").out
