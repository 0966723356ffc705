"""lockgate as a running process: started, waited for, signalled; and who is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support import Ran, command, environment, write

ONE_CELL = """\
[tool.lockgate]
python = ["3.12"]
checks = ["test", "coverage"]
"""


def with_tests(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """The package in `root` with these files as its whole test suite: its environment stays."""
    shutil.rmtree(root / "tests", ignore_errors=True)
    (root / "conftest.py").unlink(missing_ok=True)
    return write(root, files)


def start(
    root: Path, *arguments: str, ignoring: Callable[[], object] | None = None, **changes: str | None
) -> subprocess.Popen[bytes]:
    """`lockgate gate --format json …` in a session of its own, as under a terminal; `ignoring` runs in the child."""

    def prepare() -> None:
        # Whoever runs the tests may have signals ignored (a shell's background job, an xdist worker, an earlier test).
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if ignoring is not None:
            ignoring()

    return subprocess.Popen(
        command("gate", "--format", "json", *arguments),
        cwd=root,
        env=environment(**changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=prepare,  # noqa: PLW1509  (the tests start no threads)
    )


def ended(process: subprocess.Popen[bytes], timeout: float = 60) -> Ran:
    """How it ended; one that does not is killed and fails the test."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ran(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


def wait_for(condition: Callable[[], object], what: str, timeout: float = 60) -> None:
    """Wait until `condition()` holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)


def left_behind(root: Path) -> list[str]:
    """Living processes whose command line, environment or folder tells that they came from a gate in `root`."""
    if not Path("/proc").is_dir():  # macOS
        listing = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], capture_output=True, check=True)
        return [line for line in listing.stdout.decode(errors="replace").splitlines() if str(root) in line]
    needle = os.fsencode(root)
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if not name.isdigit() or int(name) == os.getpid():
            continue
        place = Path("/proc") / name
        try:
            is_zombie = b") Z " in (place / "stat").read_bytes()
            line, variables = (place / "cmdline").read_bytes(), (place / "environ").read_bytes()
            folder = os.fsencode((place / "cwd").readlink())
        except OSError:  # ended meanwhile
            continue
        if not is_zombie and (needle in line or needle in variables or needle in folder):
            found.append(f"{name} {line.replace(bytes(1), b' ').decode(errors='replace')}")
    return found


def assert_nobody_left(root: Path) -> None:
    """What was killed may take a moment to be gone; what was forgotten stays."""
    deadline = time.monotonic() + 10
    while (found := left_behind(root)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found == []
