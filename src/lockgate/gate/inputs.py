"""The cache key: everything that can change a check's result, as one digest."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from lockgate.gate.environments import Environment
from lockgate.gate.reads import look
from lockgate.model.project import Project
from lockgate.ports.process import cores
from lockgate.ports.tree import Tree, digests, file_digest, snapshot

_FORMAT = 1
# Configuration that the tools look for in the folders above the project.
_ABOVE = (
    *("pyproject.toml", "pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "setup.py"),
    *("conftest.py", "ruff.toml", ".ruff.toml", "mypy.ini", ".mypy.ini", "ty.toml", "pyrightconfig.json"),
    *(".coveragerc", ".coveragerc.toml", ".gitignore", ".ignore", ".env", ".editorconfig", ".git/info/exclude"),
)
# The same in the user's home and in the folders of XDG.
_HOME = (".mypy.ini", ".gitconfig", ".gitignore", ".pyrightconfig.json", ".coveragerc")
_CONFIG_HOME = (
    *("mypy/config", "ruff/ruff.toml", "ruff/.ruff.toml", "ruff/pyproject.toml", "ty/ty.toml", "git/ignore"),
    *("git/config", "pip/pip.conf", "matplotlib/matplotlibrc"),
)
# Paths in these are searched for modules or configuration.
_PATH_VARIABLES = ("PYTHONPATH", "MYPYPATH")
# Configuration may name further configuration.
_EXTENDS = re.compile(r"""(?:^|[.{,])\s*extend\s*=\s*["'](.+?)["']""", re.MULTILINE)
_EXCLUDES = re.compile(r"^\s*excludesfile\s*=\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_CHECKER_PATHS = re.compile(r"^(?:mypy_path|plugins|files)\s*[=:]\s*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_PYTEST_PATHS = ("addopts", "testpaths", "pythonpath")
_STRING = re.compile(r"""["']([^"'\n]+)["']""")
# What C libraries read by themselves: users, groups, hosts; and what tells of the libraries and locales installed.
_SYSTEM = ("/etc/passwd", "/etc/group", "/etc/hosts", "/etc/localtime")
_INSTALLED = ("/etc/ld.so.cache", "/usr/lib/locale", "/usr/lib/locale/locale-archive")
_FILE_VARIABLES = ("COVERAGE_RCFILE", "RUFF_CONFIG", "MYPY_CONFIG_FILE", "TY_CONFIG_FILE")


class Inputs(msgspec.Struct, frozen=True):
    """What all checks of one gate have in common, ready to be joined with what is each check's own."""

    common: bytes
    tree: bytes

    def key(self, command: object, environment: Environment | None) -> str:
        """Hex key of a check: `command` is anything msgspec can encode that says what is run and how."""
        total = hashlib.blake2b(digest_size=20)
        own = (environment.identity, environment.interpreter) if environment is not None else None
        for part in (self.common, self.tree, msgspec.json.encode((command, own), order="sorted")):
            total.update(part + b"\0")
        return total.hexdigest()


def collect(project: Project, tree: Tree, environment: Mapping[str, str], pytest_args: tuple[str, ...] = ()) -> Inputs:
    """The common inputs of a gate over `tree`, whose checks see `environment`."""
    outside = outside_files(project.root, environment)
    outside += _named_in_configuration(project.root, tree, environment, outside)
    total = hashlib.blake2b(digest_size=20)
    parts: list[object] = [
        _FORMAT,
        _judge(),
        os.fsencode(project.root),
        project.config,
        sorted((os.fsencode(name), os.fsencode(value)) for name, value in environment.items()),
        _machine(),
        sorted((os.fsencode(path), digest) for path, digest in digests(outside).items()),
        _content(project.root, _searched(project, environment)),
        # Who names a folder that holds the project speaks of the project, not of everything around it.
        _content(project.root, _named(project, environment, pytest_args), without=project.root.parents),
    ]
    for part in parts:
        total.update(msgspec.json.encode(part, order="sorted") + b"\0")
    return Inputs(total.digest(), tree.digest())


def outside_files(root: Path, environment: Mapping[str, str]) -> list[str]:
    """Files outside the project that its tools read by themselves, whether they exist or not."""
    home = Path(environment.get("HOME") or "/")
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    found = [parent / name for parent in root.parents for name in _ABOVE]
    found += [folder / "info/exclude" for place in (root, *root.parents) for folder in _git_folders(place / ".git")]
    found += [home / name for name in _HOME] + [config / name for name in _CONFIG_HOME]
    found += [Path(folder) / "ty/ty.toml" for folder in environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    found += [root / environment[name] for name in _FILE_VARIABLES if environment.get(name)]
    found += [Path(name) for name in _SYSTEM]
    found += [Path(environment.get("TZDIR", "/usr/share/zoneinfo"), environment.get("TZ", "").lstrip(":"))]
    return sorted({str(path) for path in found})


def _git_folders(git: Path) -> Iterator[Path]:
    """Where a repository keeps its own files: submodules and worktrees have a file that points there."""
    yield git
    if git.is_file():
        own = git.parent / _text(git).removeprefix("gitdir:").strip()
        yield own
        yield own / _text(own / "commondir").strip()


def _named_in_configuration(
    root: Path, tree: Tree, environment: Mapping[str, str], outside: Iterable[str]
) -> list[str]:
    """Files that ruff's and git's configuration points to, wherever they are."""
    own = (os.fsdecode(name) for name in tree.entries if name.endswith((b"ruff.toml", b"pyproject.toml")))
    pending = [*(str(root / name) for name in own), *outside]
    found: dict[str, None] = {}
    while pending:
        path = Path(pending.pop())
        pattern = _EXTENDS if path.suffix == ".toml" else _EXCLUDES if path.name in {".gitconfig", "config"} else None
        for match in pattern.finditer(_text(path)) if pattern else ():
            named = str(path.parent / _expanded(match[1].strip("\"'"), environment))
            if named not in found:
                found[named] = None
                pending.append(named)
    return list(found)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _expanded(path: str, environment: Mapping[str, str]) -> str:
    home = environment.get("HOME", "/")
    return os.path.expandvars(f"{home}{path[1:]}" if path.startswith("~/") else path)


def _searched(project: Project, environment: Mapping[str, str]) -> Iterator[str]:
    """What is searched for modules by Python and by the type checkers, as words that may be paths."""
    for name in _PATH_VARIABLES:
        yield from environment.get(name, "").split(os.pathsep)
    texts = [project.setup_cfg, *(_text(project.root / name) for name in ("mypy.ini", ".mypy.ini"))]
    values = [match[1] for text in texts for match in _CHECKER_PATHS.finditer(text)]
    values += [text for name in ("mypy", "ty", "pyright") for text in _strings(project.tool(name))]
    values += [
        text for name in ("pyrightconfig.json", "ty.toml") for text in _STRING.findall(_text(project.root / name))
    ]
    for word in (word for value in values for word in re.split(r"[\s,:]+", value)):
        yield _expanded(word.replace("$MYPY_CONFIG_FILE_DIR", "."), environment)


def _named(project: Project, environment: Mapping[str, str], pytest_args: tuple[str, ...]) -> Iterator[str]:
    """Words of commands and of pytest's configuration that may be paths."""
    config = project.config
    words = [*config.lint.paths, *config.format.paths, *config.types.paths, *config.test.args, *pytest_args]
    words += [word for check in config.check.values() for word in check.run]
    words += [shutil.which(check.run[0], path=environment.get("PATH")) or "" for check in config.check.values()]
    words += environment.get("PYTEST_ADDOPTS", "").split()
    words += [word for name in _PYTEST_PATHS for word in project.ini.get(name, "").split()]
    for word in words:
        text = word.strip("\"'")
        yield _expanded(text, environment)
        yield _expanded(text.partition("=")[2], environment)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for one in value.values() for text in _strings(one))
    elif isinstance(value, list):
        yield from (text for one in value for text in _strings(one))


def _content(root: Path, paths: Iterable[str], without: Iterable[Path] = ()) -> list[tuple[bytes, str | None]]:
    """Digest of each of `paths` that lies outside the project; None where there is nothing."""
    found: dict[bytes, str | None] = {}
    for path in paths:
        place = Path(os.path.realpath(root / path)) if path and "\0" not in path else root
        if place == root or root in place.parents or place in without:
            continue
        is_folder = place.is_dir()
        digest = snapshot(place).digest() if is_folder else file_digest(str(place))
        found[os.fsencode(place)] = digest.hex() if digest is not None else None
    return sorted(found.items())


@functools.cache
def _judge() -> str:
    """Digest of lockgate itself: another one may judge otherwise, also under the same version."""
    total = hashlib.blake2b(digest_size=20)
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def _machine() -> list[object]:
    mask = os.umask(0o077)
    os.umask(mask)
    return [
        *os.uname(),
        *(os.geteuid(), os.getegid(), sorted(os.getgroups()), mask),
        *(os.cpu_count(), cores(), os.path.realpath("/etc/localtime")),
        *(look(f"!{path}") for path in _INSTALLED),
    ]
