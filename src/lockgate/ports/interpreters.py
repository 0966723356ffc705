"""Finds CPython X.Y wherever people keep it, and proves each find by running it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from lockgate.ports.files import write_atomic

_ASK = (
    "import sys,sysconfig,json,os;"
    "v=sysconfig.get_config_var;"
    "lib=os.path.join(v('LIBDIR') or '',v('INSTSONAME') or v('LDLIBRARY') or '');"
    "print(json.dumps({'version':'.'.join(map(str,sys.version_info[:3])),'build':sys.version,"
    "'final':sys.version_info[3]=='final' and not v('Py_GIL_DISABLED') and not v('Py_DEBUG'),"
    "'implementation':sys.implementation.name,'stdlib':os.__file__,'library':lib if os.path.isfile(lib) else ''}))"
)
_MANAGED = re.compile(r"^(?:cpython[-@])?(3\.\d+)(?:\.|$|-)")


class Interpreter(msgspec.Struct, frozen=True):
    """A CPython that ran.

    Attributes:
        path: The real path of the binary.
        version: `X.Y.Z`, as it said itself.
        build: `sys.version`: compiler and build date too.
        stamp: Size, times and inode of binary, library and `os.py`; differs after an upgrade in place.
    """

    path: str
    version: str
    build: str
    stamp: str

    @property
    def minor(self) -> str:
        """`X.Y`."""
        return ".".join(self.version.split(".")[:2])


class _Answer(msgspec.Struct):
    version: str
    build: str
    final: bool
    implementation: str
    stdlib: str
    library: str
    stamp: str = ""


class Finder:
    """Looks for interpreters, remembering in `memory` (a file) what each binary answered."""

    def __init__(self, memory: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._memory = memory
        self._environment = environment
        self._known = _recall(memory)
        self._changed = False
        self._found: dict[str, Interpreter] = {}
        self._lock = threading.Lock()

    def find(self, minor: str) -> Interpreter | None:
        """The newest final CPython `minor` on this machine, or None."""
        with self._lock:
            found = self._found.get(minor)
            # Once found it is only asked whether it still is the same: a search looks at a hundred places.
            if found is None or self._ask(Path(found.path)) != found:
                found = self._find(minor)
            if found is not None:
                self._found[minor] = found
            return found

    def _find(self, minor: str) -> Interpreter | None:
        found = [answer for path in self._candidates(minor) if (answer := self._ask(path)) is not None]
        fitting = [interpreter for interpreter in found if interpreter.minor == minor]
        self._remember()
        return max(fitting, key=lambda i: tuple(map(int, i.version.split("."))), default=None)

    def _candidates(self, minor: str) -> list[Path]:
        """Binaries that by their place or name may be CPython `minor`, each once, by real path."""
        names = (f"python{minor}",)
        places = (
            *(Path(folder) / name for folder in self._path() for name in (*names, "python3", "python")),
            *self._in_version_folders(minor, names),
            *(Path(folder) / names[0] for folder in self._fixed_folders(minor)),
        )
        return list(dict.fromkeys(Path(os.path.realpath(place)) for place in places if place.is_file()))

    def _path(self) -> Iterator[str]:
        """PATH without shims (they answer for other versions) and without virtual environments."""
        for folder in self._environment.get("PATH", "").split(os.pathsep):
            if folder and Path(folder).name != "shims" and not (Path(folder).parent / "pyvenv.cfg").exists():
                yield folder

    def _in_version_folders(self, minor: str, names: tuple[str, ...]) -> Iterator[Path]:
        """Where uv, pyenv, mise, asdf and friends keep one folder per version."""
        for folder in self._version_folders():
            try:
                entries = sorted(entry.name for entry in folder.iterdir())
            except OSError:
                continue
            for entry in entries:
                match = _MANAGED.match(entry)
                if match is not None and match[1] == minor:
                    yield from (folder / entry / "bin" / name for name in names)

    def _version_folders(self) -> Iterator[Path]:
        def places(variable: str, inside: str, *otherwise: str) -> Iterator[Path]:
            value = self._environment.get(variable)
            if value:
                yield Path(value) / inside
            home = self._environment.get("HOME") or str(Path.home())
            yield from (Path(home) / place for place in otherwise)

        data = self._environment.get("XDG_DATA_HOME")
        yield from places("UV_PYTHON_INSTALL_DIR", "", ".local/share/uv/python")
        if data:
            yield from (Path(data) / "uv/python", Path(data) / "mise/installs/python")
        yield from places("PYENV_ROOT", "versions", ".pyenv/versions")
        yield from places("MISE_DATA_DIR", "installs/python", ".local/share/mise/installs/python")
        yield from places("ASDF_DATA_DIR", "installs/python", ".asdf/installs/python")
        yield from places("RYE_HOME", "py", ".rye/py")

    def _fixed_folders(self, minor: str) -> Iterable[str]:
        if sys.platform == "darwin":
            return (
                f"/opt/homebrew/opt/python@{minor}/bin",
                f"/usr/local/opt/python@{minor}/bin",
                f"/Library/Frameworks/Python.framework/Versions/{minor}/bin",
            )
        return ("/usr/local/bin", "/usr/bin", f"/opt/python/{minor}/bin", f"/opt/python{minor}/bin")

    def _ask(self, path: Path) -> Interpreter | None:
        real = os.path.realpath(path)
        known = self._known.get(real)
        if known is not None and known.stamp == _stamp(real, known):
            return _interpreter(real, known)
        answer = _run(real, self._environment)
        if answer is None:
            return None
        self._known[real] = answer
        self._changed = True
        return _interpreter(real, answer)

    def _remember(self) -> None:
        if self._changed:
            self._changed = False
            try:
                write_atomic(self._memory, msgspec.json.encode(self._known))
            except OSError:
                return  # only speed is lost


def _recall(memory: Path) -> dict[str, _Answer]:
    try:
        return msgspec.json.decode(memory.read_bytes(), type=dict[str, _Answer])
    except (OSError, msgspec.DecodeError):
        return {}


def _interpreter(path: str, answer: _Answer) -> Interpreter | None:
    if answer.implementation != "cpython" or not answer.final:
        return None
    return Interpreter(path=path, version=answer.version, build=answer.build, stamp=answer.stamp)


def _stamp(path: str, answer: _Answer) -> str:
    """Identity of the files that make the interpreter, as the file system tells it."""
    parts = []
    for name in (path, answer.library, answer.stdlib):
        try:
            status = os.stat(name) if name else None  # noqa: PTH116
        except OSError:
            status = None
        if status is not None:
            parts.append(f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}")
    return " ".join(parts)


def _run(path: str, environment: Mapping[str, str]) -> _Answer | None:
    clean = {key: value for key, value in environment.items() if not key.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [path, "-I", "-c", _ASK],
            capture_output=True,
            check=False,
            timeout=30,
            env=clean,
            stdin=subprocess.DEVNULL,
        )
        answer = msgspec.json.decode(done.stdout, type=_Answer) if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError):
        return None
    if answer is not None:
        answer.stamp = _stamp(path, answer)
    return answer
