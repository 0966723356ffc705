from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.ports.interpreters import Finder, Interpreter

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
REAL = Path(os.path.realpath(sys.executable))


def claimant(path: Path, version: str = "3.12.99", implementation: str = "cpython", *, final: bool = True) -> Path:
    """A program that answers as an interpreter would; no machine has a 3.12.99, so that only it can be found."""
    answer = {"version": version, "build": f"{version} (stand-in)", "final": final, "implementation": implementation}
    answer |= {"stdlib": "", "library": ""}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho x >> '{path}.asked'\necho '{json.dumps(answer)}'\n")
    path.chmod(0o755)
    return path


def find(tmp_path: Path, minor: str = "3.12", **environment: str) -> Interpreter | None:
    return Finder(tmp_path / "memory.json", {"HOME": str(tmp_path / "home"), **environment}).find(minor)


def path_of(found: Interpreter | None) -> str | None:
    """Its path, when it is a stand-in."""
    return found.path if found is not None and found.version.endswith(".99") else None


# --- where


PLACES = {
    "UV_PYTHON_INSTALL_DIR": "cpython-3.12.99-linux-x86_64-gnu/bin/python3.12",
    "XDG_DATA_HOME": "uv/python/cpython-3.12.99-macos-aarch64-none/bin/python3.12",
    "PYENV_ROOT": "versions/3.12.99/bin/python3.12",
    "MISE_DATA_DIR": "installs/python/3.12.99/bin/python3.12",
    "ASDF_DATA_DIR": "installs/python/3.12.99/bin/python3.12",
    "RYE_HOME": "py/cpython@3.12.99/bin/python3.12",
}
AT_HOME = (
    *(".local/share/uv/python/cpython-3.12.99-linux/bin/python3.12", ".pyenv/versions/3.12.99/bin/python3.12"),
    *(".local/share/mise/installs/python/3.12/bin/python3.12", ".asdf/installs/python/3.12.99/bin/python3.12"),
    ".rye/py/cpython@3.12.99/bin/python3.12",
)


@pytest.mark.parametrize("variable", PLACES)
def test_interpreters_are_found_where_their_managers_were_told_to_keep_them(tmp_path: Path, variable: str) -> None:
    there = claimant(tmp_path / "kept" / PLACES[variable])
    assert path_of(find(tmp_path, **{variable: str(tmp_path / "kept")})) == str(there)
    assert path_of(find(tmp_path)) is None


def test_mise_keeps_its_data_where_xdg_says(tmp_path: Path) -> None:
    there = claimant(tmp_path / "data/mise/installs/python/3.12.99/bin/python3.12")
    assert path_of(find(tmp_path, XDG_DATA_HOME=str(tmp_path / "data"))) == str(there)


@pytest.mark.parametrize("place", AT_HOME)
def test_interpreters_are_found_where_their_managers_keep_them_by_default(tmp_path: Path, place: str) -> None:
    there = claimant(tmp_path / "home" / place)
    assert path_of(find(tmp_path)) == str(there)


@pytest.mark.parametrize("name", ["python3.12", "python3", "python"])
def test_interpreters_on_the_path_are_found_by_any_of_their_names(tmp_path: Path, name: str) -> None:
    there = claimant(tmp_path / "bin" / name)
    assert path_of(find(tmp_path, PATH=f"/nowhere::{tmp_path}/bin")) == str(there)


def test_a_link_is_followed_to_the_real_interpreter(tmp_path: Path) -> None:
    there = claimant(tmp_path / "opt/python3.12")
    for link in ("bin/python3.12", "pyenv/versions/3.12.99/bin/python3.12", "pyenv/versions/3.12/bin/python3.12"):
        (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / link).symlink_to(there)
    found = find(tmp_path, PATH=str(tmp_path / "bin"), PYENV_ROOT=str(tmp_path / "pyenv"))
    assert path_of(found) == str(there)
    assert Path(f"{there}.asked").read_text() == "x\n"  # one real file, asked once


