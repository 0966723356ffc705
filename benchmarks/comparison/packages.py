"""The packages that are gated, and the faults that every contestant must refuse."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
CELLS = ("3.8", "3.9", "3.10", "3.11", "3.12")
NEWEST = CELLS[-1]


@dataclass(frozen=True)
class Package:
    """A package and what its gate is made of.

    Attributes:
        origin: A folder of this checkout, or a released sdist as a pinned requirement.
        source: The file that the edit scenario edits, and that gets most faults.
        cell: Requirements of a test cell, for the floor's pins.
        tools: Those of the newest cell besides.
        own_table: Its pyproject.toml has [tool.lockgate]; otherwise `lockgate.toml` beside the peers' files is used.
    """

    name: str
    title: str
    origin: str
    source: str
    cell: tuple[str, ...]
    tools: tuple[str, ...]
    own_table: bool
    tox_cold: tuple[str, ...] = field(default=())

    @property
    def peers(self) -> Path:
        """Where its configurations for the peers lie."""
        return BENCHMARKS / "peers" / self.name


PACKAGES = (
    Package(
        name="mypylogger",
        title="examples/mypylogger (uv.lock)",
        origin="examples/mypylogger",
        source="src/mypylogger/_formatter.py",
        cell=("pytest", "coverage[toml]"),
        tools=("mypy", "ruff"),
        own_table=True,
    ),
    Package(
        name="itsdangerous",
        title="itsdangerous 2.2.0 (released sdist, unmodified)",
        origin="itsdangerous==2.2.0",
        source="src/itsdangerous/signer.py",
        cell=("-r requirements/tests.txt", "coverage[toml]"),
        tools=("mypy==1.9.0", "ruff==0.15.8"),
        own_table=False,
        tox_cold=("-x", "testenv.package=wheel"),
    ),
)


@dataclass(frozen=True)
class Fault:
    """A mistake in the package that exactly one check must find.

    Attributes:
        path: The file; None for the package's source file, to whose end `text` is added.
    """

    check: str
    text: str
    path: str | None = None


FAULTS = (
    Fault("lint", "\n\nimport os\n"),
    Fault("format", "\n\nPLANTED  =  1\n"),
    Fault("types", '\n\nPLANTED: int = "one"\n'),
    Fault(
        "test-3.9",
        "import sys\n\n\ndef test_planted() -> None:\n    assert sys.version_info[:2] != (3, 9)\n",
        "tests/test_planted.py",
    ),
    Fault("coverage", '"""Never run."""\n\n' + "".join(f"NUMBER_{n} = {n}\n" for n in range(300)), "planted.py"),
)


def fetch(package: Package, folder: Path, pip: Path, environment: Mapping[str, str]) -> Path:
    """The package in `folder` as its maintainers have it: a git repository with everything committed."""
    pristine = folder / "pristine"
    if "==" in package.origin:
        name = package.origin.partition("==")[0]
        options = ("--no-deps", "--no-binary", name, "--quiet", "--disable-pip-version-check", "--dest", str(folder))
        subprocess.run([str(pip), "download", *options, package.origin], check=True, env=dict(environment))
        archive = next(folder.glob("*.tar.gz"))
        with tarfile.open(archive) as file:
            file.extractall(folder / "unpacked", filter="data")
        next((folder / "unpacked").iterdir()).rename(pristine)
    else:
        caches = ("__pycache__", ".*_cache", ".lockgate", ".venv", ".coverage*")
        shutil.copytree(BENCHMARKS.parent / package.origin, pristine, ignore=shutil.ignore_patterns(*caches))
    git = ["git", "-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*git, *command], cwd=pristine, check=True, env=dict(environment))
    return pristine


def check_out(pristine: Path, target: Path) -> None:
    """A fresh checkout: new times on every file, as git would leave them, so that no build is taken from a cache."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(pristine, target, symlinks=True, copy_function=shutil.copyfile)


def edit(package: Package, pristine: Path, project: Path, number: int) -> None:
    """Change one source file, differently for every number."""
    text = (pristine / package.source).read_text(encoding="utf-8")
    (project / package.source).write_text(f"# edit {number}\n{text}", encoding="utf-8")


def plant(fault: Fault, package: Package, project: Path) -> None:
    """Make the mistake."""
    if fault.path is None:
        with (project / package.source).open("a", encoding="utf-8") as file:
            file.write(fault.text)
    else:
        _place(fault, package, project).write_text(fault.text, encoding="utf-8")


def pull(fault: Fault, package: Package, pristine: Path, project: Path) -> None:
    """Undo it."""
    if fault.path is None:
        shutil.copyfile(pristine / package.source, project / package.source)
    else:
        _place(fault, package, project).unlink()


def _place(fault: Fault, package: Package, project: Path) -> Path:
    inside = project if "/" in str(fault.path) else (project / package.source).parent
    return inside / str(fault.path)
