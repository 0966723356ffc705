"""`lockgate init`: what it would change (pure), and the change."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lockgate.gate import declared
from lockgate.model.config import CHECKS
from lockgate.model.errors import UsageError
from lockgate.model.project import Project
from lockgate.ports.files import write_atomic

# Caches of uv and lockgate: a committed one is a poisoned one.
IGNORED = (".uv/", ".uv-cache/", "uv.cache/", ".lockgate/")


class Change(msgspec.Struct, frozen=True):
    """A file to write; `before` is None when it does not exist yet."""

    path: Path
    before: str | None
    after: str

    def diff(self, root: Path) -> str:
        """The change as a unified diff."""
        name = self.path.relative_to(root).as_posix()
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            fromfile="/dev/null" if self.before is None else f"a/{name}",
            tofile=f"b/{name}",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def changes(project: Project) -> tuple[Change, ...]:
    """What `init` would write; empty when all is there."""
    found = []
    if project.tool("lockgate") is None:
        path = project.root / "pyproject.toml"
        before = _read(path) or ""
        found.append(Change(path, before, _appended(before, table(project))))
    ignore = project.root / ".gitignore"
    text = _read(ignore)
    known = {line.strip().lstrip("/") for line in (text or "").splitlines()}
    missing = [entry for entry in IGNORED if entry not in known and entry.rstrip("/") not in known]
    if missing:
        heading = [] if text is None else [""]
        block = [*heading, "# Caches of uv and lockgate", *missing]
        found.append(Change(ignore, text, _appended(text or "", block, gap=False)))
    return tuple(found)


def table(project: Project) -> list[str]:
    """The lines of the table: only what the defaults would get wrong for this package."""
    lines = ["# Everything has a default: `lockgate schema config` lists the keys.", "[tool.lockgate]"]
    if not any("Python :: 3." in str(text) for text in project.document.get("project", {}).get("classifiers", [])):
        lines.append(f"python = [{_quoted(project.pythons)}]")
    without = set()
    if declared.type_checker(project) is None:
        without.add("types")
    if not project.has_tests:
        without |= {"test", "coverage"}
    if without:
        names = _quoted(name for name in CHECKS if name not in without)
        lines.append(f"checks = [{names}]  # add {', '.join(sorted(without))} when the package has them")
    return lines


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def apply(planned: tuple[Change, ...]) -> None:
    """Write the files.

    Raises:
        UsageError: A file cannot be written.
    """
    for change in planned:
        try:
            write_atomic(change.path.resolve(), change.after.encode())  # a link stays one
        except OSError as error:
            raise UsageError(f"{change.path}: {error.strerror or error}") from error


def _read(path: Path) -> str | None:
    try:
        # No newline translation: a file keeps the line ends that it has.
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name}: cannot be read: {error}") from error


def _appended(text: str, lines: list[str], *, gap: bool = True) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    start = "" if not text or text.endswith("\n") else newline
    return text + start + (newline if text and gap else "") + newline.join(lines) + newline