@pytest.mark.parametrize(
    ("variable", "link"),
    [
        ("PYENV_ROOT", f"versions/{platform.python_version()}/bin/python{OWN}"),
        ("MISE_DATA_DIR", f"installs/python/{OWN}/bin/python{OWN}"),
        ("ASDF_DATA_DIR", f"installs/python/{platform.python_version()}/bin/python{OWN}"),
        ("UV_PYTHON_INSTALL_DIR", f"cpython-{OWN}-linux-x86_64-gnu/bin/python{OWN}"),
    ],
)
def test_a_real_interpreter_proves_itself_by_running(tmp_path: Path, variable: str, link: str) -> None:
    (tmp_path / "kept" / link).parent.mkdir(parents=True)
    (tmp_path / "kept" / link).symlink_to(REAL)
    found = find(tmp_path, OWN, **{variable: str(tmp_path / "kept")}, PYTHONHOME="/nowhere")
    assert found is not None
    said = subprocess.run(
        [found.path, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=True
    )
    assert found.build == said.stdout.removesuffix("\n")
    assert (found.minor, os.path.realpath(found.path)) == (OWN, found.path)
    assert found.stamp.count(":") >= 2


# --- which


def test_the_newest_patch_wins_whatever_the_order(tmp_path: Path) -> None:
    for version in ("3.12.100", "3.12.99", "3.12.9"):
        claimant(tmp_path / f"pyenv/versions/{version}/bin/python3.12", version)
    found = find(tmp_path, PYENV_ROOT=str(tmp_path / "pyenv"))
    assert found is not None
    assert found.version == "3.12.100"


@pytest.mark.parametrize(
    ("place", "implementation", "final"),
    [
        ("pyenv/versions/3.12.99/bin/python3.12", "pypy", True),
        ("pyenv/versions/3.12.99rc1/bin/python3.12", "cpython", False),
        ("pyenv/versions/pypy3.12-7.3/bin/python3.12", "cpython", True),
        ("pyenv/versions/3.12t/bin/python3.12", "cpython", True),
        ("pyenv/shims/python3.12", "cpython", True),
        ("venv/bin/python3.12", "cpython", True),
    ],
)
def test_other_implementations_prereleases_shims_and_environments_are_passed_over(
    tmp_path: Path, place: str, implementation: str, *, final: bool
) -> None:
    claimant(tmp_path / place, implementation=implementation, final=final)
    (tmp_path / "venv").mkdir(exist_ok=True)
    (tmp_path / "venv/pyvenv.cfg").touch()
    path = f"{tmp_path}/pyenv/shims:{tmp_path}/venv/bin"
    assert path_of(find(tmp_path, PATH=path, PYENV_ROOT=str(tmp_path / "pyenv"))) is None


def test_a_name_is_not_believed(tmp_path: Path) -> None:
    claimant(tmp_path / "bin/python3.12", "3.11.99")
    assert path_of(find(tmp_path, PATH=str(tmp_path / "bin"))) is None
    assert path_of(find(tmp_path, "3.11", PATH=str(tmp_path / "bin"))) is None  # nor is it looked for under another


@pytest.mark.parametrize("script", ["exit 1", "echo nonsense", "echo '{\"version\": 3}'", "kill -SEGV $$"])
def test_what_gives_no_answer_is_passed_over(tmp_path: Path, script: str) -> None:
    broken = claimant(tmp_path / "bin/python3.12")
    broken.write_text(f"#!/bin/sh\n{script}\n")
    assert path_of(find(tmp_path, PATH=str(tmp_path / "bin"))) is None


def test_what_cannot_be_run_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3.12").write_text("no program")
    assert path_of(find(tmp_path, PATH=str(tmp_path / "bin"))) is None


# --- memory


def asked(there: Path) -> int:
    return len(Path(f"{there}.asked").read_text().splitlines())


def test_what_was_asked_once_is_remembered_until_the_binary_changes(tmp_path: Path) -> None:
    there = claimant(tmp_path / "bin/python3.12")
    for _ in range(3):
        assert path_of(find(tmp_path, PATH=str(tmp_path / "bin"))) == str(there)
    assert asked(there) == 1
    claimant(there, "3.12.199")  # an upgrade in place
    found = find(tmp_path, PATH=str(tmp_path / "bin"))
    assert found is not None
    assert (found.version, asked(there)) == ("3.12.199", 2)


@pytest.mark.parametrize("content", ["", "{", '{"x": 3}', "[]"])
def test_a_broken_memory_is_forgotten(tmp_path: Path, content: str) -> None:
    there = claimant(tmp_path / "bin/python3.12")
    (tmp_path / "memory.json").write_text(content)
    assert path_of(find(tmp_path, PATH=str(tmp_path / "bin"))) == str(there)
    assert str(there) in json.loads((tmp_path / "memory.json").read_text())


def test_without_a_place_for_the_memory_only_time_is_lost(tmp_path: Path) -> None:
    there = claimant(tmp_path / "bin/python3.12")
    (tmp_path / "memory.json").mkdir()
    for _ in range(2):
        assert path_of(find(tmp_path, PATH=str(tmp_path / "bin"))) == str(there)
    assert asked(there) == 2
