"""Reads a package from disk into `Project`; every refusal names file and line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lockgate.model.config import Config
from lockgate.model.decode import TABLE, decode_config, suggest
from lockgate.model.errors import UsageError
from lockgate.model.project import Project, normalize, supported_pythons
from lockgate.model.tomlline import line_of

_TABLE, _LIST = (dict, "table"), (list, "list")
_SHAPES: Mapping[tuple[str, ...], tuple[type | tuple[type, ...], str]] = {
    ("project",): _TABLE,
    ("project", "requires-python"): (str, "string"),
    ("project", "classifiers"): _LIST,
    ("project", "dynamic"): _LIST,
    ("build-system",): _TABLE,
    ("build-system", "requires"): _LIST,
    ("dependency-groups",): _TABLE,
    ("tool",): _TABLE,
    ("tool", "coverage"): _TABLE,
    ("tool", "coverage", "report"): _TABLE,
    ("tool", "coverage", "report", "fail_under"): ((int, float), "number"),
    ("tool", "uv"): _TABLE,
    ("tool", "uv", "workspace"): _TABLE,
}

_TEST_FILE = re.compile(r"test_.+\.py|.+_test\.py")
# pytest's norecursedirs.
_PASSED_OVER = re.compile(r"\..*|.*\.egg|_darcs|build|CVS|dist|node_modules|venv|\{arch\}")


def read_project(folder: Path, config_file: Path | None = None) -> Project:
    """The package in `folder`, with its table (or the one in `config_file` instead).

    Raises:
        UsageError: There is no package, or a file cannot be read or has a mistake (with file and line).
    """
    root = folder.resolve()
    if any("\ud800" <= character <= "\udfff" for character in str(root)):
        raise UsageError(f"the name of the folder {root} is not UTF-8: uv cannot work there", "rename the folder")
    path = root / "pyproject.toml"
    if not path.is_file():
        raise _no_package(root)
    document, text = _read_toml(path, "pyproject.toml")
    file, table, table_text = "pyproject.toml", _own_table(document, text), text
    prefix: tuple[str, ...] = TABLE
    if config_file is not None:
        file = str(config_file)
        outside, table_text = _read_toml(config_file, file)
        if "tool" in outside:
            table = _own_table(outside, table_text, file)
            if table is None:
                raise UsageError(f"{file}: there is no [tool.lockgate] table", "write one, even if it is empty")
        else:
            table, prefix = outside, ()
    config = Config() if table is None else decode_config(table, file=file, text=table_text, prefix=prefix)
    _refuse_wrong_shapes(document, text)
    try:
        pythons = config.python or supported_pythons(document)
    except ValueError as error:
        raise UsageError(f"pyproject.toml:{line_of(text, ('project', 'requires-python'))}: {error}") from error
    if not pythons:
        where = f"pyproject.toml:{line_of(text, ('project', 'requires-python'))}"
        raise UsageError(
            f"{where}: no Python satisfies requires-python",
            'name the versions: [tool.lockgate] python = ["3.12"]',
        )
    files = frozenset(entry.name for entry in root.iterdir())
    ini = _pytest_ini(root, document)
    project = Project(
        root=root,
        name=str(document.get("project", {}).get("name") or root.name),
        config=config,
        has_table=table is not None,
        config_file=file,
        document=document,
        files=files,
        lock=_governing_lock(root),
        pythons=tuple(sorted(pythons, key=lambda v: tuple(map(int, v.split("."))))),
        has_tests=_has_tests(root, ini),
        ini=ini,
        setup_cfg=_text(root / "setup.cfg"),
        hooks=_text(root / ".pre-commit-config.yaml"),
        config_text=table_text,
        config_keys=prefix,
    )
    _refuse_missing(project)
    return project


def read_config(folder: Path) -> Config:
    """Only the table of the package in `folder`; the defaults where there is no package or no table.

    Raises:
        UsageError: The file cannot be read, or the table has a mistake.
    """
    path = folder / "pyproject.toml"
    if not path.is_file():
        return Config()
    document, text = _read_toml(path, "pyproject.toml")
    table = _own_table(document, text)
    return Config() if table is None else decode_config(table, file="pyproject.toml", text=text)


def _refuse_missing(project: Project) -> None:
    """Groups, extras and files that the table names must exist: uv passes over an extra that does not."""
    config, document = project.config, project.document
    groups = [*project.groups(), *(["dev"] if "dev-dependencies" in (project.tool("uv") or {}) else [])]
    extras = list(project.extras())
    # Extras that a build backend computes are not known here.
    declared = document.get("project")
    dynamic = declared is None or "optional-dependencies" in declared.get("dynamic", [])
    for key, what, named, known in (
        ("groups", "dependency group", config.groups or (), groups),
        ("extras", "extra", () if dynamic else config.extras or (), extras),
    ):
        for name in named:
            if normalize(name) not in map(normalize, known):
                hint = suggest(name, known) if known else f"pyproject.toml declares no {what}"
                raise UsageError(f"{project.where(key)}: no {what} is called {name!r}", hint)
    for name in config.requirements:
        if not (project.root / name).is_file():
            raise UsageError(
                f"{project.where('requirements')}: no file {name!r}", f"paths are relative to {project.root}"
            )


def _refuse_wrong_shapes(document: Mapping[str, Any], text: str, file: str = "pyproject.toml") -> None:
    """What lockgate itself reads of the other tables; their own tools judge the rest."""
    for keys, (kind, name) in _SHAPES.items():
        value: Any = document
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None and not isinstance(value, kind):
            raise UsageError(f"{file}:{line_of(text, keys)}: {'.'.join(keys)} must be a {name}")


def _no_package(root: Path) -> UsageError:
    for parent in root.parents:
        if (parent / "pyproject.toml").is_file():
            return UsageError(f"no pyproject.toml in {root}", f"the nearest package is {parent}: run with -C {parent}")
    return UsageError(f"no pyproject.toml in {root}", "run lockgate in a package's folder, or name it with -C DIR")


def _own_table(document: Mapping[str, Any], text: str, file: str = "pyproject.toml") -> Mapping[str, Any] | None:
    tool = document.get("tool", {})
    table = tool.get("lockgate") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{file}:{line_of(text, TABLE)}: tool.lockgate must be a table")
    return table


def _read_toml(path: Path, shown: str) -> tuple[dict[str, Any], str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown}: {error.strerror or error}") from error
    try:
        text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{shown}:{line}: not UTF-8 (byte 0x{data[error.start]:02x})",
            "TOML files are UTF-8: convert the file",
        ) from error
    try:
        return tomllib.loads(text), text
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
        where = f"{shown}:{at[1]}:{at[2]}" if at else f"{shown}:{len(text.splitlines()) or 1}"
        message = re.sub(r"\s*\(at [^)]*\)$", "", str(error))
        raise UsageError(f"{where}: not valid TOML: {message[0].lower()}{message[1:]}") from error


def _text(path: Path) -> str:
    """A text file that only gives hints, "" when it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _pytest_ini(root: Path, document: Mapping[str, Any]) -> Mapping[str, str]:
    """Pytest's options from the file that pytest itself would take, by its order of precedence."""
    for name in ("pytest.toml", ".pytest.toml"):
        if (root / name).is_file():
            table = _read_toml(root / name, name)[0].get("pytest", {})
            return _flat(table)
    for name in ("pytest.ini", ".pytest.ini"):
        if (root / name).is_file():
            return _ini_section(root / name, "pytest") or {}
    pytest = document.get("tool", {}).get("pytest", {})
    if isinstance(pytest, dict) and pytest:
        return _flat(pytest.get("ini_options", pytest))
    return _ini_section(root / "tox.ini", "pytest") or _ini_section(root / "setup.cfg", "tool:pytest") or {}


