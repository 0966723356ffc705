"""One environment per cell: made by uv, reused while nothing that it is made of has changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lockgate.gate import bytecode, declared
from lockgate.gate.ingredients import built_from, resolved_from
from lockgate.gate.installed import read_installed
from lockgate.gate.recipe import Recipe, declared_inputs
from lockgate.model.project import Project, minor
from lockgate.ports import uv
from lockgate.ports.files import locked, write_atomic
from lockgate.ports.installer import Errand, Installer, NoEnvironmentError, last_line
from lockgate.ports.interpreters import Finder, Interpreter
from lockgate.ports.tree import NATIVE_SUFFIXES, Tree

_FORMAT = 1
_OLDEST = (3, 8)
_STAMP = "lockgate.json"
# What runs inside the environment's own interpreter, by its name there; each process loads the witness of its reads.
WITNESSES = {"lockgate_probe.py": "probe.py", "lockgate_reads.py": "reads.py"}
_LOADER = "lockgate_reads.pth"
_LOAD = b"import os; 'LOCKGATE_READS' in os.environ and __import__('lockgate_reads').watch()\n"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """A ready environment.

    Attributes:
        identity: Digest of everything installed in it, editable sources elsewhere on disk included.
        versions: Version by normalized distribution name.
    """

    folder: Path
    interpreter: Interpreter
    identity: str
    versions: dict[str, str]

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "bin" / "python"

    def tool(self, name: str) -> Path | None:
        """A command installed in the environment, or None."""
        path = self.folder / "bin" / name
        return path if path.exists() else None


class _Stamp(msgspec.Struct):
    key: str
    sources: dict[str, str]


class Environments:
    """The environments of one project."""

    def __init__(self, project: Project, state: Path, tree: Tree, finder: Finder, *, offline: bool) -> None:
        self._project = project
        self._state = state
        self._tree = tree
        self._finder = finder
        self._installer = Installer(project.root, offline=offline)
        self._offline = offline
        self._made: dict[Path, Interpreter] = {}

    def keep_bytecode(self) -> None:
        """Keep what the environments made in this run have compiled by now, for the next ones."""
        for site, interpreter in self._made.items():
            bytecode.keep(site, interpreter)

    def current(self, recipe: Recipe) -> Environment | None:
        """The environment of `recipe` when it stands and nothing that it is made of has changed."""
        interpreter = self._finder.find(recipe.python)
        return None if interpreter is None else self._current(recipe, interpreter)

    @contextlib.contextmanager
    def ready(self, recipe: Recipe, errand: Errand) -> Iterator[Environment]:
        """Hold the environment of `recipe`, made or renewed if need be, against change by another lockgate.

        Raises:
            NoEnvironmentError: It cannot be had.
        """

        def waiting() -> bool:
            errand.say("waiting for another lockgate in this checkout")
            return not errand.cancel.requested()

        lock = self._state / "envs" / f"{recipe.python}.lock"
        interpreter = self._interpreter(recipe.python, errand)
        try:
            while True:
                with locked(lock, shared=True, waiting=waiting):
                    environment = self._current(recipe, interpreter)
                    if environment is not None:
                        yield environment
                        return
                with locked(lock, shared=False, waiting=waiting):
                    if self._current(recipe, interpreter) is None:
                        self._make(recipe, interpreter, errand)
        except InterruptedError:
            raise NoEnvironmentError("skipped", "stopped while waiting for another lockgate") from None
        except OSError as error:
            raise NoEnvironmentError("unknown", f"{error.filename or lock}: {error.strerror or error}") from error

    def _interpreter(self, python: str, errand: Errand) -> Interpreter:
        if minor(python) < _OLDEST:
            raise NoEnvironmentError(
                "unknown",
                f"lockgate's witness inside the tests needs Python 3.8 or later, so it cannot speak for {python}; "
                "name the versions without it: [tool.lockgate] python",
            )
        found = self._finder.find(python)
        if found is not None:
            return found
        command = f"uv python install {python}"
        if not uv.may_download_pythons(os.environ, offline=self._offline):
            raise NoEnvironmentError(
                "unknown", f"Python {python} is not on this machine and may not be downloaded; install it: {command}"
            )
        errand.say(f"fetching Python {python} through uv")
        done = self._installer.run(("python", "install", python), errand)
        if done.cancelled:
            raise NoEnvironmentError("skipped", "stopped while fetching Python")
        found = self._finder.find(python)
        if found is None:
            why = last_line(done.output or done.error)
            raise NoEnvironmentError(
                "unknown", f"Python {python} cannot be had: {why}; install it: {command}", done.output
            )
        return found

    def _folder(self, recipe: Recipe) -> Path:
        return self._state / "envs" / recipe.python

    def _current(self, recipe: Recipe, interpreter: Interpreter) -> Environment | None:
        folder = self._folder(recipe)
        try:
            stamp = msgspec.json.decode((folder / _STAMP).read_bytes(), type=_Stamp)
            if stamp.key != self._key(recipe, interpreter):
                return None
            installed = read_installed(folder, self._project.root)
        except (OSError, msgspec.DecodeError):
            return None
        if installed.sources != stamp.sources or not (folder / "bin" / "python").exists():
            return None
        return Environment(
            folder=folder, interpreter=interpreter, identity=installed.identity, versions=installed.versions
        )

    def _key(self, recipe: Recipe, interpreter: Interpreter) -> str:
        project = self._project
        total = hashlib.blake2b(digest_size=20)
        parts: list[object] = [_FORMAT, recipe, interpreter, declared_inputs(project), witnesses_digest()]
        parts += resolved_from(project, recipe, os.environ)
        parts += built_from(project, self._tree)
        for part in parts:
            total.update(msgspec.json.encode(part, order="sorted") + b"\0")
        return total.hexdigest()

    def _make(self, recipe: Recipe, interpreter: Interpreter, errand: Errand) -> None:
        folder = self._folder(recipe)
        (folder / _STAMP).unlink(missing_ok=True)
        if not _made_by(folder, interpreter):
            shutil.rmtree(folder, ignore_errors=True)
        errand.say("installing")
        if recipe.locked:
            self._sync(recipe, interpreter, folder, errand)
        else:
            self._resolve(recipe, interpreter, folder, errand)
        site = _site_packages(folder)
        bytecode.lend(site, interpreter)
        self._made[site] = interpreter
        for name, source in WITNESSES.items():
            write_atomic(site / name, Path(__file__).with_name(source).read_bytes())
        write_atomic(site / _LOADER, _LOAD)
        installed = read_installed(folder, self._project.root)
        stamp = _Stamp(key=self._key(recipe, interpreter), sources=installed.sources)
        write_atomic(folder / _STAMP, msgspec.json.encode(stamp))

    def _sync(self, recipe: Recipe, interpreter: Interpreter, folder: Path, errand: Errand) -> None:
        arguments = ["sync", "--locked", "--python", interpreter.path, *self._rebuild(folder)]
        arguments += [] if self._project.config.groups is None else ["--no-default-groups"]
        arguments += [part for name in recipe.groups for part in ("--group", name)]
        arguments += [part for name in recipe.extras for part in ("--extra", name)]
        if self._project.lock is not None and self._project.lock.parent != self._project.root:
            arguments += ["--package", self._project.name]
        self._installer.install(arguments, errand, folder)
        missing = [
            text for name, text in recipe.tools if name not in read_installed(folder, self._project.root).versions
        ]
        extra = [*missing, *recipe.packages, *(part for name in recipe.requirements for part in ("-r", name))]
        if extra:
            self._installer.install(["pip", "install", "--python", str(folder), *extra], errand, folder)

    def _resolve(self, recipe: Recipe, interpreter: Interpreter, folder: Path, errand: Errand) -> None:
        if not folder.exists():
            self._installer.install(["venv", "--python", interpreter.path, str(folder)], errand, folder)
        wanted: list[str] = []
        if recipe.package:
            extras = f"[{','.join(recipe.extras)}]" if recipe.extras else ""
            wanted += ["--editable", f".{extras}"]
        elif "project" in self._project.document:
            wanted += ["-r", "pyproject.toml", *(part for name in recipe.extras for part in ("--extra", name))]
        wanted += [part for name in recipe.groups for part in ("--group", name)]
        wanted += [part for name in recipe.requirements for part in ("-r", name)]
        # A bare name adds no constraint: a version that the package asks for wins.
        wanted += [*recipe.packages, *(text for _, text in recipe.tools)]
        if wanted:
            command = ["pip", "install", "--python", str(folder), *self._rebuild(folder), *wanted]
            self._installer.install(command, errand, folder)

    def _rebuild(self, folder: Path) -> list[str]:
        """Build the package again where uv's cache cannot know that it must: native code, versions from git."""
        project = self._project
        stale = bool(self._tree.select(NATIVE_SUFFIXES).entries) or declared.version_from_git(project)
        stale = stale or (declared.is_dynamic(project) and folder.exists())
        installed = read_installed(folder, project.root) if folder.exists() else None
        # A setup.py alone does not tell the name before it is installed.
        own = project.document.get("project", {}).get("name") or (installed.own if installed else None)
        names = [*([own] if stale and own and project.is_package else []), *(installed.local if installed else ())]
        return [part for name in names for part in ("--reinstall-package", name)]


def witnesses_digest() -> str:
    """One digest of what lockgate puts into an environment."""
    sources = (Path(__file__).with_name(source).read_bytes() for source in WITNESSES.values())
    return hashlib.blake2b(b"\0".join((*sources, _LOAD)), digest_size=20).hexdigest()


def _made_by(folder: Path, interpreter: Interpreter) -> bool:
    """Whether the environment's Python still is this interpreter."""
    try:
        return os.path.realpath(folder / "bin" / "python") == interpreter.path and _same_version(folder, interpreter)
    except OSError:
        return False


def _same_version(folder: Path, interpreter: Interpreter) -> bool:
    text = (folder / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    match = re.search(r"^version(?:_info)?\s*=\s*(\S+)", text, re.MULTILINE)
    return match is not None and match[1].startswith(interpreter.version)


def _site_packages(folder: Path) -> Path:
    return next(folder.glob("lib/python3*/site-packages"))
