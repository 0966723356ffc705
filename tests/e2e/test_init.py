"""`lockgate init` with real git and real uv: what it makes starts, and what fails leaves nothing."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from lockgate import __version__
from lockgate.ports.interpreters import Finder
from tests.e2e.running import wait_for
from tests.support import Ran, command, commit, environment, lockgate, write

REPOSITORY = Path(__file__).parents[2]
NESTED = ".github/lockgate"
CALL = ["uv", "run", "--project", NESTED, "--locked", "lockgate"]
# A lockgate that needs nothing from an index but a build backend, and says who it is.
STAND_IN = {
    "pyproject.toml": """\
        [project]
        name = "lockgate"
        version = "7.7"
        requires-python = ">=3.11"

        [project.scripts]
        lockgate = "lockgate:main"

        [build-system]
        requires = ["uv_build>=0.9,<1"]
        build-backend = "uv_build"
        """,
    "src/lockgate/__init__.py": "def main() -> None:\n    print('the locked one')\n",
}
BACKENDS = {
    "hatch": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    "setuptools": '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n',
    "poetry": '[build-system]\nrequires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"\n',
}
PROJECT = '[project]\nname = "sample"\nversion = "1.0"\nrequires-python = ">=3.8"\n'
OLD_POETRY = '[tool.poetry]\nname = "sample"\nversion = "1.0"\n[tool.poetry.dependencies]\npython = "^3.9"\n'
SHAPES: Mapping[str, Mapping[str, str | bytes]] = {
    "src layout, hatch": {"pyproject.toml": PROJECT + BACKENDS["hatch"], "src/sample/__init__.py": ""},
    "flat layout, setuptools": {"pyproject.toml": PROJECT + BACKENDS["setuptools"], "sample/__init__.py": ""},
    "poetry": {"pyproject.toml": PROJECT + BACKENDS["poetry"], "sample/__init__.py": "", "poetry.lock": ""},
    "poetry of old": {"pyproject.toml": OLD_POETRY + BACKENDS["poetry"], "sample.py": ""},
    "a script without a backend": {"pyproject.toml": PROJECT, "sample.py": ""},
    "tools only": {"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "sample.py": ""},
    "tests": {"pyproject.toml": PROJECT + BACKENDS["hatch"], "tests/test_it.py": "def test_it() -> None: ...\n"},
    "CRLF": {"pyproject.toml": PROJECT.replace("\n", "\r\n").encode(), "sample.py": b"x = 1\r\n"},
    "a mark at the start": {"pyproject.toml": b"\xef\xbb\xbf" + PROJECT.encode()},
    "no end of line": {"pyproject.toml": PROJECT.rstrip()},
    "settings of uv": {"pyproject.toml": PROJECT + '[tool.uv]\nno-index = true\nrequired-version = ">=0.5"\n'},
    "a configuration of uv": {"pyproject.toml": PROJECT, "uv.toml": "offline = true\n"},
    "a workspace": {
        "pyproject.toml": PROJECT + '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
        "packages/one/pyproject.toml": PROJECT.replace("sample", "one"),
    },
    "an old Python": {"pyproject.toml": PROJECT, ".python-version": "3.8\n", ".tool-versions": "python 3.8.20\n"},
    "a locked package": {"pyproject.toml": PROJECT, "uv.lock": 'version = 1\nrequires-python = ">=3.8"\n'},
    "files of others": {
        "pyproject.toml": PROJECT,
        ".github/workflows/ci.yml": "on: push\njobs: {}\n",
        ".github/SECURITY.md": "Mine.\n",
        ".pre-commit-config.yaml": "repos: []\n",
        ".gitignore": "dist/",
    },
}


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file below `root`, git's own aside; folders too."""
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root)
        if ".git" not in name.parts and not path.is_symlink():
            found[name.as_posix()] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes() if path.is_file() else b"")
    return found


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return commit(write(tmp_path_factory.mktemp("stand-in") / "lockgate", STAND_IN))


