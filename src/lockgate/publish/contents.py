"""What is in a distribution file: its members and metadata, compared with another and with the commit."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import tarfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from email.parser import HeaderParser
from fnmatch import fnmatch
from pathlib import Path

from lockgate.model.release import kind_of

# Made by every backend.
_OF_WHEEL = re.compile(r"[^/]+\.dist-info/(METADATA|WHEEL|RECORD|entry_points\.txt|top_level\.txt|zip-safe|sboms/.*)")
_OF_SDIST = re.compile(r"PKG-INFO|(.*/)?[^/]+\.egg-info(/.*)?|setup\.cfg")
_NATIVE = re.compile(r"\.(so|pyd|dylib|dll)(\.\d+)*$|\.libs/|\.dylibs/")
_SECRET = re.compile(
    r"(^|/)(\.env(\.(?!example|sample|template|dist)[^/]*)?|\.pypirc|\.netrc|_netrc|\.npmrc|\.git-credentials|\.htpasswd"
    r"|id_(rsa|dsa|ecdsa|ed25519)|credentials\.json|[^/]+\.(p12|pfx|jks|keystore|kdbx))$"
)
_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----")
_POINTER = b"version https://git-lfs.github.com/spec/"
_PYPROJECT = "pyproject.toml"
_MOST = 1 << 30  # bytes that a file may unpack to
_LISTED = 5


class Unreadable(Exception):  # noqa: N818  (what is true of the file)
    """A distribution file that is no proper archive; the text says why."""


def members(path: Path) -> dict[str, bytes]:
    """Content by name; those of an sdist without its one top folder. A link's content is `-> ` and where it leads.

    Raises:
        Unreadable: It is damaged, names a file twice, or one outside of it.
    """
    try:
        found = _zipped(path) if zipfile.is_zipfile(path) else _tarred(path)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Unreadable(f"{path.name} cannot be read: {error}") from None
    names = [name for name, _ in found]
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) != len(names) else set()
    outside = [name for name in names if name.startswith("/") or ".." in name.split("/") or "\\" in name]
    if twice or outside:
        what = f"has {min(twice)} twice" if twice else f"leads out of its folder: {outside[0]}"
        raise Unreadable(f"{path.name} {what}")
    if kind_of(path.name) == "wheel":
        return dict(found)
    tops = {name.partition("/")[0] for name in names}
    if len(tops) != 1:
        raise Unreadable(f"{path.name} has not one top folder but {', '.join(sorted(tops)) or 'nothing'}")
    return {name.partition("/")[2]: content for name, content in found}


def _zipped(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _refuse_bomb(sum(info.file_size for info in infos))
        return [(info.filename, archive.read(info)) for info in infos]


def _tarred(path: Path) -> list[tuple[str, bytes]]:
    found = []
    with tarfile.open(path, "r:gz") as archive:
        total = 0
        for info in archive:
            total += info.size
            _refuse_bomb(total)
            if info.isfile():
                reader = archive.extractfile(info)
                found.append((info.name, reader.read() if reader else b""))
            elif not info.isdir():
                found.append((info.name, f"-> {info.linkname}".encode()))
    return found


def _refuse_bomb(total: int) -> None:
    if total > _MOST:
        raise OSError(f"it unpacks to more than {_MOST >> 20} MiB")


def metadata_of(path: Path) -> dict[str, str]:
    """The fields of its core metadata by lower-case name; of repeated ones the first. `""` holds the whole text.

    Raises:
        Unreadable: It has none.
    """
    inside = members(path)
    wanted = re.compile(r"[^/]+\.dist-info/METADATA" if kind_of(path.name) == "wheel" else r"PKG-INFO")
    name = next((one for one in inside if wanted.fullmatch(one)), None)
    if name is None:
        raise Unreadable(f"{path.name} has no metadata")
    text = inside[name].decode("utf-8", errors="replace")
    message = HeaderParser().parsestr(text)
    return {**{key.lower(): str(message[key]) for key in message}, "": text}


def needs(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Its Requires-Dist."""
    return tuple(map(str, HeaderParser().parsestr(fields[""]).get_all("Requires-Dist", ())))


