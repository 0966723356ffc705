"""What an environment is made of besides its recipe: the files and settings that decide what is installed and built."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from lockgate.gate import declared
from lockgate.gate.recipe import Recipe, declared_inputs
from lockgate.model.project import Project
from lockgate.ports import git, surroundings
from lockgate.ports.tree import NATIVE_SUFFIXES, Tree, file_digest

_VERSION_LINE = re.compile(rb"^\s*(?:__version__|VERSION|version)\s*[:=].*$", re.MULTILINE)
_FILE_NAME = re.compile(r"[\w.][\w./-]*\.\w+|[A-Z_]{3,}")
_PROSE = re.compile(r"(?i)(?:.*/)?(?:readme|change|history|licen[cs]e|news|authors)")


def resolved_from(project: Project, recipe: Recipe, environment: Mapping[str, str]) -> list[object]:
    """What uv resolves from besides pyproject.toml: locks, requirement files, its own configuration and variables."""
    shaping = surroundings.of_resolution(environment)
    config = Path(environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "/")) / ".config")
    files = [project.root / name for name in ("setup.py", "setup.cfg", "uv.toml", ".python-version")]
    files += [config / "uv/uv.toml", Path("/etc/uv/uv.toml")]
    # A workspace is locked as a whole.
    files += [project.lock, project.lock.with_name("pyproject.toml")] if project.lock is not None else []
    files += [path for name in recipe.requirements for path in requirement_files(project.root / name)]
    files += [project.root / word for text in shaping.values() for word in text.split()]
    # The package's own is taken in without what only configures checkers.
    own = project.root / "pyproject.toml"
    return [shaping, *((os.fsencode(path.name), file_digest(str(path))) for path in files if path != own)]


def built_from(project: Project, tree: Tree) -> list[object]:
    """What an editable install was built from besides pyproject.toml: native sources and the version's source."""
    native = tree.select(NATIVE_SUFFIXES)
    parts: list[object] = [native.digest()]
    if declared.version_from_git(project):
        parts.append(git.version_state(project.root))
    elif "version" in project.document.get("project", {}).get("dynamic", []):
        parts.append(version_lines(project.root, tree))
    return parts + _named_by_build(project)


def requirement_files(path: Path, seen: frozenset[Path] = frozenset()) -> list[Path]:
    """A requirements file and those that it names with -r or -c."""
    if path in seen:
        return []
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return [path]
    named = re.findall(r"^\s*(?:-[rc]\s*|--(?:requirement|constraint)[\s=]+)(\S+)", text, re.MULTILINE)
    inner = (requirement_files(path.parent / name, seen | {path}) for name in named)
    return [path, *(file for files in inner for file in files)]


def version_lines(root: Path, tree: Tree) -> list[bytes]:
    """Lines that give a version in the files where build backends look for one."""
    names = [
        name
        for name in tree.entries
        if re.search(rb"(^|/)(__init__|_?_?version_?_?|__about__|_meta)\.py$|(^|/)VERSION", name)
    ]
    lines: list[bytes] = []
    for name in sorted(names):
        with contextlib.suppress(OSError):
            content = (root / os.fsdecode(name)).read_bytes()
            lines += _VERSION_LINE.findall(content) if name.endswith(b".py") else [content]
    return lines


def _named_by_build(project: Project) -> list[object]:
    """Files that the build's configuration names, when it reads anything: requirements and versions kept in files."""
    if not declared.is_dynamic(project):
        return []
    texts = [
        str(declared_inputs(project)["tool"]),
        project.setup_cfg,
        _content(project.root / "setup.py").decode(errors="replace"),
    ]
    names = sorted({name for text in texts for name in _FILE_NAME.findall(text) if not _PROSE.match(name)})
    return [
        (name, _VERSION_LINE.findall(content) if name.endswith(".py") else content)
        for name in names
        if (content := _content(project.root / name))
    ]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
