from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from lockgate.ports.files import write_atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_the_folders_above_it(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a/b/c", b"\x00data")
    assert (tmp_path / "a/b/c").read_bytes() == b"\x00data"
    assert names(tmp_path / "a/b") == ["c"]


def test_a_full_disk_leaves_the_old_content_and_nothing_else(tmp_path: Path, full_disk: None) -> None:
    del full_disk
    write_atomic(tmp_path / "file", b"old")
    with pytest.raises(OSError, match="File too large"):
        write_atomic(tmp_path / "file", b"x" * 100_000)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_folder_in_its_place_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "file/inner").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_atomic(tmp_path / "file", b"new")
    assert names(tmp_path) == ["file"]
    assert names(tmp_path / "file") == ["inner"]


def test_a_file_where_a_folder_should_be_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(FileExistsError):
        write_atomic(tmp_path / "file/inner", b"new")
    assert (tmp_path / "file").read_text() == "old"


def test_data_that_cannot_be_written_leaves_the_old_content(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", b"old")
    with pytest.raises(TypeError):
        write_atomic(tmp_path / "file", "text")  # type: ignore[arg-type]
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o444])
def test_a_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(mode)
    write_atomic(tmp_path / "file", b"new")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_reader_sees_the_old_or_the_new_and_never_a_part(tmp_path: Path) -> None:
    path, contents = tmp_path / "file", [bytes([letter]) * 300_000 for letter in b"ab"]
    write_atomic(path, contents[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(100):
        write_atomic(path, contents[number % 2])
    done.set()
    reader.join()
    assert seen <= set(contents)
    assert seen
