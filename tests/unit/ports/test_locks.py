from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockgate.ports.files import locked

HOLDER = """
import sys
from pathlib import Path
from lockgate.ports.files import locked
with locked(Path(sys.argv[1]), shared=sys.argv[2] == "shared", waiting=lambda: True):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_lockgate(path: Path, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock until its input is closed or it is killed."""
    argv = [sys.executable, "-c", HOLDER, str(path), kind]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield holder


def is_free(path: Path, *, shared: bool) -> bool:
    try:
        with locked(path, shared=shared, waiting=lambda: False):
            return True
    except InterruptedError:
        return False


def test_what_another_process_holds_alone_nobody_else_gets(tmp_path: Path) -> None:
    path = tmp_path / "envs/3.12.lock"
    with another_lockgate(path, "alone"):
        assert not is_free(path, shared=False)
        assert not is_free(path, shared=True)
    assert is_free(path, shared=False)


def test_what_another_process_shares_can_be_shared_only(tmp_path: Path) -> None:
    with another_lockgate(tmp_path / "lock", "shared"):
        assert is_free(tmp_path / "lock", shared=True)
        assert not is_free(tmp_path / "lock", shared=False)


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    with another_lockgate(tmp_path / "lock", "alone") as holder:
        holder.kill()
        holder.wait()
        assert is_free(tmp_path / "lock", shared=False)


def test_who_waits_gets_it_when_it_is_free(tmp_path: Path) -> None:
    with another_lockgate(tmp_path / "lock", "alone") as holder:

        def waiting() -> bool:
            holder.kill()  # while we wait, the holder ends
            return True

        with locked(tmp_path / "lock", shared=False, waiting=waiting):
            assert not is_free(tmp_path / "lock", shared=True)
        assert holder.wait() != 0


def test_threads_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    answers: list[bool] = []
    with locked(tmp_path / "lock", shared=False, waiting=lambda: False):
        thread = threading.Thread(target=lambda: answers.append(is_free(tmp_path / "lock", shared=False)))
        thread.start()
        thread.join()
    assert answers == [False]


def test_a_lock_file_that_cannot_be_made_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file"), locked(tmp_path / "file/lock", shared=False, waiting=lambda: True):
        raise AssertionError