def _flat(table: object) -> Mapping[str, str]:
    items = table.items() if isinstance(table, dict) else ()
    return {key: " ".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in items}


def _ini_section(path: Path, section: str) -> Mapping[str, str] | None:
    import configparser  # for the files of old only

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_text(path))
        return dict(parser[section]) if parser.has_section(section) else None
    except configparser.Error:
        return None


def _has_tests(root: Path, ini: Mapping[str, str]) -> bool:
    folders = [*ini.get("testpaths", "").split(), "tests", "test", "testing"]
    if any((root / folder).exists() for folder in folders) or "--doctest" in ini.get("addopts", ""):
        return True
    return any(_TEST_FILE.fullmatch(name) for name in _collectable(root))


def _collectable(root: Path) -> Iterator[str]:
    """Names of the files in which pytest would look for tests by itself."""
    for folder, inner, names in os.walk(root):
        yield from names
        inner[:] = [name for name in inner if not _PASSED_OVER.fullmatch(name)]
        if folder != str(root) and "pyvenv.cfg" in names:
            inner.clear()


def _governing_lock(root: Path) -> Path | None:
    """The package's own uv.lock, or that of the uv workspace that counts it as a member."""
    if (root / "uv.lock").is_file():
        return root / "uv.lock"
    for parent in root.parents:
        if (parent / "pyproject.toml").is_file() and (parent / "uv.lock").is_file():
            document, text = _read_toml(parent / "pyproject.toml", str(parent / "pyproject.toml"))
            _refuse_wrong_shapes(document, text, str(parent / "pyproject.toml"))
            workspace = document.get("tool", {}).get("uv", {}).get("workspace", {})
            excluded = any(root.match(str(parent / glob)) for glob in workspace.get("exclude", []))
            if not excluded and any(root.match(str(parent / glob)) for glob in workspace.get("members", [])):
                return parent / "uv.lock"
    return None
