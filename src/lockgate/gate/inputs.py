"""The cache key: everything that can change a check's result, as one digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lockgate import __version__
from lockgate.gate.environments import Environment, probe_source
from lockgate.model.project import Project
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


def collect(project: Project, tree: Tree, environment: Mapping[str, str]) -> Inputs:
    """The common inputs of a gate over `tree`, whose checks see `environment`."""
    total = hashlib.blake2b(digest_size=20)
    parts: list[object] = [
        _FORMAT,
        __version__,
        file_digest(str(probe_source())),
        os.fsencode(project.root),
        project.config,
        sorted((os.fsencode(name), os.fsencode(value)) for name, value in environment.items()),
        _machine(),
        digests(outside_files(project.root, environment)),
        _searched(project.root, environment),
    ]
    for part in parts:
        total.update(msgspec.json.encode(part, order="sorted") + b"\0")
    return Inputs(total.digest(), tree.digest())


def outside_files(root: Path, environment: Mapping[str, str]) -> list[str]:
    """Files outside the project that its tools read by themselves, whether they exist or not."""
    home = Path(environment.get("HOME") or "/")
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    found = [parent / name for parent in root.parents for name in _ABOVE]
    found += [root / ".git" / "info" / "exclude"]
    found += [home / name for name in _HOME] + [config / name for name in _CONFIG_HOME]
    found += [Path(folder) / "ty/ty.toml" for folder in environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    found += [root / environment[name] for name in _FILE_VARIABLES if environment.get(name)]
    return sorted({str(path) for path in found})


def _searched(root: Path, environment: Mapping[str, str]) -> list[tuple[bytes, str]]:
    """Digest of each folder outside the project that is searched for modules."""
    found = []
    for name in _PATH_VARIABLES:
        for entry in environment.get(name, "").split(os.pathsep):
            place = (root / entry).resolve() if entry else root
            if place != root and root not in place.parents and place.is_dir():
                found.append((os.fsencode(place), snapshot(place).digest().hex()))
    return found


def _machine() -> list[object]:
    uname = os.uname()
    return [
        *(uname.sysname, uname.release, uname.machine),
        *(os.geteuid(), os.cpu_count(), os.path.realpath("/etc/localtime")),
        (found.hex() if (found := file_digest("/etc/localtime")) else None),
    ]
