"""Packages of many shapes, and what lockgate renders for each."""
# ruff: noqa: E501  (a table: one row a line)

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lockgate.flows.render import Survey, survey, write
from lockgate.ports.pyproject import read_project
from tests import support

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
OTHER = f"example/action@{'b' * 40} # v1.2.3"
_DEFAULT = 'name = "sample"\nrequires-python = ">=3.8"'


@dataclass(frozen=True)
class Shape:
    """A package.

    Attributes:
        table: Text of `[tool.lockgate]` and of what follows it.
        project: Text of `[project]`.
        folder: The package's, below the repository.
        lock: Where its `uv.lock` lies, below the repository; "" when there is none.
        more: Further tables.
        files: Further files, below the repository.
    """

    name: str
    table: str = ""
    project: str = _DEFAULT
    folder: str = ""
    lock: str = "uv.lock"
    more: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def make(self, root: Path) -> Path:
        """Write the package into the repository `root`; returns the package's folder."""
        text = f"[project]\n{self.project}\n{self.more}\n[tool.lockgate]\n{self.table}\n"
        nested = ".github/lockgate/uv.lock"
        locks = {name: "version = 1\n" for name in (self.lock, nested) if name}
        place = root / self.folder
        support.write(root, {**locks, **self.files})
        support.write(place, {"pyproject.toml": text})
        if self.folder:
            subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        return place

    def render(self, root: Path) -> Survey:
        """Write the package, and what is rendered for it, into the repository `root`."""
        found = survey(read_project(self.make(root)))
        write(found, overwrite=False)
        return found


def _python(*versions: str) -> str:
    return f"python = {list(versions)}"


_JOBS = "[tool.lockgate.workflows.quality-gate.jobs.test-matrix]\n"
_EXTRA = "[tool.lockgate.workflows.quality-gate.extra-jobs.docs]\n"
_STEP = 'steps = [{ name = "Build", run = "make docs" }]\n'
_MATRIX = (
    'name = "docs ${{ matrix.kind }}"\nstrategy = { fail-fast = false, matrix = { kind = ["html", "pdf"] } }\n'
    'needs = "test-matrix"\n'
)
_HATCHES = """\
runner = "ubuntu-24.04"

[tool.lockgate.workflows.quality-gate]
env = { DATABASE = "postgres://localhost/test" }

[tool.lockgate.workflows.quality-gate.jobs.test-matrix]
runs-on = "ubuntu-22.04"
timeout-minutes = 90
permissions = { packages = "read" }
env = { TZ = "UTC" }

[[tool.lockgate.workflows.quality-gate.jobs.test-matrix.before.gate]]
name = "Start the database"
run = "docker compose up --detach --wait"

[[tool.lockgate.workflows.quality-gate.jobs.test-matrix.before.gate]]
id = "token"
name = "Sign in"
uses = "example/login@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa # v2.0.1"
with = { registry = "ghcr.io" }

[[tool.lockgate.workflows.quality-gate.jobs.test-matrix.after.gate]]
if = "${{ failure() }}"
run = "docker compose logs"

[[tool.lockgate.workflows.quality-gate.jobs.quality-checks.after.upload]]
uses = "docker://example/lint@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

[tool.lockgate.workflows.quality-gate.extra-jobs.docs]
needs = ["quality-checks"]
permissions = { contents = "read" }

[[tool.lockgate.workflows.quality-gate.extra-jobs.docs.steps]]
uses = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"

[[tool.lockgate.workflows.quality-gate.extra-jobs.docs.steps]]
name = "Build the documentation"
env = { BASE = "${{ github.base_ref }}" }
run = '''
make docs
echo "against $BASE: # done"
'''

[tool.lockgate.workflows.security-scan.extra-jobs.fuzz]
uses = "$/.github/workflows/fuzz.yml"
permissions = { contents = "read" }

[tool.lockgate.workflows.publish.jobs.verify]
timeout-minutes = 60

[tool.lockgate.workflows.publish.extra-jobs.announce]
needs = ["release"]

[[tool.lockgate.workflows.publish.extra-jobs.announce.steps]]
name = "Say so"
run = "echo released"
"""
_FUZZ = """\
name: fuzz
on:
  workflow_call:
permissions: {}
jobs:
  fuzz:
    name: fuzz
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - name: Fuzz
        run: echo fuzz
"""
_SIX = ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]
_SELF_HOSTED = {".github/actionlint.yaml": "self-hosted-runner:\n  labels: [gpu-large, big box]\n"}
_INDEX = '[[tool.uv.index]]\nname = "internal"\nurl = "https://pypi.example.org/simple"\nexplicit = true'
_SCM = '[build-system]\nrequires = ["setuptools>=70", "setuptools-scm>=8"]\nbuild-backend = "setuptools.build_meta"'
_PRIVATE = 'classifiers = ["Private :: Do Not Upload"]'
_WORKSPACE = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'
_CHECK = "[tool.lockgate.check.{}]\nrun = ['true']\ntimeout = '{}'\n"

