"""A git repository through its plumbing: objects read and written in bulk, commands run; nothing is decided here."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, TypedDict, Unpack

import msgspec

from lockgate.model.errors import UnknownError, UsageError

_KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_MOMENT = 1.0  # seconds
_MANY = 100  # objects: git's own fetch.unpackLimit
# Nobody else's ideas of how git answers, waits or rewrites objects.
_PLAIN = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_PAGER": "cat"}


class GitError(Exception):
    """A git command that failed; `said` is its standard error (or output), as git wrote it."""

    def __init__(self, command: str, code: int, said: str) -> None:
        super().__init__(f"git {command} ended with exit {code}: {said.strip()}")
        self.code = code
        self.said = said.strip()


class How(TypedDict, total=False):
    """How a command is run.

    `given` is its standard input, `codes` are exit codes that are answers (0), `folder` is where it runs. A `detached`
    one runs in a session of its own: what ends this process or its group lets it finish its writes. `patience` is
    called when it takes longer than a moment.
    """

    given: bytes
    codes: tuple[int, ...]
    environment: Mapping[str, str]
    folder: Path
    detached: bool
    patience: Callable[[], None]


class Done(msgspec.Struct, frozen=True):
    """How a git command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as one stripped text; foreign bytes survive as surrogates."""
        return os.fsdecode(self.out).strip()


class Repository:
    """One repository; objects that are made here stay in memory until `flush`.

    Args:
        folder: Any folder of the working tree.
        environment: Variables of every git command besides this process's own, e.g. credentials.
        scratch: A folder that receives new objects instead of the repository: nothing in it changes then.

    Attributes:
        environment: The whole environment of every git command.

    Raises:
        UsageError: There is no repository.
        UnknownError: There is no git.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], scratch: Path | None = None) -> None:
        self.folder = folder
        self.environment = {**os.environ, **_PLAIN, **environment}
        self._reader: subprocess.Popen[bytes] | None = None
        self._made: dict[str, tuple[str, bytes]] = {}
        self._unwritten: dict[str, tuple[str, bytes]] = {}
        try:
            facts = self.git(
                "rev-parse", "--show-object-format", "--is-bare-repository", "--is-shallow-repository",
                "--path-format=absolute", "--git-dir", "--git-common-dir", "--git-path", "objects",
                "--git-path", "hooks/pre-push", "--show-cdup",
            )  # fmt: skip
        except GitError as error:
            hint = "run it in a clone, or name one with -C DIR"
            raise UsageError(f"{folder.resolve()} is in no git repository: {error.said}", hint) from None
        form, bare, shallow, own, common, objects, hook, *up = os.fsdecode(facts.out).split("\n")
        self._hash = form
        self.is_bare = bare == "true"
        self.is_shallow = shallow == "true"
        self.git_dir, self.common_dir, self.pre_push = Path(own), Path(common), Path(hook)
        # Where git works: at the top of the working tree; a bare repository has none.
        self.top = self.git_dir if self.is_bare else Path(os.path.normpath(folder.resolve() / up[0]))
        # Git runs at the top, too, where relative ones would mean another place.
        for key, place in (("GIT_DIR", self.git_dir), ("GIT_WORK_TREE", self.top)):
            if key in self.environment:
                self.environment[key] = str(place)
        self._config: dict[str, list[str]] = {}
        if scratch is not None:
            others = [objects, self.environment.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")]
            self.environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(filter(None, others))
            self.environment["GIT_OBJECT_DIRECTORY"] = str(scratch)

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the reader end."""
        if self._reader is not None:
            self._reader.kill()
            self._reader.communicate()

    def git(self, *arguments: str, **how: Unpack[How]) -> Done:
        """Run a git command to its end.

        Raises:
            GitError: It failed.
            UnknownError: There is no git.
        """
        return self.run(("git", *arguments), **how)

    def run(self, argv: tuple[str, ...], **how: Unpack[How]) -> Done:
        """The same for any command."""
        try:
            process = subprocess.Popen(
                argv,
                cwd=how.get("folder", self.folder),
                stdin=subprocess.PIPE if "given" in how else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**self.environment, **how.get("environment", {})},
                start_new_session=how.get("detached", False),
            )
        except OSError as error:
            raise UnknownError(f"{argv[0]} does not run: {error.strerror}", "install git 2.36 or later") from None
        with process:
            try:
                if "patience" in how and process.stdout and not select.select([process.stdout], [], [], _MOMENT)[0]:
                    how["patience"]()
                out, err = process.communicate(how.get("given"))
            except BaseException:
                if how.get("detached"):
                    process.communicate()  # a second Ctrl-C ends the waiting, not the writes
                else:
                    process.kill()
                raise
        said = err.decode(errors="replace")
        if process.returncode not in how.get("codes", (0,)):
            raise GitError(argv[1], process.returncode, said or out.decode(errors="replace"))
        return Done(process.returncode, out, said)

    def read(self, oid: str) -> tuple[str, bytes]:
        """Kind and content of an object.

        Raises:
            KeyError: There is no such object (a shallow or partial clone, or a wrong id).
        """
        return self._made.get(oid) or self._asked(oid)[1:]

    def resolve(self, ref: str) -> str | None:
        """The id that a reference, written in full, stands at; None when there is none."""
        try:
            return self._asked(ref)[0]
        except KeyError:
            return None

    def _asked(self, name: str) -> tuple[str, str, bytes]:
        if self._reader is None:
            self._reader = subprocess.Popen(
                ["git", "cat-file", "--batch"],  # noqa: S607
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        asked, answers = self._reader.stdin, self._reader.stdout
        assert asked is not None and answers is not None  # noqa: S101, PT018  (both are pipes)
        asked.write(os.fsencode(name) + b"\n")
        asked.flush()
        head = answers.readline().split()
        if len(head) != 3:  # noqa: PLR2004  (id, kind, size)
            raise KeyError(name)
        content = answers.read(int(head[2]) + 1)[:-1]
        return head[0].decode(), head[1].decode(), content

    def has(self, oid: str) -> bool:
        """Whether the object is here."""
        try:
            self.read(oid)
        except KeyError:
            return False
        return True

    def write(self, kind: str, content: bytes) -> str:
        """Make an object, in memory; returns its id."""
        oid = self._hashed(b"%s %d\0" % (kind.encode(), len(content)) + content).hex()
        if oid not in self._made:
            self._made[oid] = self._unwritten[oid] = (kind, content)
        return oid

    def config(self) -> dict[str, list[str]]:
        """Git's configuration as it holds here: all values of each key, the one that counts last."""
        if not self._config:
            for item in filter(None, os.fsdecode(self.git("config", "-z", "--list").out).split("\0")):
                key, _, value = item.partition("\n")
                self._config.setdefault(key, []).append(value)
        return self._config

    def flush(self) -> None:
        """Let git store what was made, for it knows modes, sharing and durability of its own files."""
        if not self._unwritten:
            return
        pack = b"PACK" + struct.pack(">II", 2, len(self._unwritten))
        for kind, content in self._unwritten.values():
            pack += _packed_size(_KINDS[kind], len(content)) + zlib.compress(content, 1)
        # Many stay one pack, as when git fetches them: hundreds of small files take longer than all the rest.
        how = ("unpack-objects", "-q") if len(self._unwritten) < _MANY else ("index-pack", "--stdin")
        self.git(*how, given=pack + self._hashed(pack))
        self._unwritten.clear()

    @property
    def id_bytes(self) -> int:
        """Bytes of an object id: 20, or 32 in a sha256 repository."""
        return 32 if self._hash == "sha256" else 20

    def _hashed(self, data: bytes) -> bytes:
        import hashlib  # 3 ms, and whoever waits in the queue makes nothing

        return hashlib.new(self._hash, data).digest()

    def branch(self) -> str:
        """The name of the current branch; "" when HEAD is detached."""
        said, there = b"", b""
        with contextlib.suppress(OSError):
            said = (self.git_dir / "HEAD").read_bytes().rstrip()
            there = (self.common_dir / os.fsdecode(said[5:])).read_bytes()
        if not said.startswith(b"ref: refs/heads/") or said.endswith(b"/.invalid") or there.startswith(b"ref:"):
            # Detached, another name for a branch, or kept in a way of its own.
            said = self.git("symbolic-ref", "-q", "HEAD", codes=(0, 1)).out.rstrip()
        return os.fsdecode(said).removeprefix("ref: ").removeprefix("refs/heads/")


def _packed_size(kind: int, size: int) -> bytes:
    """The head of an entry in a pack: three bits of kind, the size in 4 and then 7 bits, lowest first."""
    head = bytearray()
    byte, size = kind << 4 | size & 15, size >> 4
    while size:
        head.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    head.append(byte)
    return bytes(head)
