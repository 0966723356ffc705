"""The package's own source: which files it is, and each of them parsed once."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from lockgate.scan.answer import BrokenError

# Folders and files of a project that are not what it ships.
_ASIDE = frozenset(
    """
    test tests testing_data doc docs example examples benchmark benchmarks bench script scripts tool tools build
    dist ci asv_bench perf performance misc extras contrib_docs fuzz fuzzing requirements sample samples demo demos
    """.split()
)
_ASIDE_FILES = re.compile(r"(setup|conftest|noxfile|fabfile|tasks|dodo|duties|toxfile)\.py|test_.*\.py|.*_test\.py")


class Module(msgspec.Struct, frozen=True):
    """A source file.

    Attributes:
        path: Relative to the project with `/`.
        imports: What names of the module stand for: `np` → `numpy`, `load` → `numpy.load`.
    """

    path: str
    tree: ast.Module
    lines: tuple[str, ...]
    imports: dict[str, str]

    def called(self, node: ast.expr) -> str:
        """The full dotted name of what an expression names: `np.load` → `numpy.load`; "" for anything else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join((self.imports.get(node.id, node.id), *reversed(parts)))

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with the full name of what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, self.called(node.func)

    def line(self, number: int) -> str:
        """The text of a line."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


def source_files(files: Sequence[str]) -> tuple[str, ...]:
    """Those of the project's files that are its source: below `src`, else its packages and modules."""
    python = [name for name in files if name.endswith((".py", ".pyw"))]
    inside = [name for name in python if name.startswith("src/")]
    chosen = inside or [name for name in python if not _is_aside(PurePosixPath(name))]
    return tuple(name for name in chosen if not {"tests", "test"} & set(PurePosixPath(name).parts[:-1]))


def _is_aside(path: PurePosixPath) -> bool:
    first = path.parts[0]
    if len(path.parts) == 1:
        return _ASIDE_FILES.fullmatch(first) is not None
    return first in _ASIDE or first.startswith((".", "_build"))


def parse(root: Path, name: str) -> Module:
    """A file as a tree.

    Raises:
        BrokenError: It cannot be read or parsed, so no scanner could judge it.
    """
    remedy = "mend the file: what cannot be parsed cannot be judged"
    try:
        content = (root / name).read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content, filename=name)
        lines = content.decode("utf-8-sig").splitlines()
    except SyntaxError as error:
        raise BrokenError(f"{name}:{error.lineno or 1}: cannot be parsed: {error.msg}", remedy) from error
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise BrokenError(f"{name}: cannot be read: {type(error).__name__}", remedy) from error
    return Module(path=name, tree=tree, lines=tuple(lines), imports=imports_of(tree))


def imports_of(tree: ast.Module) -> dict[str, str]:
    """What the names that a module imports stand for."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                found[alias.asname or alias.name] = f"{module}.{alias.name}".lstrip(".")
    return found