# Two or three that people look at whole, see `golden/`.
GOLDEN = (
    Shape("plain", 'owners = ["@me"]'),
    Shape(
        "everything",
        f'owners = ["@ünder/wöhner", "ops@example.org"]\n{_python(*_SIX)}\n{_HATCHES}'
        '\n[tool.lockgate.test]\ncache = ["tests/data", "tests/big files"]\nreruns = 2\ntimeout = "30m"\n'
        f"\n{_CHECK.format('docs', '2h')}",
        files={".github/workflows/fuzz.yml": _FUZZ},
    ),
    Shape(
        "small-and-private",
        'checks = ["lint", "test"]\n[tool.lockgate.protection]\nbranch = "release/1.x+lts"\n'
        '[tool.lockgate.dependabot]\nschedule = "weekly"',
        project=f'name = "wee"\n{_PRIVATE}\ndynamic = ["version"]\nrequires-python = ">=3.12"',
        folder="päckages/my pkg",
        lock="",
        more=_SCM,
    ),
)
SHAPES = (
    *GOLDEN,
    # Pythons
    Shape("one-python", _python("3.12")),
    Shape("six-pythons", _python(*_SIX)),
    Shape("two-digits", _python("3.8", "3.10")),
    Shape("only-new", project='name = "new"\nrequires-python = ">=3.14"'),
    Shape("from-classifiers", project=f'{_DEFAULT}\nclassifiers = ["Programming Language :: Python :: 3.11"]'),
    # checks
    Shape("no-types", 'checks = ["lint", "format", "test", "coverage"]'),
    Shape("no-tests", 'checks = ["lint", "format", "types"]'),
    Shape("no-coverage", 'checks = ["lint", "test"]'),
    Shape("only-tests", 'checks = ["test", "coverage"]'),
    Shape("only-tests-without-coverage", 'checks = ["test"]'),
    Shape("only-a-custom-check", f'checks = ["docs"]\n{_CHECK.format("docs", "10m")}'),
    Shape("custom-checks", "".join(_CHECK.format(name, "90s") for name in ("docs", "api_diff", "x-1", "0"))),
    Shape("a-long-custom-check", _CHECK.format("fuzz", "5h")),
    Shape("threshold", "[tool.lockgate.coverage]\nthreshold = 99.5"),
    Shape("no-threshold", "[tool.lockgate.coverage]\nthreshold = 0"),
    Shape("long-timeout", '[tool.lockgate.test]\ntimeout = "5h"'),
    Shape("longest-timeout", '[tool.lockgate.test]\ntimeout = "9d"\nreruns = 10'),
    Shape("short-timeout", '[tool.lockgate.test]\ntimeout = "1.5s"'),
    Shape("reruns", "[tool.lockgate.test]\nreruns = 3"),
    Shape("fixtures", '[tool.lockgate.test]\ncache = ["tests/fixtures", ".cassettes", "täglich/a b", "it\'s"]'),
    # locks, indexes, builds
    Shape("no-lock", lock=""),
    Shape("private-index", more=_INDEX),
    Shape("private-index-without-lock", more=_INDEX, lock=""),
    Shape("indexes", '[tool.lockgate.scan]\nindexes = ["pypi", "internal"]'),
    Shape("version-from-git", project='name = "sample"\ndynamic = ["version"]', more=_SCM),
    Shape("setup-py", project='dynamic = ["version", "name"]', files={"setup.py": "import setuptools\n"}),
    # places
    Shape("monorepo", folder="packages/one", lock="packages/one/uv.lock"),
    Shape("monorepo-without-lock", folder="packages/one", lock=""),
    Shape("workspace-member", folder="packages/one", files={"pyproject.toml": _WORKSPACE}),
    Shape("spaces", folder="my packages/one two", lock="my packages/one two/uv.lock"),
    Shape("non-ascii-folder", folder="páčky/例", lock="páčky/例/uv.lock"),
    Shape("quote-in-folder", folder="it's/a, b (c)", lock="it's/a, b (c)/uv.lock"),
    Shape("dollar-in-folder", folder="$HOME & `x`; {a}", lock=""),
    Shape("folder-like-yaml", folder="yes/a: b - c", lock="yes/a: b - c/uv.lock"),
    Shape("dot-folder", folder=".hidden/-x", lock=".hidden/-x/uv.lock"),
    Shape("root-named", '[tool.lockgate.workflows]\nroot = ".."', folder="py"),
    # names
    Shape("long-name", project=f'name = "{"a-very-long-name" * 12}"'),
    Shape("dotted-name", project='name = "zope.Interface_x"'),
    Shape("name-like-a-number", project='name = "2to3"'),
    Shape("name-like-a-boolean", project='name = "on"'),
    # people and branches
    Shape("owners", 'owners = ["@me", "@org/team-a", "someone@example.org"]'),
    Shape("non-ascii-owners", 'owners = ["@jürgen", "@組織/チーム"]'),
    Shape("owners-in-monorepo", 'owners = ["@me"]', folder="a b/c", lock="a b/c/uv.lock"),
    Shape("slashed-branch", '[tool.lockgate.protection]\nbranch = "release/2026/main"'),
    Shape("glob-branch", '[tool.lockgate.protection]\nbranch = "!c++-fixes]x{y}!"'),
    Shape("branch-like-yaml", '[tool.lockgate.protection]\nbranch = "no"\n[tool.lockgate.reports]\nbranch = "1.0"'),
    Shape("non-ascii-branch", '[tool.lockgate.protection]\nbranch = "grün"\n[tool.lockgate.reports]\nbranch = "bots/é"'),
    Shape("odd-reports-branch", "[tool.lockgate.reports]\nbranch = \"#it's-$(id)\""),
    Shape("environment", '[tool.lockgate.publish]\nenvironment = "Py PI: ünsere"'),
    # runners
    Shape("macos", 'runner = "macos-15"'),
    Shape("arm", 'runner = "ubuntu-24.04-arm"'),
    Shape("self-hosted", 'runner = "self-hosted"'),
    Shape("custom-runner", 'runner = "gpu-large"\nuv-cache-dir = "/mnt/fast disk/uv"', files=_SELF_HOSTED),
    Shape("labels", f'{_JOBS}runs-on = ["self-hosted", "linux", "big box"]', files=_SELF_HOSTED),
    Shape("uv-cache-dir", 'uv-cache-dir = "/mnt/üv"'),
    # scan and updates
    Shape("codeql-off", '[tool.lockgate.scan]\ncodeql = "off"'),
    Shape("codeql-required", '[tool.lockgate.scan]\ncodeql = "required"', project=GOLDEN[2].project),
    Shape("private", project=f"{_DEFAULT}\n{_PRIVATE}"),
    Shape("long-cool-down", '[tool.lockgate.scan]\ncool-down = "400d"'),
    Shape("short-cool-down", '[tool.lockgate.scan]\ncool-down = "12h"'),
    Shape("monthly", '[tool.lockgate.dependabot]\nschedule = "monthly"'),
    # additions
    Shape("extra-job", f"{_EXTRA}{_STEP}"),
    Shape("extra-matrix-job", f"{_EXTRA}{_MATRIX}{_STEP}"),
    Shape("workflow-env", '[tool.lockgate.workflows.security-scan]\nenv = { MODE = "yes", NONE = "", TEXT = "a: b # c" }'),
    Shape("job-env", f'{_JOBS}env = {{ LEVEL = "3.10", TEXT = "one\\ntwo" }}'),
    Shape(
        "many-steps",
        f"{_JOBS}before.checkout = [{{ run = 'true' }}, {{ run = 'false || true' }}]\n"
        f"before.gate = [{{ run = 'one' }}]\nafter.gate = [{{ run = 'two' }}, {{ uses = '{OTHER}' }}]\n"
        "after.upload = [{ run = '''\nthree\nfour''' , if = '${{ always() }}' }]",
    ),
    Shape("publish-elsewhere", '[tool.lockgate.workflows.publish.jobs.publish]\nruns-on = "ubuntu-22.04"'),
    Shape("protection-app", '[tool.lockgate.protection]\napp = "RULES_APP"'),
    Shape("protection-token", '[tool.lockgate.protection]\ntoken = "SETTINGS_2"\nbranch = "dev"'),
    Shape("no-protection-token", '[tool.lockgate.protection]\ntoken = ""'),
    Shape("protection-off", '[tool.lockgate.phase]\nprotection = "off"'),
    Shape("all-phases-off", '[tool.lockgate.phase]\nquality = "observe"\nsecurity = "off"'),
)  # fmt: skip