def difference(first: Path, second: Path) -> tuple[str, ...]:
    """How the contents of two files of one kind differ, in words; the order of RECORD's lines is none."""
    one, other = members(first), members(second)
    words = [f"{name} is only in one of them" for name in sorted(one.keys() ^ other.keys())]
    return (*words, *(f"{name} differs" for name in sorted(one.keys() & other.keys()) if not _same(name, one, other)))


def _same(name: str, one: Mapping[str, bytes], other: Mapping[str, bytes]) -> bool:
    if name.endswith(".dist-info/RECORD"):
        return sorted(one[name].splitlines()) == sorted(other[name].splitlines())
    return one[name] == other[name]


def arrangement(first: Path, second: Path) -> str:
    """Why two archives with the same content have other bytes."""
    if not zipfile.is_zipfile(first):
        return "times, order, owners or compression differ"
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as other:
        pairs = list(zip(one.infolist(), other.infolist(), strict=False))
    if any(a.filename != b.filename for a, b in pairs):
        return "the order of its files differs"
    late = next((a.filename for a, b in pairs if a.date_time != b.date_time), None)
    return f"the time of {late} differs" if late else "permissions or compression differ"


def undeclared(path: Path, tracked: Mapping[str, str], declared: Sequence[str]) -> tuple[str, ...]:
    """Files in it that git does not have and nobody declared, in words.

    `tracked` is sha256 by path from the package's folder: `../…` is what the repository has beside it.
    """
    inside = members(path)
    meant = [name for name in inside if not any(fnmatch(name, pattern) for pattern in declared)]
    if kind_of(path.name) == "wheel":
        known = set(tracked.values())
        pure = path.name.endswith("-none-any.whl")
        made = [name for name in meant if _digest(inside[name]) not in known and not _OF_WHEEL.fullmatch(name)]
        return tuple(f"{name} is not in git" for name in sorted(made) if pure or not _NATIVE.search(name))
    # Some backends write pyproject.toml anew, and keep the commit's beside it.
    kept = f"{_PYPROJECT}.orig"
    rewritten = {_PYPROJECT, kept} if _digest(inside.get(kept, b"")) == tracked.get(_PYPROJECT) else set()
    looked = [name for name in sorted(meant) if name not in rewritten and not _OF_SDIST.fullmatch(name)]
    beside = {digest for known, digest in tracked.items() if known.startswith("../")}
    extra = [f"{name} is not in git" for name in looked if name not in tracked and _digest(inside[name]) not in beside]
    return (
        *extra,
        *(
            f"{name} is not as in git"
            for name in looked
            if tracked.get(name) not in {None, _digest(_followed(inside, name))}
        ),
    )


def _followed(inside: Mapping[str, bytes], name: str) -> bytes:
    """A file's content; a link's is that of the file in the archive that it leads to, if there is one."""
    content = inside[name]
    to = os.fsdecode(content.removeprefix(b"-> ")) if content.startswith(b"-> ") else "."
    return inside.get(posixpath.normpath(posixpath.join(posixpath.dirname(name), to)), content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def secrets(path: Path, declared: Sequence[str]) -> tuple[str, ...]:
    """Files in it that look like secrets, and such that only point to their content, in words."""
    found = []
    for name, content in members(path).items():
        looks = _SECRET.search(name) is not None or (
            name.endswith((".pem", ".key")) and _KEY.search(content) is not None
        )
        pointer = content.startswith(_POINTER)
        if (looks or pointer) and not any(fnmatch(name, pattern) for pattern in declared):
            found.append(f"{name} {'is only a pointer of Git LFS' if pointer else 'looks like a secret'}")
    return tuple(sorted(found))


def shortened(words: Collection[str]) -> str:
    """The first few of many."""
    more = f"; and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return "; ".join(list(words)[:_LISTED]) + more


def tree(path: Path) -> str:
    """Its files with their sizes, as a tree."""
    lines = [path.name]
    before: list[str] = []
    for name, content in sorted(members(path).items()):
        *folders, last = name.split("/")
        common = next(
            (at for at, (a, b) in enumerate(zip(folders, before, strict=False)) if a != b),
            min(len(folders), len(before)),
        )
        lines += [f"{'  ' * (depth + 1)}{folder}/" for depth, folder in enumerate(folders) if depth >= common]
        lines.append(f"{'  ' * (len(folders) + 1)}{last}  {len(content):,}")
        before = folders
    return "\n".join(lines)
