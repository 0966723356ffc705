"""The result cache is sound inside the project: whatever changes in the tree, the tests run again and see it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, Change, Place, assert_input, assert_not_an_input, run, some, text_at
from tests.support import commit, package, write

# Each test reads one input; the names of tests and inputs are the same.
WITNESS = """\
import os
import stat
from pathlib import Path

import sample
import sample._version

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
    assert sample._version.__version__ == "1.0"


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
    commit(write(top / "module", {"module.txt": "one"}))
    write(top, {"outside/file.txt": "one", "outside/folder/deep/file.txt": "one"})
    root = package(top / "project", TABLE)
    ignored = "_version.py\n.env\n.lockgate\n.tox\nuntracked.txt\nkey.pem\ncopied\n__pycache__\n"
    write(root, {".gitignore": ignored, "tests/test_witness.py": WITNESS, "node_modules/tracked.txt": "one"})
    data = root / "tests/data"
    write(data, {"tracked.txt": "one", "names/a.txt": "", "names/b.txt": "", "large.bin": b"x" * 2_000_000})
    for name, target in LINKS.items():
        (data / name).symlink_to(target)
    run(root, "git", "init", "-q", "-b", "main")
    run(root, "git", "submodule", "add", "-q", str(top / "module"), "vendor")
    commit(root)
    write(root, {"src/sample/_version.py": '__version__ = "1.0"\n', ".env": "MODE=one", ".tox/ignored.txt": "one"})
    write(data, {"untracked.txt": "one", "key.pem": "", "copied/pyvenv.cfg": "", "copied/lib/ignored.txt": "one"})
    write(root, {".tox/deep/ignored.txt": "one"})
    (data / "key.pem").chmod(0o600)
    return Place(top)


def _large(place: Place) -> None:
    with (place.root / "tests/data/large.bin").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"y")


def _relink(name: str, target: str) -> Change:
    def change(place: Place) -> None:
        link = place.root / "tests/data" / name
        link.unlink()
        link.symlink_to(target)

    return change


def _submodule_at_another_commit(place: Place) -> None:
    write(place.root / "vendor", {"module.txt": "another"})
    run(place.root / "vendor", "git", "commit", "-aqm", "Another")


DATA = "project/tests/data"
LINKS = {
    "link": "tracked.txt",
    "link_text": "tracked.txt",
    "link_outside": "../../../outside/file.txt",
    "linked_folder": "../../../outside/folder",
    "link_to_cache": "../../.tox",
}
CHANGES: dict[str, tuple[str, Change]] = {
    "source": (
        "test_source",
        text_at("project/src/sample/__init__.py", "def double(n: int) -> int:\n    return 3 * n\n"),
    ),
    "tracked file": ("test_tracked", text_at(f"{DATA}/tracked.txt")),
    "one byte of a large file": ("test_large", _large),
    "untracked file": ("test_untracked", text_at(f"{DATA}/untracked.txt")),
    "ignored _version.py": (
        "test_ignored_version",
        text_at("project/src/sample/_version.py", "__version__ = 'x'\n"),
    ),
    "ignored .env": ("test_dotenv", text_at("project/.env", "MODE=another")),
    "executable bit": ("test_executable", lambda place: (place.root / "tests/data/tracked.txt").chmod(0o755)),
    "permission to read": ("test_private", lambda place: (place.root / "tests/data/key.pem").chmod(0o644)),
    "file added": ("test_names", text_at(f"{DATA}/names/c.txt")),
    "file removed": ("test_names", lambda place: (place.root / "tests/data/names/b.txt").unlink()),
    "file renamed": ("test_names", lambda place: _renamed(place.root / "tests/data/names/b.txt", "z.txt")),
    "empty folder added": ("test_names", lambda place: (place.root / "tests/data/names/empty").mkdir()),
    "dangling link added": (
        "test_names",
        lambda place: (place.root / "tests/data/names/dangling").symlink_to("nowhere"),
    ),
    "content of a link's target": ("test_link", text_at(f"{DATA}/tracked.txt")),
    "link to another file with the same content": ("test_link_text", _relink("link_text", "untracked.txt")),
    "link to a file with another content": ("test_link", _relink("link", "names/a.txt")),
    "content of a link's target outside": ("test_link_outside", text_at("outside/file.txt")),
    "content of a linked folder outside": ("test_linked_folder", text_at("outside/folder/deep/file.txt")),
    "file added to a linked folder outside": ("test_linked_folder", text_at("outside/folder/new.txt")),
    "content of a submodule": ("test_submodule", text_at("project/vendor/module.txt")),
    "commit of a submodule": ("test_submodule", _submodule_at_another_commit),
    "tracked file in a cache folder": ("test_tracked_in_a_cache_folder", text_at("project/node_modules/tracked.txt")),
    "ignored file in a cache folder": ("test_ignored_in_a_cache_folder", text_at("project/.tox/ignored.txt")),
    "file in a copied environment": ("test_in_a_copied_environment", text_at(f"{DATA}/copied/lib/ignored.txt")),
    "file behind a link into a cache folder": (
        "test_through_a_link_into_a_cache_folder",
        text_at("project/.tox/deep/ignored.txt"),
    ),
    "test added": ("test_new", text_at("project/tests/test_new.py", "def test_new() -> None:\n    assert False\n")),
    "conftest.py added": (
        "conftest.py",
        text_at("project/tests/conftest.py", 'raise ValueError("broken conftest")\n'),
    ),
}


def _renamed(path: Path, name: str) -> None:
    path.rename(path.with_name(name))


OFTEN = {
    *("source", "untracked file", "ignored _version.py", "ignored .env", "executable bit", "file removed"),
    *("empty folder added", "content of a link's target outside", "content of a linked folder outside"),
    *("content of a submodule", "tracked file in a cache folder", "file in a copied environment", "test added"),
}


@pytest.mark.parametrize("name", some(CHANGES, OFTEN))
def test_a_change_in_the_tree_runs_the_tests_again(place: Place, name: str) -> None:
    fails, change = CHANGES[name]
    assert_input(place, change, fails=fails)


def test_touching_a_file_without_changing_it_runs_nothing_again(place: Place) -> None:
    assert_not_an_input(place, lambda place: (place.root / "src/sample/__init__.py").touch())


def test_byte_code_and_tools_own_caches_run_nothing_again(place: Place) -> None:
    def change(place: Place) -> None:
        write(
            place.root,
            {".mypy_cache/x.json": "{}", "src/sample/__pycache__/y.pyc": b"", ".coverage": "", ".venv/z": ""},
        )

    assert_not_an_input(place, change)


def test_a_fresh_checkout_of_the_same_content_runs_nothing_again(place: Place) -> None:
    def change(place: Place) -> None:
        for name in ("src", "tests"):
            shutil.copytree(place.root / name, place.root / "copy", symlinks=True)
            shutil.rmtree(place.root / name)
            (place.root / "copy").rename(place.root / name)

    assert_not_an_input(place, change)


def test_without_git_the_tree_counts_in_the_same_way(tmp_path: Path) -> None:
    place = Place(tmp_path)
    reads = "open('ignored.txt').read() == 'one'"
    witness = f"def test_data() -> None:\n    assert {reads}\n"
    package(place.root, TABLE)
    write(place.root, {"tests/test_data.py": witness, "ignored.txt": "one", ".gitignore": "ignored.txt\n"})
    assert_input(place, text_at("project/ignored.txt"), fails="test_data")
