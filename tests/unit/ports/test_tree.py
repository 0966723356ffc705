from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lockgate.ports import tree
from lockgate.ports.tree import Memory, digests, file_digest, snapshot
from tests.support import commit, write


def names(root: Path) -> set[str]:
    return {os.fsdecode(name) for name in snapshot(root).entries}


def kind(root: Path, name: str) -> bytes:
    return snapshot(root).entries[name.encode()].digest.split(b" ")[0]


def test_tracked_untracked_and_ignored_files_are_seen(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.py": "", "pkg/b.py": "", ".gitignore": "_version.py\n"}))
    write(tmp_path, {"_version.py": "", "pkg/new.txt": "", ".env": "", "empty/x": ""})
    (tmp_path / "empty/x").unlink()
    expected = {"a.py", "pkg/", "pkg/b.py", ".gitignore", "_version.py", "pkg/new.txt", ".env", "empty/"}
    assert names(tmp_path) == expected


CACHES = (
    *(".git/x", ".lockgate/x", "pkg/__pycache__/a.pyc", ".mypy_cache/x", ".ruff_cache/x", ".pytest_cache/x"),
    *(".hypothesis/x", ".tox/x", ".nox/x", ".venv/x", "node_modules/x", ".coverage", ".coverage.host.1", "a.pyc"),
    *("sample.egg-info/PKG-INFO", "env/pyvenv.cfg", "env/lib/x.py"),
)


@pytest.mark.parametrize("name", CACHES)
def test_what_tools_keep_for_themselves_is_not(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"pkg/a.py": "", "env/pyvenv.cfg": ""})
    before = snapshot(tmp_path).digest()
    assert names(write(tmp_path, {name: "x"})) == {"pkg/", "pkg/a.py", "env/"}
    assert snapshot(tmp_path).digest() == before


def test_a_folder_that_is_itself_an_environment_is_still_read(tmp_path: Path) -> None:
    assert names(write(tmp_path, {"pyvenv.cfg": "", "a.py": ""})) == {"pyvenv.cfg", "a.py"}


def test_files_that_git_tracks_are_seen_wherever_they_are(tmp_path: Path) -> None:
    write(tmp_path, {"node_modules/kept.js": "1", "x.egg-info/top.txt": "1", "data/.coverage": "1"})
    commit(tmp_path)
    write(tmp_path, {"node_modules/other.js": "1"})
    assert names(tmp_path) == {"node_modules/kept.js", "x.egg-info/top.txt", "data/", "data/.coverage"}
    before = snapshot(tmp_path).digest()
    write(tmp_path, {"node_modules/kept.js": "2"})
    assert snapshot(tmp_path).digest() != before


