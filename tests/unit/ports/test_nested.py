from __future__ import annotations

from pathlib import Path

import pytest

from lockgate.ports.nested import locked_version
from tests.support import write

LOCK = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "lockgate-plugin"
version = "9.9"
dependencies = [
    { name = "lockgate" },
]

[[package]]
name = "lockgate"
version = "0.3.1"
source = { registry = "https://pypi.org/simple" }
"""
PLACE = ".github/lockgate/uv.lock"


@pytest.mark.parametrize("text", [LOCK, LOCK.replace("\n", "\r\n")])
def test_the_lock_of_the_package_names_the_version(tmp_path: Path, text: str) -> None:
    assert locked_version(write(tmp_path, {PLACE: text.encode()})) == "0.3.1"


def test_in_a_subfolder_the_repository_has_it(tmp_path: Path) -> None:
    write(tmp_path, {"top/.git/HEAD": "", f"top/{PLACE}": LOCK, PLACE: LOCK.replace("0.3.1", "7")})
    inside = write(tmp_path / "top/packages/one", {"pyproject.toml": ""})
    assert locked_version(inside) == "0.3.1"
    write(inside, {PLACE: LOCK.replace("0.3.1", "0.4.0")})
    assert locked_version(inside) == "0.4.0"


def test_outside_a_repository_no_other_folder_is_asked(tmp_path: Path) -> None:
    write(tmp_path, {PLACE: LOCK})
    assert locked_version(write(tmp_path / "one", {"pyproject.toml": ""})) is None


@pytest.mark.parametrize("text", ["", "\0", LOCK.replace('name = "lockgate"\n', 'name = "other"\n'), "[[package]]\n"])
def test_a_lock_without_lockgate_names_none(tmp_path: Path, text: str) -> None:
    assert locked_version(write(tmp_path, {PLACE: text})) is None
