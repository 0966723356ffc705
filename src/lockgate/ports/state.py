"""Where lockgate keeps what it remembers of a project: `.lockgate/` in it, or the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from lockgate.model.errors import UnknownError
from lockgate.ports import family

NAME = ".lockgate"


def user_cache() -> Path:
    """The user's cache folder for lockgate."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lockgate"


def elsewhere(root: Path) -> Path:
    """The state folder of a project whose own folder cannot be written."""
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return user_cache() / "projects" / f"{root.name}-{digest}"


def open_state(root: Path) -> Path:
    """The project's state folder, created if need be, with a `.gitignore` of its own.

    Raises:
        UnknownError: Neither the project nor the user's cache folder can be written.
    """
    reasons = []
    for folder in (root / NAME, elsewhere(root)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Without git, ruff reads only the second; its older `format` has no --extend-exclude.
            missing = [ignore for name in (".gitignore", ".ignore") if not (ignore := folder / name).exists()]
            for ignore in missing:
                ignore.write_text("*\n", encoding="utf-8")
            if not missing and not os.access(folder, os.W_OK):
                raise PermissionError(13, "Permission denied", str(folder))
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror or error}")
        else:
            return folder
    raise UnknownError(
        f"lockgate has nowhere to keep its environments: {'; '.join(reasons)}",
        "free some space, or set XDG_CACHE_HOME to a folder that can be written",
    )


def new_run_folder(state: Path) -> Path:
    """A folder of this run's own, so that two gates in one checkout never share a file."""
    folder = state / "run" / f"{os.getpid()}-{family.RUN}-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def run_folder(state: Path) -> Iterator[Path]:
    """A folder of this run's own while it lasts; those of lockgates that were killed are removed.

    Raises:
        UnknownError: It cannot be made.
    """
    sweep_dead_runs(state)
    try:
        folder = new_run_folder(state)
    except OSError as error:
        raise UnknownError(f"{error.filename or state}: {error.strerror or error}", "free some space") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_dead_runs(state: Path) -> None:
    """Remove the run folders of lockgates that were killed, and end what they had started."""
    try:
        entries = list((state / "run").iterdir())
    except OSError:
        return
    for entry in entries:
        pid, _, run = entry.name.partition("-")
        if pid.isdigit() and not _alive(int(pid)):
            family.end_run(run.partition("-")[0])
            shutil.rmtree(entry, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
