"""What a package says of itself, read once: the gate plans from this and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lockgate.model.config import Config
from lockgate.model.tomlline import line_of

PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12")
LATER_PYTHONS = ("3.13", "3.14", "3.15")
_REQUIREMENT_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d{1,2})$")


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A package on disk.

    Attributes:
        root: Absolute folder of pyproject.toml.
        config: The table, with defaults.
        has_table: A `[tool.lockgate]` table exists (in pyproject.toml or in `--config FILE`).
        config_file: Where the table was read, for messages.
        config_text: Its text.
        config_keys: The keys under which the table stands there.
        document: The whole parsed pyproject.toml.
        files: Names in the root folder.
        lock: `uv.lock` that governs the package (its own or its workspace's), or None.
        pythons: Cells of the test matrix, oldest first.
        has_tests: There is something that looks like a test suite.
        ini: The project's pytest options as far as they stand in a file: option name to text.
        hooks: Text of .pre-commit-config.yaml, or "".
    """

    root: Path
    name: str
    config: Config
    has_table: bool
    config_file: str
    document: Mapping[str, Any]
    files: frozenset[str]
    lock: Path | None
    pythons: tuple[str, ...]
    has_tests: bool
    ini: Mapping[str, str]
    setup_cfg: str
    hooks: str
    config_text: str = ""
    config_keys: tuple[str, ...] = ("tool", "lockgate")

    def where(self, *keys: str | int) -> str:
        """`file:line` of a key of the table, or of its nearest written parent."""
        return f"{self.config_file}:{line_of(self.config_text, (*self.config_keys, *keys))}"

    def tool(self, name: str) -> Mapping[str, Any] | None:
        """The table `[tool.NAME]`, or None."""
        table = self.document.get("tool", {})
        found = table.get(name) if isinstance(table, Mapping) else None
        return found if isinstance(found, Mapping) else None

    def groups(self) -> Mapping[str, list[Any]]:
        """Dependency groups (PEP 735) as written."""
        groups = self.document.get("dependency-groups", {})
        return groups if isinstance(groups, Mapping) else {}

    def extras(self) -> Mapping[str, list[str]]:
        """Optional dependencies as written."""
        extras = self.document.get("project", {}).get("optional-dependencies", {})
        return extras if isinstance(extras, Mapping) else {}

    def dependencies(self) -> frozenset[str]:
        """Normalized names of everything that the package declares: run time, extras, groups, uv's dev list."""
        project = self.document.get("project", {})
        uv = self.tool("uv") or {}
        lists = [project.get("dependencies", []), uv.get("dev-dependencies", []), list(self.config.packages)]
        lists += [*self.groups().values(), *self.extras().values()]
        texts = [text for entries in lists if isinstance(entries, list) for text in entries if isinstance(text, str)]
        return frozenset(normalize(match[1]) for text in texts if (match := _REQUIREMENT_NAME.match(text)))

    @property
    def is_package(self) -> bool:
        """Whether there is something to build and install, by uv's rule."""
        explicit = (self.tool("uv") or {}).get("package")
        if isinstance(explicit, bool):
            return explicit
        return "build-system" in self.document or "setup.py" in self.files


def normalize(name: str) -> str:
    """A distribution name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def minor(version: str) -> tuple[int, ...]:
    """`3.10` as numbers, for ordering."""
    return tuple(int(part) for part in version.split(".")[:2])


def supported_pythons(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Pythons from the classifiers within `requires-python`, oldest first.

    Without such classifiers: 3.8 to 3.12 within `requires-python`, or, when the package is newer than
    those, the later versions that it allows.

    Raises:
        ValueError: `requires-python` is no version specifier.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # 10 ms

    project = document.get("project", {})
    text = project.get("requires-python", "")
    try:
        allowed = SpecifierSet(text) if isinstance(text, str) else None
    except InvalidSpecifier:
        allowed = None
    if allowed is None:
        raise ValueError(f"requires-python = {text!r} is not a version specifier")

    def within(versions: tuple[str, ...]) -> tuple[str, ...]:
        # A patch bound such as >=3.8.1 still supports 3.8: ask for the last patch that could exist.
        return tuple(sorted((v for v in versions if allowed.contains(f"{v}.99")), key=minor))

    classifiers = [str(text) for text in project.get("classifiers", [])]
    named = tuple(match[1] for text in classifiers if (match := _CLASSIFIER.match(text)))
    return within(named) or within(PYTHONS) or within(LATER_PYTHONS)
