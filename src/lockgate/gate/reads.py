"""Runs inside every Python process of a check: what it reads, by the interpreter's own audit events.

lockgate copies this file into each environment as `lockgate_reads`. The probe watches the test session with it;
`lockgate_reads.pth` watches every other process (a child of the tests, mypy, a check of the project's own), which
testifies at once, for nobody knows how it will end. Python 3.8, and only modules that every interpreter has loaded
by itself: what a child imports is the business of the tests.
"""

from __future__ import annotations

import _thread
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Set, Tuple

VARIABLE, STATE = "LOCKGATE_READS", "LOCKGATE_STATE"
_MOST = 5000
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR
_MARKS = {ord(mark): " " for mark in ";|&()<>{}`$\"'=\n\t"}  # between the words of a shell's line
_ABSENT = "absent"
_REGULAR = "100"  # how the octal mode of a file begins


class Files:
    """Which files this process read, listed (with `/` at the end), looked at and wrote.

    What belongs to the interpreter, its environment and lockgate is left out. The process `pid` is asked at its end;
    any other one, such as a forked child, testifies at once: `tell` takes a line of JSON. Such a process does not say
    what it wrote: a file that it changed stays one that changed.
    """

    def __init__(self, pid: int, tell: Callable[[str], None]) -> None:
        self._pid = pid
        self._tell = tell
        self._read: Set[str] = set()
        self._looks: Dict[str, str] = {}
        self._written: Set[str] = set()
        self._mutated: Set[str] = set()
        self._made: Set[str] = set()
        self._git = False
        self._listening, self._standing_in = True, False
        self._lost = False
        self._busy = _thread._local()  # noqa: SLF001  (threading is the business of the tests)
        # Tests may replace these.
        self._getpid, self._plain_stat, self._plain_lstat = os.getpid, os.stat, os.lstat
        homes = {sys.prefix, sys.exec_prefix, os.path.dirname(os.__file__)}
        homes |= {os.path.realpath(home) for home in homes}
        state = os.environ.get(STATE, sys.prefix)
        self._own = tuple(os.path.join(home, "") for home in (*homes, state, "/proc", "/dev", "/sys"))
        self._project = os.path.join(os.getcwd(), "")
        self._reactions: Dict[str, Callable[[Any], None]] = {
            "open": lambda given: self._opened(_absolute(given[0]), given[2]),
            "os.listdir": lambda given: self._listed(_absolute(given[0] or ".")),
            "os.scandir": lambda given: self._listed(_absolute(given[0] or ".")),
            "os.mkdir": lambda given: self._makes(_absolute(given[0])),
            "os.rename": lambda given: self._renamed(_absolute(given[0]), _absolute(given[1])),
            "sqlite3.connect": lambda given: self._opened(_database(given[0]), os.O_RDWR),
            "subprocess.Popen": lambda given: self._started(given[0], given[1], given[2], given[3]),
            "os.posix_spawn": lambda given: self._started(given[0], given[1], None, given[2]),
            "os.exec": lambda given: self._started(given[0], given[1], None, given[2]),
            "os.system": lambda given: self._started("/bin/sh", ("sh", "-c", given[0]), None, None),
            "cpython.run_file": lambda given: self._opened(_absolute(given[0]), os.O_RDONLY),
            # Only extension modules come with their file; libraries by name alone are the system's.
            "import": lambda given: self._opened(_absolute(given[1]), os.O_RDONLY),
            "ctypes.dlopen": lambda given: self._opened(_absolute(given[0]) if "/" in str(given[0]) else None, 0),
        }
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: Any) -> None:
        react = self._reactions.get(event)
        if react is not None and self._listening:
            self._mind(react, arguments)

    def _mind(self, react: Callable[..., None], *given: Any) -> None:
        """React without hearing oneself, and without a say in what the process does."""
        if getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            react(*given)
        except Exception:  # noqa: BLE001  (a full disk, a deep stack, a path's own methods: what is lost is said to be)
            self._lost = True
        finally:
            self._busy.now = False

    def stand_in(self) -> None:
        """Hear of looks at files too: no audit event tells of `os.stat`, which `os.path.exists` asks."""
        import pathlib  # until 3.10 it takes over what stands in `os` when it is imported

        self._standing_in = True
        for name in ("stat", "lstat", "access"):
            plain = getattr(os, name)
            looking = self._looking(plain, follows=name != "lstat")
            setattr(os, name, looking)
            kinds = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids)
            for supports in (kind for kind in kinds if plain in kind):
                supports.add(looking)
            accessor = getattr(pathlib, "_NormalAccessor", None)
            if hasattr(accessor, name):
                setattr(accessor, name, staticmethod(looking))

    def stand_down(self) -> None:
        """Hear of no more looks: what follows the tests is pytest's own housekeeping."""
        self._standing_in = False

    def _looking(self, plain: Any, *, follows: bool) -> Any:
        def looking(*given: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            if self._standing_in and named.get("dir_fd") is None:
                follow = follows and named.get("follow_symlinks", True)
                self._mind(self._looked_at, given[0] if given else named.get("path"), follow)
            return plain(*given, **named)

        looking.__name__ = looking.__qualname__ = plain.__name__
        looking.__module__ = "os"
        looking.__doc__ = plain.__doc__
        return looking

    def _looked_at(self, given: Any, follow: bool) -> None:
        path = _absolute(given)
        if path is not None:
            self._looked(path if follow else f"@{path}")

    def _looked(self, key: str) -> None:
        """Remember what is to be seen at `key` (see `look`); the project's own content is known anyway."""
        path = key.lstrip("@!")
        inside = path.startswith(self._project) and f"{os.sep}.git" not in path
        if key in self._looks or inside or path.startswith(self._own) or len(self._looks) > _MOST:
            return
        self._looks[key] = seen = self._look(key)
        self._testify(f'"looks":{{{_quoted(key)}:{_quoted(seen)}}}', known=_can_be_told(key))

    def _listed(self, path: Optional[str]) -> None:
        if path is not None:
            self._saw(os.path.join(path, ""))

    def _makes(self, path: Optional[str]) -> None:
        if path is not None and self._look(path) == _ABSENT:
            self._made.add(path)
            self._testify_of("made", path)

    def _opened(self, path: Optional[str], flags: int) -> None:
        if path is None or path.startswith(self._own):
            return
        if not flags & _WRITE_FLAGS:
            if path not in self._written:
                self._saw(path)
        elif path in self._read or (flags & os.O_RDWR and not flags & os.O_TRUNC and self._look(path) != _ABSENT):
            self._saw(path)
            self._mutates(path)
        else:
            self._written.add(path)

    def _saw(self, path: str) -> None:
        if path in self._read or path.startswith(self._own) or len(self._read) > _MOST:
            return
        self._read.add(path)
        self._testify_of("read", path)

    def _mutates(self, path: str) -> None:
        if path not in self._mutated:
            self._mutated.add(path)
            self._testify_of("mutated", path)

    def _renamed(self, source: Optional[str], target: Optional[str]) -> None:
        if target is not None and target in self._read:
            self._mutates(target)
        elif target is not None and source in self._written:
            self._written.add(target)

    def _started(self, program: Any, arguments: Any, folder: Any, environment: Any) -> None:
        """A process: which program it is, and the files that its command line names."""
        try:
            name, words = _words(program, arguments)
            path = (os.environ if environment is None else environment).get("PATH", os.defpath)
            folders = os.fsdecode(path).split(os.pathsep)
            start = os.fsdecode(folder) if folder else os.getcwd()
            self._called(name, start, folders)
            for word in words:
                named = _absolute(os.path.join(start, word)) if "/" in word else None
                if named is not None and self._look(named).startswith(_REGULAR):
                    self._saw(named)
                elif named is None and _is_shell(name) and self._find(word, start, folders)[1]:
                    self._called(word, start, folders)
            git = any(os.path.basename(word) == "git" or "git " in word for word in (name, *words))
        except (AttributeError, TypeError, ValueError, OSError):
            git = True  # what cannot be told apart may be git
        if git and not self._git:
            self._git = True
            self._testify('"git":true')

    def _called(self, name: str, start: str, folders: List[str]) -> None:
        """A program: its file, and the places where it would have been found before."""
        for place in self._find(name, start, folders)[0]:
            self._looked(f"!{place}")

    def _find(self, name: str, start: str, folders: List[str]) -> Tuple[List[str], bool]:
        """Where a program is looked for, up to where it is; and whether it is."""
        tried = []
        for folder in [""] if "/" in name else folders:
            place = _absolute(os.path.join(start, folder, name))
            if place is not None:
                tried.append(place)
                if self._look(place).startswith(_REGULAR):
                    return tried, True
        return tried, False

    def _look(self, key: str) -> str:
        return look(key, self._plain_stat, self._plain_lstat)

    def _testify_of(self, kind: str, path: str) -> None:
        self._testify(f'"{kind}":[{_quoted(path)}]', known=_can_be_told(path) and len(self._read) <= _MOST)

    def _testify(self, fact: str, *, known: bool = True) -> None:
        if self._getpid() != self._pid:
            if self._lost:
                self._tell('{"event":"files","incomplete":true}')
                self._lost = False
            self._tell(f'{{"event":"files",{fact}}}' if known else '{"event":"files","incomplete":true}')

    def close(self) -> Dict[str, Any]:
        """What was heard as event fields; nothing more is heard afterwards."""
        self._listening = False
        changed = self._written | self._mutated
        return {
            "read": sorted(self._read),
            "looks": {key: seen for key, seen in self._looks.items() if key.lstrip("@!") not in changed},
            "written": sorted(self._written - self._mutated),
            "mutated": sorted(self._mutated),
            "made": sorted(path for path in self._made if os.path.dirname(path) not in self._made),
            "git": self._git,
            # A name that is no valid Unicode cannot be told.
            "incomplete": self._lost
            or max(len(self._read), len(self._looks)) > _MOST
            or not all(map(_can_be_told, (*self._read, *self._looks))),
        }


def look(key: str, plain_stat: Any = os.stat, plain_lstat: Any = os.lstat) -> str:
    """What is to be seen at a path: kind, permissions and size.

    `@` before the path means the link itself, `!` a program: any other file in its place is another one.
    """
    path = key.lstrip("@!")
    try:
        status = plain_lstat(path) if key[0] == "@" else plain_stat(path)
        target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
    except OSError as error:
        return _ABSENT if isinstance(error, (FileNotFoundError, NotADirectoryError)) else f"error {error.errno}"
    except ValueError:
        return _ABSENT
    size = status.st_size if stat.S_ISREG(status.st_mode) else 0
    file = f" {status.st_mtime_ns} {status.st_ino}" if key[0] == "!" else ""
    return f"{status.st_mode:o} {size}{file} {target}".rstrip()


def _words(program: Any, arguments: Any) -> Tuple[str, List[str]]:
    """The program and the words of its command line; a shell's line in its parts."""
    name = os.fsdecode(program)
    words = [os.fsdecode(text) for text in arguments][1:]
    return name, [part for word in words for part in word.translate(_MARKS).split()] if _is_shell(name) else words


def _is_shell(program: str) -> bool:
    return os.path.basename(program) in ("sh", "bash", "dash", "zsh")


def _quoted(text: str) -> str:
    """A JSON string."""
    return '"%s"' % "".join(
        letter if letter >= " " and letter not in '"\\' else f"\\u{ord(letter):04x}" for letter in text
    )


def _can_be_told(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _absolute(path: Any) -> Optional[str]:
    """The path of an audit event as the kernel will take it; None for what is no path."""
    try:
        if type(path) is not str:
            if not isinstance(path, (bytes, os.PathLike)):
                return None
            path = os.fsdecode(path)
        full = str(path) if path[:1] == "/" else os.path.join(os.getcwd(), path)
        # Only the kernel's way through `..` is right where links are.
        return os.path.realpath(full) if "/.." in full else os.path.normpath(full)
    except (OSError, ValueError, TypeError):
        return None


def _database(name: Any) -> Optional[str]:
    """The file of an SQLite database."""
    text = os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else ":memory:"
    text = text[5:].partition("?")[0] if text.startswith("file:") else text
    return None if text in ("", ":memory:") else _absolute(text)


def watch() -> None:
    """Watch this process; `$LOCKGATE_READS` names the file for its testimony."""
    file = os.environ[VARIABLE]

    def tell(line: str) -> None:
        try:
            # Opened anew for each line: a descriptor that stays open would be one that the process did not open.
            descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError:  # the run that asked is over
            return
        try:
            os.write(descriptor, f"{line}\n".encode("utf-8", "replace"))
        finally:
            os.close(descriptor)

    Files(0, tell)
