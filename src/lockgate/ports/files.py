"""Files written whole or not at all, and locks between processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


def write_atomic(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step: a reader, a kill or a full disk never sees half a file.

    Raises:
        OSError: The file could not be written; what stood there before is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)  # noqa: PTH105  (a string from mkstemp)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


@contextlib.contextmanager
def locked(path: Path, *, shared: bool, waiting: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock file `path`, against other lockgates and other threads; freed even by SIGKILL.

    `waiting()` is called about five times a second while somebody else holds it; when it returns False the
    wait is given up.

    Raises:
        InterruptedError: The wait was given up.
        OSError: The lock file cannot be created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    import time  # only here

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waiting():
                    raise InterruptedError(f"gave up waiting for {path}") from None
                time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)
