"""Builds with the project's own backend, in an isolated environment that is locked by hashes."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from lockgate.ports.credentials import redacted
from lockgate.ports.installer import Errand, Installer, NoEnvironmentError, explain

# By PEP 518, of a package that says nothing.
_DEFAULT_REQUIRES = ("setuptools>=40.8.0",)
# uv's words for what a backend asks for only while it builds; it breaks long lines.
_UNLOCKED = re.compile(r"no\s+trusted\s+hash\s+was\s+provided\s+for:\s+`([A-Za-z0-9._-]+)`")
_ROUNDS = 20


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to build with.

    Attributes:
        requires: `build-system.requires`.
        python: The interpreter.
        epoch: SOURCE_DATE_EPOCH.
        told: The version, for backends that would ask git for a tag: that comes last.
    """

    requires: tuple[str, ...]
    python: str
    epoch: int
    told: str | None = None

    def environment(self, salt: int) -> dict[str, str]:
        """What makes two builds equal; `salt` is what must make no difference."""
        version = self.told
        names = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION", "PBR_VERSION",
                 "UV_DYNAMIC_VERSIONING_BYPASS", "POETRY_DYNAMIC_VERSIONING_BYPASS")  # fmt: skip
        pretended = {} if version is None else dict.fromkeys(names, version)
        same = {"SOURCE_DATE_EPOCH": str(self.epoch), "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": str(salt)}
        return {**pretended, **same}


class Workshop:
    """A place to build one release in.

    Args:
        folder: For the lock and whatever else is made; not where builds go.
        lock: Requirements with hashes of an earlier build of this release, else they are resolved.

    Attributes:
        lock: None until something was built.
    """

    def __init__(self, order: Order, folder: Path, errand: Errand, lock: str | None = None) -> None:
        self._order = order
        self._folder = folder
        self._errand = errand
        self._uv = Installer(folder, offline=False)
        self.lock = lock

    def build(self, source: Path, out: Path, kind: Literal["sdist", "wheel"], salt: int = 0) -> Path:
        """Build `source` (a folder or an sdist) into the new folder `out`; returns the file.

        Raises:
            NoEnvironmentError: It does not build (fail), or something was missing (unknown).
        """
        wanted: list[str] = []
        for _ in range(_ROUNDS):
            if self.lock is None or wanted:
                self.lock = self._resolve(wanted)
            path = self._folder / "build.txt"
            path.write_text(self.lock, encoding="utf-8")
            how = ("--build-constraints", str(path), "--require-hashes", "--no-sources", "--force-pep517")
            where = ("--python", self._order.python, "--out-dir", str(out), "--no-create-gitignore")
            arguments = ("build", f"--{kind}", *how, *where, str(source))
            done = self._uv.run(arguments, self._errand, **self._order.environment(salt))
            # A backend prints what it likes, and the ledger keeps it.
            done = msgspec.structs.replace(done, output=redacted(done.output))
            if done.cancelled:
                raise NoEnvironmentError("skipped", "stopped while building")
            unlocked = [one for one in _UNLOCKED.findall(done.output) if one not in wanted]
            if done.code == 0 or not unlocked:
                break
            wanted += unlocked
        if done.code != 0:
            why = explain(done, ["build"])
            reason = f"the {kind} does not build: {_backends_word(done.output) or why.reason}"
            raise NoEnvironmentError("fail", reason, done.output) if why.status == "fail" else why
        made = [path for path in out.iterdir() if path.suffix == ".whl"] if kind == "wheel" else list(out.iterdir())
        if len(made) != 1:
            names = ", ".join(sorted(path.name for path in out.iterdir())) or "nothing"
            raise NoEnvironmentError("fail", f"the backend made {names}, not one {kind}", done.output)
        return made[0]

    def _resolve(self, wanted: list[str]) -> str:
        """The build's requirements and all that they need, with hashes."""
        self._errand.say("locking the build's requirements")
        source, target = self._folder / "build.in", self._folder / "build.lock"
        source.write_text("".join(f"{one}\n" for one in (*self._order.requires, *wanted)), encoding="utf-8")
        flags = ("--generate-hashes", "--no-header", "--no-annotate", "--no-sources", "--quiet")
        arguments = ("pip", "compile", *flags, "--python", self._order.python, "-o", str(target), str(source))
        done = self._uv.run(arguments, self._errand)
        if done.cancelled:
            raise NoEnvironmentError("skipped", "stopped while locking the build's requirements")
        if done.code != 0:
            raise explain(done, ["pip compile"])
        return target.read_text(encoding="utf-8")


def _backends_word(output: str) -> str:
    """The last line of the backend's own, before uv says that it failed."""
    before = re.split(r"^(?:error:|  \u00d7|\u00d7) ", output, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line.strip() for line in before.splitlines() if line.strip()]
    return lines[-1] if lines and not lines[-1].startswith(("Building ", "warning:")) else ""


def requires(document: Mapping[str, Any]) -> tuple[str, ...]:
    """`build-system.requires` of a parsed pyproject.toml."""
    return tuple(map(str, document.get("build-system", {}).get("requires", _DEFAULT_REQUIRES)))


@contextlib.contextmanager
def same_modes() -> Iterator[None]:
    """Let new files have the same permissions on every machine."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)
