"""One command from nothing to a release on the embedded index: for a small package, the example, and other people's."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.loopback.osv import Osv
from tests.support import Ran, commit, lockgate, package

pytestmark = pytest.mark.usefixtures("own_git")
TOP = Path(__file__).parents[2]


@pytest.fixture
def osv() -> Iterator[Osv]:
    with Osv() as service:
        yield service


def _published(root: Path) -> Path:
    """`root` in git, with a remote that has its main branch."""
    origin = root.parent / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(origin)], check=True)
    commit(root)
    for line in (["remote", "add", "origin", str(origin)], ["push", "-q", "-u", "origin", "main"]):
        subprocess.run(["git", *line], cwd=root, check=True, capture_output=True)
    return root


def _with_osv(root: Path, osv: Osv, table: str = "") -> None:
    """Vulnerabilities are asked for here, not over the network."""
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8") + f'\n{table}\n[tool.lockgate.scan]\nosv = "{osv.url}"\ncool-down = "1d"\n'
    path.write_text(text, encoding="utf-8")


def _lock(root: Path) -> None:
    subprocess.run(["uv", "lock", "--quiet"], cwd=root, check=True)


def _rehearse(root: Path, version: str, *arguments: str) -> Ran:
    line = ["publish", "resume", version, "--index", "loopback", "--confirm", "publisher", *arguments]
    return lockgate(root, *line, timeout=900)


def _assert_released(root: Path, version: str, ran: Ran) -> None:
    assert ran.code == 0, ran.out + ran.err
    folder = root / ".lockgate" / "release" / version
    ledger = json.loads((folder / "ledger.json").read_bytes())
    assert ledger["state"] == "released"
    assert ledger["index"] == "loopback"
    assert {one["state"] for one in ledger["files"]} == {"verified"}
    proved = [one["name"] for one in ledger["steps"] if one["status"] == "pass"]
    for name in ("plan", "gate", "scan", "built", "uploaded", "index", "bytes", "install", "verified", "released"):
        assert name in proved
    tags = subprocess.run(["git", "tag"], cwd=root, check=True, capture_output=True, text=True).stdout
    assert version not in tags  # a rehearsal leaves no trace


def test_a_small_package_in_one_command(tmp_path: Path, osv: Osv) -> None:
    root = package(
        tmp_path / "sample",
        "",
        **{
            ".gitignore": "__pycache__/\n.*cache/\n.coverage*\n.venv/\n",
            "CHANGELOG.md": "# Changelog\n\n## 1.0\n\n* new\n",
        },
    )
    _with_osv(root, osv, '[tool.lockgate]\npython = ["3.12"]\nchecks = ["lint", "format", "test", "coverage"]\n')
    _lock(root)
    ran = _rehearse(_published(root), "1.0")
    _assert_released(root, "1.0", ran)
    again = _rehearse(root, "1.0", "--format", "json")
    assert again.code == 0, again
    assert again.document["ledger"]["state"] == "released"


@pytest.mark.slow
def test_the_example_in_one_command(tmp_path: Path, osv: Osv) -> None:
    ignore = shutil.ignore_patterns(".lockgate", ".venv", "__pycache__", ".*cache", ".coverage*")
    # Its own lockgate is this one, by a path.
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TOP / name, tmp_path)
    (tmp_path / "src").symlink_to(TOP / "src")
    example = TOP / "examples" / "mypylogger"
    root = Path(shutil.copytree(example, tmp_path / "examples" / "mypylogger", ignore=ignore))
    _with_osv(root, osv)
    ran = _rehearse(_published(root), "0.1.0")
    _assert_released(root, "0.1.0", ran)


# With flit and with setuptools; what a person would install to test them.
OTHERS = {
    "pathspec": ("0.12.1", ["pytest"]),
    "python-json-logger": ("3.3.0", ["pytest", "freezegun", "tzdata"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_other_people_s_packages_with_other_backends(tmp_path: Path, osv: Osv, name: str) -> None:
    version, needed = OTHERS[name]
    for line in (
        ["uv", "venv", "--quiet", "--python", sys.executable, "env"],
        ["uv", "pip", "install", "--quiet", "--python", "env", "pip"],
        [
            "env/bin/python",
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            f"{name}=={version}",
        ],
    ):
        subprocess.run(line, cwd=tmp_path, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    root = archive.with_name(archive.name.removesuffix(".tar.gz"))
    (root / "CHANGELOG.md").write_text(f"# Changelog\n\n## {version}\n\n* as released\n")
    (root / ".gitignore").write_text("__pycache__/\n.*cache/\n.coverage*\n.venv/\n*.egg-info/\n")
    (root / "PKG-INFO").unlink()  # not of a clone
    _with_osv(root, osv, f'[tool.lockgate]\npython = ["3.12"]\nchecks = ["test"]\npackages = {json.dumps(needed)}\n')
    _lock(root)
    ran = _rehearse(_published(root), version)
    _assert_released(root, version, ran)