def head(root: Path) -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def source(root: Path) -> str:
    """The stand-in at its commit, as git fetches it."""
    return f"git+{root.as_uri()}@{head(root)}"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("has_git", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_any_package_is_set_up_once(tmp_path: Path, stand_in: Path, shape: str, *, has_git: bool) -> None:
    root = write(tmp_path / "p", SHAPES[shape])
    if has_git:
        commit(root)
    before = tree(root)
    arguments = ("init", "--lockgate", source(stand_in))
    planned = lockgate(root, *arguments, "--dry-run")
    assert (planned.code, tree(root)) == (0, before), planned.err
    done = lockgate(root, *arguments)
    assert done.code == 0, done.err
    assert done.out == planned.out
    after = tree(root)
    changed = {name for name in after if after[name] != before.get(name) and (root / name).is_file()}
    assert {name for name in changed if f"+++ b/{name}\n" not in done.out} == {f"{NESTED}/uv.lock"}
    assert set(before) <= set(after)
    again = lockgate(root, *arguments)
    assert (again.code, again.out, tree(root)) == (0, "", after)
    assert lockgate(root, "render", "--check").code == 0
    locked = subprocess.run(["uv", "lock", "--check", "--project", NESTED], cwd=root, check=False, capture_output=True)
    assert locked.returncode == 0, locked.stderr
    lock = (root / NESTED / "uv.lock").read_text()
    assert f"{stand_in.as_uri()}?rev={head(stand_in)}#{head(stand_in)}" in lock


def test_a_package_in_a_folder_of_a_repository(tmp_path: Path, stand_in: Path) -> None:
    top = commit(write(tmp_path / "r", {"packages/one/pyproject.toml": PROJECT, "README.md": ""}))
    done = lockgate(top / "packages/one", "init", "--lockgate", source(stand_in))
    assert done.code == 0, done.err
    assert (top / NESTED / "uv.lock").is_file()
    assert not (top / "packages/one/.github").exists()
    assert lockgate(top / "packages/one", "render", "--check").code == 0


def started(root: Path, **changes: str | None) -> str:
    """What the locked lockgate says when it is called as the workflows and the hook call it."""
    done = subprocess.run(
        [*CALL, "--version"], cwd=root, env=environment(**changes), capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_the_locked_lockgate_starts_whatever_the_package_has(tmp_path: Path, stand_in: Path) -> None:
    root = write(tmp_path / "p", {"pyproject.toml": PROJECT, ".python-version": "3.8\n", "sample.py": ""})
    old = Finder(tmp_path / "interpreters.json").find("3.8")
    venv = ["uv", "venv", "--quiet", "--no-project", "--python", str(old.path) if old else sys.executable]
    for folder in (root / ".venv", tmp_path / "active"):
        subprocess.run([*venv, str(folder)], check=True)
    other = write(tmp_path, {"bin/lockgate": "#!/bin/sh\necho another one\n"}) / "bin"
    (other / "lockgate").chmod(0o755)
    surroundings: dict[str, Any] = {
        "PATH": f"{tmp_path}/active/bin:{other}:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(tmp_path / "active"),
        "UV_PROJECT_ENVIRONMENT": None,
        "UV_PYTHON": None,
    }
    done = lockgate(root, "init", "--lockgate", source(stand_in), **surroundings)
    assert done.code == 0, done.err
    before = tree(root / ".venv")
    assert started(root, **surroundings) == "the locked one"
    assert tree(root / ".venv") == before
    (root / ".venv/pyvenv.cfg").unlink()
    assert started(root, **surroundings) == "the locked one"


def test_from_a_folder(tmp_path: Path, stand_in: Path) -> None:
    root = write(tmp_path / "p", {"pyproject.toml": PROJECT})
    shutil.copytree(stand_in, root / "tools/lockgate")
    done = lockgate(root, "init", "--lockgate", "tools/lockgate")
    assert done.code == 0, done.err
    assert started(root) == "the locked one"
    shutil.move(root, tmp_path / "elsewhere")
    assert started(tmp_path / "elsewhere") == "the locked one"
    assert str(tmp_path) not in (tmp_path / "elsewhere" / NESTED / "uv.lock").read_text()


# --- failures leave nothing


def test_a_version_that_is_not_on_the_index_leaves_nothing(tmp_path: Path) -> None:
    root = write(tmp_path, {"pyproject.toml": PROJECT})
    before = tree(root)
    empty = write(tmp_path.parent / f"{tmp_path.name}-index", {"lockgate/index.html": "<html></html>"})
    done = lockgate(root, "init", "--lockgate", "99.1", UV_DEFAULT_INDEX=empty.as_uri())
    assert (done.code, done.out.count("+++ b/"), tree(root)) == (3, 9, before)
    assert "lockgate: lockgate itself could not be locked\n" in done.err
    assert "lockgate==99.1" in done.err
    assert "→ nothing was written; is the network there?" in done.err


def test_a_commit_that_is_not_there_leaves_nothing(tmp_path: Path, stand_in: Path) -> None:
    root = write(tmp_path, {"pyproject.toml": PROJECT, ".github/mine.txt": ""})
    before = tree(root)
    done = lockgate(root, "init", "--lockgate", f"git+{stand_in.as_uri()}@{'a' * 40}")
    assert (done.code, tree(root)) == (3, before)


FAILING: Mapping[str, str] = {
    "it fails after half of the lock": "echo 'version = 1' > uv.lock; echo 'no space' >&2; exit 2",
    "it dies": "echo 'version = 1' > uv.lock; kill -KILL $$",
    "it writes nothing and is content": "exit 0",
}


@pytest.mark.parametrize("failure", FAILING)
def test_an_uv_that_fails_leaves_nothing(tmp_path: Path, failure: str) -> None:
    root = write(tmp_path / "p", {"pyproject.toml": PROJECT})
    uv = write(tmp_path, {"uv": f"#!/bin/sh\n{FAILING[failure]}\n"}) / "uv"
    uv.chmod(0o755)
    before = tree(root)
    done = lockgate(root, "init", "--lockgate", "1.0", UV=str(uv))
    assert (done.code, tree(root)) == (3, before), done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    root = write(tmp_path / "p", {"pyproject.toml": PROJECT})
    uv = write(tmp_path, {"uv": f"#!/bin/sh\ntouch uv.lock '{tmp_path}/begun'\nsleep 60\n"}) / "uv"
    uv.chmod(0o755)
    before = tree(root)
    running = subprocess.Popen(
        command("init", "--lockgate", "1.0"),
        cwd=root,
        env=environment(UV=str(uv)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    wait_for((tmp_path / "begun").exists, "uv")
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"interrupted" in said
    assert tree(root) == before


def test_without_uv_nothing_is_written(tmp_path: Path) -> None:
    root = write(tmp_path / "p", {"pyproject.toml": PROJECT})
    before = tree(root)
    done = lockgate(root, "init", "--lockgate", "1.0", UV=None, PATH="/nowhere", HOME=str(tmp_path))
    if (Path(sys.prefix) / "bin/uv").exists():
        pytest.skip("uv stands beside this interpreter")
    assert (done.code, tree(root)) == (3, before)
    assert "uv was not found" in done.err


def read_only(root: Path, folder: Path, *arguments: str) -> Ran:
    """Run lockgate where `folder` cannot be written."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        try:
            return lockgate(root, *arguments)
        finally:
            folder.chmod(0o755)
    # Permission bits do not stop root.
    mounts = f"mount --bind '{folder}' '{folder}'; mount -o remount,ro,bind '{folder}'; exec \"$@\""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", mounts, "sh", *command(*arguments)],
        cwd=root,
        env=environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.skipif(sys.platform != "linux" and os.geteuid() == 0, reason="needs mounts to stop root")
@pytest.mark.parametrize("has_lock", [True, False])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, stand_in: Path, *, has_lock: bool) -> None:
    lock = {f"{NESTED}/uv.lock": ""} if has_lock else {".github/mine": ""}
    root = write(tmp_path / "p", {"pyproject.toml": f"{PROJECT}[tool.lockgate]\n", **lock})
    before = tree(root)
    done = read_only(root, root / ".github", "init", "--lockgate", source(stand_in))
    assert done.code == 2, done.err
    assert f"{root}/.github" in done.err
    assert "ead-only" in done.err or "denied" in done.err
    assert {name: one for name, one in tree(root).items() if name.startswith(".github")} == {
        name: one for name, one in before.items() if name.startswith(".github")
    }


# --- what is written works


def test_the_hook_is_a_command_that_judges(tmp_path: Path) -> None:
    root = commit(write(tmp_path, {"pyproject.toml": PROJECT, ".pre-commit-config.yaml": "repos: []\n"}))
    write(root, {f"{NESTED}/uv.lock": ""})
    assert lockgate(root, "init").code == 0
    (hook,) = YAML(typ="safe", pure=True).load((root / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    words = shlex.split(hook["entry"])
    assert words[: len(CALL)] == CALL
    assert lockgate(root, *words[len(CALL) :]).code == 0
    table = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(table.replace("[tool.lockgate]\n", '[tool.lockgate]\nrunner = "mine"\n'))
    assert lockgate(root, *words[len(CALL) :]).code == 1


@pytest.mark.slow
def test_this_very_lockgate_is_locked_and_starts(tmp_path: Path) -> None:
    root = commit(write(tmp_path / "p", {"pyproject.toml": PROJECT, ".python-version": "3.8\n"}))
    assert lockgate(root, "init", "--lockgate", str(REPOSITORY)).code == 0
    assert started(root) == f"lockgate {__version__}"
    done = subprocess.run([*CALL, "render", "--check"], cwd=root, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("change", [None, lambda text: text.replace("ubuntu-24.04", "macos-15")])
def test_pre_commit_runs_the_hook(tmp_path: Path, change: Callable[[str], str] | None) -> None:
    root = commit(write(tmp_path / "p", {"pyproject.toml": PROJECT, ".pre-commit-config.yaml": "repos: []\n"}))
    assert lockgate(root, "init", "--lockgate", str(REPOSITORY)).code == 0
    workflow = root / ".github/workflows/quality-gate.yml"
    workflow.write_text((change or str)(workflow.read_text()))
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    done = subprocess.run(
        ["uv", "tool", "run", "pre-commit", "run"], cwd=root, check=False, capture_output=True, env=environment()
    )
    assert (done.returncode == 0) is (change is None), done.stdout
    assert b"the workflows are what the table says" in done.stdout
