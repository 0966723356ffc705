"""The result cache is sound inside the project: whatever changes in the tree, the tests run again and see it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, TEST, Change, Place, all_cached, assert_input, assert_not_an_input, run
from tests.support import commit, package, write

# Each test reads one input; the names of tests and inputs are the same.
WITNESS = """\
import os
import stat
from pathlib import Path

import sample

DATA = Path(__file__).parent / "data"


def test_source() -> None:
    assert sample.double(2) == 4


def test_tracked() -> None:
    assert (DATA / "tracked.txt").read_text() == "one"


def test_large() -> None:
    assert (DATA / "large.bin").read_bytes().count(b"y") == 0


def test_untracked() -> None:
    assert (DATA / "untracked.txt").read_text() == "one"


def test_ignored_version() -> None:
    assert __import__("sample._version").__version__ == "1.0"


def test_dotenv() -> None:
    assert Path(".env").read_text() == "MODE=one"


def test_executable() -> None:
    assert not os.stat(DATA / "tracked.txt").st_mode & stat.S_IXUSR


def test_private() -> None:
    assert stat.S_IMODE(os.stat(DATA / "key.pem").st_mode) == 0o600


def test_names() -> None:
    assert sorted(os.listdir(DATA / "names")) == ["a.txt", "b.txt"]


def test_link() -> None:
    assert (DATA / "link").read_text() == "one"


def test_link_text() -> None:
    assert os.readlink(DATA / "link_text") == "tracked.txt"


def test_link_outside() -> None:
    assert (DATA / "link_outside").read_text() == "one"


def test_linked_folder() -> None:
    assert [path.read_text() for path in (DATA / "linked_folder").rglob("*.txt")] == ["one"]


def test_submodule() -> None:
    assert Path("vendor/module.txt").read_text() == "one"


def test_tracked_in_a_cache_folder() -> None:
    assert Path("node_modules/tracked.txt").read_text() == "one"


def test_ignored_in_a_cache_folder() -> None:
    assert Path(".tox/ignored.txt").read_text() == "one"


def test_in_a_copied_environment() -> None:
    assert (DATA / "copied/lib/ignored.txt").read_text() == "one"


def test_through_a_link_into_a_cache_folder() -> None:
    assert (DATA / "link_to_cache/deep/ignored.txt").read_text() == "one"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A repository with a submodule, links and everything that git does not track."""
    top = tmp_path_factory.mktemp("tree")
    module = write(top / "module", {"module.txt": "one"})
    commit(module)
    write(top, {"outside/file.txt": "one", "outside/folder/deep/file.txt": "one"})
    root = package(top / "project", TABLE, tests__test_witness={})if False else package(top / "project", TABLE)
    return Place(top)
