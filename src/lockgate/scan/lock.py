"""uv.lock as data: packages, where they come from, and their files with the lines where they stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lockgate.model.project import normalize
from lockgate.scan.answer import BrokenError

_LOCAL = frozenset({"editable", "virtual", "directory", "path"})


class File(msgspec.Struct, frozen=True):
    """A distribution file of a package; `hash` is `sha256:…` or None, `uploaded` as the lock says."""

    url: str
    hash: str | None
    uploaded: str | None

    @property
    def name(self) -> str:
        """The file's own name."""
        return re.split(r"[?#]", self.url)[0].rstrip("/").rpartition("/")[2]


class Package(msgspec.Struct, frozen=True):
    """A locked package.

    Attributes:
        kind: `registry`, `url`, `git`, `editable`, `virtual`, `directory` or `path`.
        origin: The index, address or folder.
        line: Where its table begins in the lock.
    """

    name: str
    version: str | None
    kind: str
    origin: str
    files: tuple[File, ...]
    line: int

    @property
    def is_local(self) -> bool:
        """It lies on this machine: the project itself, or a member of its workspace."""
        return self.kind in _LOCAL


class Lock(msgspec.Struct, frozen=True):
    """A lock; `lines` is its text."""

    path: str
    packages: tuple[Package, ...]
    lines: tuple[str, ...]

    def line_of(self, package: Package, text: str) -> int:
        """The line of the package's table that holds `text`."""
        for number in range(package.line, len(self.lines) + 1):
            line = self.lines[number - 1]
            if number > package.line and line.startswith("[[package]]"):
                break
            if text in line:
                return number
        return package.line


def read_lock(path: Path, root: Path) -> Lock:
    """The lock.

    Raises:
        BrokenError: It cannot be read, or is no uv.lock.
    """
    remedy = "`uv lock` writes it anew; look at the difference before you commit it"
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    try:
        text = path.read_bytes().decode()
        document = tomllib.loads(text)
        tables = document.get("package", [])
        lines = tuple(text.splitlines())
        starts = [number for number, line in enumerate(lines, start=1) if line.strip() == "[[package]]"]
        if "version" not in document or not tables or len(starts) != len(tables):
            raise BrokenError(f"{shown}: holds no packages", remedy)
        packages = tuple(_package(table, line) for table, line in zip(tables, starts, strict=True))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenError(f"{shown}: cannot be read: {type(error).__name__}: {error}", remedy) from error
    return Lock(shown, packages, lines)


def _package(table: Mapping[str, Any], line: int) -> Package:
    source = table["source"]
    kind = next((kind for kind in ("registry", "git", "url", *sorted(_LOCAL)) if kind in source), "unknown")
    listed = [*([table["sdist"]] if "sdist" in table else []), *table.get("wheels", [])]
    # Git and local sources may name a file by path; what has no address has nothing to be fetched from.
    files = tuple(
        File(str(one.get("url", one.get("path", ""))), one.get("hash"), _text(one.get("upload-time"))) for one in listed
    )
    return Package(normalize(table["name"]), table.get("version"), kind, str(source.get(kind, "")), files, line)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