def test_files_of_a_submodule_are_seen(tmp_path: Path) -> None:
    inner = commit(write(tmp_path / "inner", {"lib.py": "1"}))
    outer = commit(write(tmp_path / "outer", {"a.py": ""}))
    add = ["git", "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "vendored"]
    subprocess.run(add, cwd=outer, check=True, capture_output=True)
    assert {"vendored/", "vendored/lib.py"} <= names(outer)
    before = snapshot(outer).digest()
    write(outer, {"vendored/lib.py": "2"})
    assert snapshot(outer).digest() != before


# --- what changes the digest


@pytest.fixture
def small(tmp_path: Path) -> Path:
    write(tmp_path, {"a.txt": "1", "pkg/b.txt": "2", "other.txt": "1"})
    (tmp_path / "link").symlink_to("a.txt")
    return tmp_path


def link_elsewhere(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("other.txt")


def link_to_file(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").write_text("1")


def file_to_folder(root: Path) -> None:
    (root / "a.txt").unlink()
    (root / "a.txt").mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda root: (root / "a.txt").write_text("2"),
    "a name": lambda root: (root / "a.txt").rename(root / "c.txt"),
    "a place": lambda root: (root / "a.txt").rename(root / "pkg/a.txt"),
    "permission to run": lambda root: (root / "a.txt").chmod(0o755),
    "permission to read": lambda root: (root / "a.txt").chmod(0o600),
    "a new empty file": lambda root: (root / "new").touch(),
    "a new empty folder": lambda root: (root / "new").mkdir(),
    "an end": lambda root: (root / "pkg/b.txt").unlink(),
    "where a link points": link_elsewhere,
    "a link that became a file": link_to_file,
    "a file that became a folder": file_to_folder,
}


@pytest.mark.parametrize("name", CHANGES)
def test_any_change_changes_the_digest(small: Path, name: str) -> None:
    before = snapshot(small).digest()
    CHANGES[name](small)
    assert snapshot(small).digest() != before


def test_without_a_change_the_digest_stays(small: Path) -> None:
    before = snapshot(small)
    os.utime(small / "a.txt", (1, 1))
    (small / "a.txt").write_text("1")
    after = snapshot(small)
    assert after.digest() == before.digest()
    assert after.entries[b"a.txt"].changed >= before.entries[b"a.txt"].changed


def test_names_cannot_run_into_contents(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1", {"ab": "", "c": ""}), write(tmp_path / "2", {"a": "", "bc": ""})
    assert snapshot(first).digest() != snapshot(second).digest()


# --- links and oddities


def test_links_in_circles_come_to_an_end(tmp_path: Path) -> None:
    write(tmp_path, {"project/pkg/a.py": "", "outside/b.py": ""})
    root = tmp_path / "project"
    links = {"self": "self", "here": ".", "pkg/up": "..", "out": "../outside", "gone": "nowhere"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    (tmp_path / "outside/back").symlink_to("../project")
    (tmp_path / "outside/round").symlink_to(".")
    found = names(root)
    assert {"self@", "here@", "pkg/up@", "out@", "gone@", "out/", "out/b.py", "out/back@", "out/round@"} <= found
    assert {"self", "gone"} <= found  # links to nothing: their absence is known
    assert not any(name.startswith(("here/", "pkg/up/", "out/back/", "out/round/")) for name in found)


def test_what_a_link_leads_to_outside_the_project_counts(tmp_path: Path) -> None:
    write(tmp_path, {"project/a.py": "", "outside/data.txt": "1", "file.txt": "1"})
    (tmp_path / "project/out").symlink_to(tmp_path / "outside")
    (tmp_path / "project/file.txt").symlink_to(tmp_path / "file.txt")
    for changed in ("outside/data.txt", "file.txt"):
        before = snapshot(tmp_path / "project").digest()
        write(tmp_path, {changed: "2"})
        assert snapshot(tmp_path / "project").digest() != before


def test_a_link_to_the_folder_above_comes_to_an_end(tmp_path: Path) -> None:
    write(tmp_path, {"project/a.py": "", "beside.txt": ""})
    (tmp_path / "project/up").symlink_to("..")
    assert {"up@", "up/", "up/beside.txt", "up/project/", "up/project/up@"} <= names(tmp_path / "project")
    assert "up/project/up/" not in names(tmp_path / "project")


def test_pipes_and_sockets_are_noted_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket may not be long
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert names(tmp_path) == {"pipe", "socket"}
        assert kind(tmp_path, "pipe") == kind(tmp_path, "socket") == b"special"


def test_names_that_are_no_utf8_are_kept_as_they_are(tmp_path: Path) -> None:
    if sys.platform == "darwin":
        pytest.skip("its file systems take UTF-8 names only")
    (tmp_path / os.fsdecode(b"caf\xe9")).touch()
    assert set(snapshot(tmp_path).entries) == {b"caf\xe9"}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that nobody can read from its start")
def test_a_file_that_cannot_be_read_is_known_as_such(tmp_path: Path) -> None:
    (tmp_path / "unreadable").symlink_to("/proc/self/mem")
    assert snapshot(tmp_path).entries[b"unreadable"].digest.endswith(b"unreadable")
    assert file_digest("/proc/self/mem") is None


def test_a_folder_that_is_not_there_is_known_as_such(tmp_path: Path) -> None:
    assert list(snapshot(tmp_path / "gone").entries) == [b"/"]
    assert snapshot(tmp_path / "gone").digest() != snapshot(tmp_path).digest()


# --- selections, single files and the memory


def test_a_selection_holds_the_files_of_some_kinds(tmp_path: Path) -> None:
    found = snapshot(write(tmp_path, {"a.c": "", "b.py": "", "deep/CMakeLists.txt": ""}))
    assert set(found.select((".c", "CMakeLists.txt")).entries) == {b"a.c", b"deep/CMakeLists.txt"}


def test_digests_of_files_anywhere_and_of_the_names_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, {"a": "1", "b": "1", "folder/x": "1", "other/x": "2", "third/y": "1", "other/__pycache__/x": ""})
    keys = [str(tmp_path / name) for name in ("a", "b", "gone")]
    folders = [f"{tmp_path}/{name}/" for name in ("folder", "other", "third", "gone")]
    found = digests([*keys, *folders])
    assert found[keys[0]] == found[keys[1]] != None  # noqa: E711  (one chain says it)
    assert found[keys[2]] is None
    assert found[folders[0]] == found[folders[1]] != found[folders[2]]
    assert found[folders[3]] is None


def test_a_large_file_is_not_read_again_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_LARGE", 10)
    monkeypatch.setattr(tree, "_SETTLED", -60.0)  # everything counts as long unchanged
    memory = tmp_path / "memory"
    write(tmp_path, {"p/large": "x" * 20, "p/small": "x"})
    first = snapshot(tmp_path / "p", Memory(memory)).digest()
    assert first == snapshot(tmp_path / "p", Memory(memory)).digest() == snapshot(tmp_path / "p").digest()
    # A memory that lies shows whether it was asked.
    (key,) = json.loads(memory.read_bytes())
    memory.write_text(json.dumps({key: "00"}))
    assert snapshot(tmp_path / "p", Memory(memory)).digest() != first
    write(tmp_path, {"p/large": "y" * 20})
    assert snapshot(tmp_path / "p", Memory(memory)).digest() == snapshot(tmp_path / "p").digest() != first


def test_a_large_file_that_changed_just_now_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_LARGE", 10)
    write(tmp_path, {"p/large": "x" * 20})
    snapshot(tmp_path / "p", Memory(tmp_path / "memory"))
    assert not (tmp_path / "memory").exists()


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"\xff"])
def test_a_broken_memory_of_large_files_is_forgotten(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "_LARGE", 10)
    write(tmp_path, {"p/large": "x" * 20, "memory": content})
    expected = snapshot(tmp_path / "p").digest()
    assert snapshot(tmp_path / "p", Memory(tmp_path / "memory")).digest() == expected
