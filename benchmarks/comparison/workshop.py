"""The work folder: lockgate from this checkout and the pinned peers, each installed as a user would have it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from comparison.packages import BENCHMARKS, CELLS, NEWEST, Package

TOX = ("tox==4.67.15", "tox-uv==1.37.1")
NOX = ("nox==2026.10.20",)
HATCH = ("hatch==1.18.2",)
PIP = ("pip==26.2",)
# What a developer's shell may hold and no contestant shall see.
_DROPPED = (
    "PYTEST_",
    "COVERAGE_",
    "PYTHON",
    "VIRTUAL_ENV",
    "UV_",
    "TOX_",
    "NOX",
    "HATCH_",
    "LOCKGATE",
    "RUFF_",
    "MYPY",
)
_DROPPED_NAMES = frozenset(
    {
        *("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "FORCE_COLOR", "UV_PROJECT_ENVIRONMENT", "UV_PROJECT"),
        *("UV_PYTHON", "UV_OFFLINE", "UV_FROZEN", "UV_LOCKED", "UV_NO_CACHE", "UV_COMPILE_BYTECODE", "UV_NO_SYNC"),
    }
)
_FIND = """
import json, sys
from pathlib import Path
from lockgate.ports.interpreters import Finder
finder = Finder(Path(sys.argv[1]))
found = {minor: finder.find(minor) for minor in sys.argv[2:]}
print(json.dumps({minor: one.path if one else None for minor, one in found.items()}))
"""


class Workshop:
    """Everything that is made once per benchmark, in `folder`; uv's cache is there, too, unless given."""

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        self._uv = _find_uv()
        self.cache = cache.resolve() if cache else folder / "uv-cache"
        pythons = folder / "pythons"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_DROPPED) and name not in _DROPPED_NAMES
        }
        path = os.pathsep.join((str(pythons), str(self._uv.parent), kept.get("PATH", os.defpath)))
        self._online = {
            **kept,
            "PATH": path,
            "NO_COLOR": "1",
            "UV_CACHE_DIR": str(self.cache),
            "UV_PYTHON_DOWNLOADS": "never",
            "HATCH_CACHE_DIR": str(folder / "hatch-cache"),
            "HATCH_ENV_TYPE_VIRTUAL_UV_PATH": str(self._uv),
        }

    @property
    def online(self) -> dict[str, str]:
        """The environment for preparing."""
        return dict(self._online)

    @property
    def offline(self) -> dict[str, str]:
        """The environment for measuring: the download cache is warm, and the network has no say in the times."""
        return {**self._online, "UV_OFFLINE": "1"}

    def tool(self, name: str, command: str | None = None) -> Path:
        """A command of the environment `name`."""
        return self.folder / "tools" / name / "bin" / (command or name)

    def set_up(self) -> None:
        """Make the environments, and one folder with the interpreters for everybody's PATH."""
        version = self._text("--version").split()[1]
        wheels = self.folder / "wheels"
        self._run("build", "--quiet", "--wheel", "--out-dir", wheels, BENCHMARKS.parent)
        wheel = str(next(wheels.glob("lockgate-*.whl")))
        own_uv = f"uv=={version}"  # the same uv for all
        for name, requirements in (
            ("lockgate", (wheel,)),
            ("lockgate-flagged", (wheel,)),
            ("tox", (*TOX, own_uv)),
            ("nox", (*NOX, own_uv)),
            ("hatch", HATCH),
            ("pip", PIP),
        ):
            environment = self.folder / "tools" / name
            self._run("venv", "--quiet", "--python", sys.executable, environment)
            self._run("pip", "install", "--quiet", "--python", environment, *requirements)
        self._link_pythons()

    def _link_pythons(self) -> None:
        found = subprocess.run(
            [str(self.tool("lockgate", "python")), "-c", _FIND, str(self.folder / "interpreters.json"), *CELLS],
            check=True,
            stdout=subprocess.PIPE,
            env=self.online,
        ).stdout
        (self.folder / "pythons").mkdir()
        for minor, path in json.loads(found).items():
            if path is None:
                raise SystemExit(f"compare: Python {minor} is missing: uv python install {minor}")
            (self.folder / "pythons" / f"python{minor}").symlink_to(path)

    def pins(self, package: Package, project: Path) -> Path:
        """One requirements file per cell for the floor: what the others resolve or take from the lock; downloaded."""
        folder = self.folder / package.name / "pins"
        folder.mkdir(parents=True, exist_ok=True)
        constraints = folder / "constraints.txt"
        constraints.touch()
        if (project / "uv.lock").exists():
            flags = ("--quiet", "--frozen", "--no-hashes", "--no-emit-project")
            self._run("export", *flags, "--output-file", constraints, cwd=project)
        for cell in CELLS:
            wanted = folder / f"{cell}.in"
            names = (*package.cell, *(package.tools if cell == NEWEST else ()))
            wanted.write_text("".join(f"{name}\n" for name in _absolute(names, project)), encoding="utf-8")
            given = ("--quiet", "--python", f"python{cell}", "--constraint", str(constraints))
            self._run("pip", "compile", *given, "--output-file", folder / f"{cell}.txt", wanted, cwd=project)
            downloads = folder / cell
            self._run("venv", "--quiet", "--python", f"python{cell}", downloads)
            self._run("pip", "install", "--quiet", "--no-deps", "--python", downloads, "-r", folder / f"{cell}.txt")
        self._run("build", "--quiet", "--wheel", "--out-dir", folder / "wheel", project)  # its build requirements
        return folder

    def versions(self) -> str:
        """What was compared, for the report."""
        return (
            ", ".join(one.replace("==", " ") for one in (*TOX, *NOX, *HATCH)) + f", {self._text('--version').strip()}"
        )

    def _run(self, *arguments: str | Path, cwd: Path | None = None) -> None:
        subprocess.run([str(self._uv), *map(str, arguments)], check=True, cwd=cwd, env=self.online)

    def _text(self, *arguments: str) -> str:
        done = subprocess.run([str(self._uv), *arguments], check=True, stdout=subprocess.PIPE, env=self.online)
        return done.stdout.decode()


def _absolute(names: Sequence[str], project: Path) -> list[str]:
    return [f"-r {project / name[3:]}" if name.startswith("-r ") else name for name in names]


def _find_uv() -> Path:
    found = shutil.which("uv") or os.environ.get("UV")
    if not found:
        raise SystemExit("compare: uv is not on PATH")
    return Path(found).resolve()
