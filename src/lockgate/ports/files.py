"""Files written whole or not at all, and locks between processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replace `path` by `data` in one step: a reader, a kill or a full disk never sees half a file.

    A file keeps its permissions; a new one has those that any new file has. A `durable` one is on the disk when this
    returns, even if the machine stops then.

    Raises:
        OSError: The file could not be written; what stood there before is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        with temporary.open("xb") as file:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk.

    Raises:
        OSError: The disk said no.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_MOMENT = 0.2  # seconds


@contextlib.contextmanager
def locked(path: Path, *, shared: bool, waiting: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock file `path`, against other lockgates and other threads; freed even by SIGKILL.

    `waiting()` is called about five times a second while somebody else holds it for longer than a moment; when it
    returns False the wait is given up.

    Raises:
        InterruptedError: The wait was given up.
        OSError: The lock file cannot be created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        pause = 0.005
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if pause >= _MOMENT and not waiting():
                    raise InterruptedError(f"gave up waiting for {path}") from None
                time.sleep(pause)
                pause = min(2 * pause, _MOMENT)
        yield
    finally:
        # Not by closing alone: a child that another thread is just starting still holds a copy.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
