"""Packages of several backends in a clone with a remote, and what the world outside says of them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lockgate.ports.service import Reply, Request, Service
from tests.support import Ran, commit, lockgate, write

GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
BACKENDS = {
    "uv_build": 'requires = ["uv_build>=0.13,<1"]\nbuild-backend = "uv_build"',
    "hatchling": 'requires = ["hatchling"]\nbuild-backend = "hatchling.build"',
    "setuptools": 'requires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"',
    "flit_core": 'requires = ["flit_core>=3.11,<4"]\nbuild-backend = "flit_core.buildapi"',
    "poetry-core": 'requires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"',
}
# A backend of the package's own around flit's; what it does to the built files stands in `spoil`.
WRAPPED = 'requires = ["flit_core>=3.11,<4"]\nbuild-backend = "wrapped"\nbackend-path = ["tools"]'
WRAPPER = """\
import os, time, zipfile
from pathlib import Path
from flit_core import buildapi
from flit_core.buildapi import *  # noqa: F403

def spoil(files):
    {spoil}

def build_wheel(folder, settings=None, metadata=None):
    name = buildapi.build_wheel(folder, settings, metadata)
    path = Path(folder, name)
    with zipfile.ZipFile(path) as archive:
        files = {{info: archive.read(info) for info in archive.infolist()}}
    files = spoil({{info.filename: (info, content) for info, content in files.items()}})
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in files.values():
            archive.writestr(info, content)
    return name
"""
PYPROJECT = """\
[project]
name = "sample"
version = "1.0"
description = "A sample"
readme = "README.md"
requires-python = ">=3.8"

[build-system]
{system}

[tool.lockgate]
python = ["3.12"]
{table}
"""
TESTS = """\
from sample.extra import double


def test_double() -> None:
    assert double(2) == 4
"""
CONTEXTS = ("test-matrix (3.12)", "quality-checks", "coverage-report", "security-scan")


class Outside(Service):
    """An index and GitHub's API, as far as a plan asks them.

    Attributes:
        listed: Files of the simple index; None for a project that is not there.
        ahead: What the JSON API says of 1.0; None for a release that is not there.
        runs: Check runs, as GitHub lists them.
        provenance: What every file's provenance is.
        status: What the index answers instead of 200.
    """

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[dict[str, Any]] | None = None
        self.ahead: Any = None
        self.runs: list[dict[str, Any]] = []
        self.provenance: Any = None
        self.status = 200

    def respond(self, request: Request) -> Reply:
        if request.path.endswith("/check-runs"):
            shown = [run for run in self.runs if request.path.split("/")[-2] == run.get("at", run["head_sha"])]
            return Reply(body=json.dumps({"total_count": len(shown), "check_runs": shown}).encode())
        if request.path.startswith("/integrity/"):
            return Reply(body=json.dumps(self.provenance).encode())
        if request.path == "/pypi/sample/1.0/json" and self.ahead is not None:
            return Reply(body=json.dumps(self.ahead).encode())
        if request.path == "/simple/sample/" and self.listed is not None:
            page = {"meta": {"api-version": "1.1"}, "files": self.listed}
            return Reply(self.status, body=json.dumps(page).encode())
        return Reply(404 if self.status == 200 else self.status)

    def passed(self, head: str, *names: str, **changes: Any) -> int:  # noqa: ANN401
        """Check runs that succeeded, or not quite; returns how many there are now."""
        for name in names or CONTEXTS:
            when = f"2026-01-01T00:00:{len(self.runs):02}Z"
            run = {"id": len(self.runs), "name": name, "head_sha": head, "status": "completed",
                   "conclusion": "success", "started_at": when, "app": {"slug": "github-actions"}}  # fmt: skip
            self.runs.append({**run, **changes})
        return len(self.runs)

    def lists(self, name: str, sha256: str = "ab" * 32) -> None:
        """A file on the index."""
        at = f"{self.url}/integrity/sample/0.9/{name}/provenance" if self.provenance is not None else None
        one = {"filename": name, "url": name, "hashes": {"sha256": sha256}, "provenance": at}
        self.listed = [*(self.listed or []), one]


@dataclass
class Clone:
    """A package in a clone, whose remote has its main."""

    root: Path
    outside: Outside
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    @property
    def folder(self) -> Path:
        return self.root / ".lockgate" / "release" / "1.0"

    @property
    def ledger(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "ledger.json").read_bytes())
        return found

    def git(self, *arguments: str) -> str:
        line = [*GIT, *arguments]
        return subprocess.run(line, cwd=self.root, check=True, capture_output=True, text=True).stdout

    def commit(self, **files: str) -> str:
        """Change files, and push; returns the commit."""
        write(self.root, files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Change", "--allow-empty")
        self.git("push", "-q", "origin", "HEAD:main")
        return self.head

    def publish(self, command: str, *arguments: str, version: str = "1.0", **more: str) -> Ran:
        """`lockgate publish COMMAND VERSION …`; GitHub and the index are outside."""
        at = () if command == "status" else ("--index", self.outside.url)
        known: dict[str, Any] = {
            "GITHUB_API_URL": self.outside.url,
            "GITHUB_REPOSITORY": "acme/sample",
            **self.environment,
            **more,
        }
        return lockgate(self.root, "publish", command, version, *at, *arguments, timeout=400, **known)

    def plan(self, *arguments: str, **more: str) -> Ran:
        """A plan that takes GitHub's word for gate and scan."""
        return self.publish("plan", "--no-run", "--confirm", "publisher", *arguments, **more)

    def proved(self) -> None:
        """A plan that passes."""
        self.outside.passed(self.head)
        planned = self.plan()
        assert planned.code == 0, planned.out + planned.err


def clone(
    folder: Path, outside: Outside, backend: str = "flit_core", *, spoil: str = "", table: str = "", **files: str
) -> Clone:
    """A package that can be released as it is; `files` by path replace or add."""
    system = f'{WRAPPED}\n\n[tool.flit.sdist]\ninclude = ["tools/"]' if spoil else BACKENDS[backend]
    content = {
        "pyproject.toml": PYPROJECT.format(system=system, table=table),
        "README.md": "# sample\n\nIt doubles.\n",
        "CHANGELOG.md": "# Changelog\n\n## [1.0] - 2026-01-01\n\n- Begun.\n",
        ".gitignore": "dist/\n__pycache__/\n.pytest_cache/\n.coverage\n",
        "src/sample/__init__.py": '"""A sample."""\n\nfrom sample.extra import double\n\n__all__ = ["double"]\n',
        "src/sample/extra.py": "def double(number: int) -> int:\n    return 2 * number\n",
        "tests/test_sample.py": TESTS,
        **({"tools/wrapped.py": WRAPPER.format(spoil=spoil)} if spoil else {}),
        **files,
    }
    root = commit(write(folder / "sample", content))
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder / "origin.git")], check=True)
    made = Clone(root, outside)
    made.git("remote", "add", "origin", str(folder / "origin.git"))
    made.git("push", "-q", "-u", "origin", "main")
    return made
