"""Cells that other machines ran: their reports and coverage data become one verdict here, or none."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import PYPROJECT, Ran, commit, gate, lockgate, write

TABLE = """
[tool.lockgate]
python = ["3.8", "3.12"]
checks = ["test", "coverage"]
coverage.threshold = 100

[tool.coverage.run]
branch = true
source = ["src"]
"""
# Only both cells together reach all of it.
SOURCE = """\
import sys


def age() -> str:
    if sys.version_info < (3, 9):
        return "old"
    return "new"
"""
TESTS = """\
from sample import age


def test_age() -> None:
    assert age() in {"old", "new"}
"""
FILES = {"pyproject.toml": PYPROJECT + TABLE, "src/sample/__init__.py": SOURCE, "tests/test_sample.py": TESTS}
CELLS = ("test-3.8", "test-3.12")
TAKEN = ("--fresh", "coverage", "--cells", "lockgate-cells")


def cell(machine: Path, name: str, *arguments: str, code: int = 0) -> Path:
    """One machine runs one cell, which ends so; returns what it uploads."""
    caches = json.dumps({"uv": {"key": "k", "hit": "true"}})
    ran = gate(machine, "--fresh", name, "--report", "lockgate-report", *arguments, LOCKGATE_CACHES=caches)
    assert ran.code == code, ran.out
    return machine / "lockgate-report"


def cloned(origin: Path, to: Path) -> Path:
    subprocess.run(["git", "clone", "-q", str(origin), str(to)], check=True, capture_output=True)
    return to


class Here:
    """The machine that combines."""

    def __init__(self, origin: Path, root: Path, uploads: dict[str, Path]) -> None:
        self.origin = origin
        self.root = root
        self.uploads = uploads

    def fetch(self, *names: str) -> Path:
        """Fetch these uploads as GitHub's action would; what was fetched before is gone."""
        folder = self.root / "lockgate-cells"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in names or CELLS:
            shutil.copytree(self.uploads[name], folder / f"lockgate-{name}")
        return folder

    def gate(self, *more: str, **changes: Any) -> Ran:  # noqa: ANN401
        return gate(self.root, *TAKEN, *more, **changes)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Here:
    """Three checkouts of one commit under three paths; two of them have run their cell."""
    top = tmp_path_factory.mktemp("machines")
    origin = commit(write(top / "origin", FILES))
    uploads = {name: cell(cloned(origin, top / f"the runner of {name}/work"), name) for name in CELLS}
    return Here(origin, cloned(origin, top / "here"), uploads)


def statuses(ran: Ran) -> dict[str, str]:
    return {check["name"]: check["status"] for check in ran.document["checks"]}


def test_coverage_is_that_of_all_cells_though_each_ran_elsewhere(here: Here) -> None:
    here.fetch()
    ran = here.gate()
    assert (ran.code, ran.document["coverage"]["percent"], ran.document["coverage"]["missing"]) == (0, 100.0, [])
    assert statuses(ran) == {"test-3.8": "pass", "test-3.12": "pass", "coverage": "pass"}
    for name in CELLS:
        assert ran.check(name)["taken_from"] == f"lockgate-cells/lockgate-{name}/gate.json"
        assert ran.check(name)["tests"]["collected"] == 1
    assert ran.check("coverage")["taken_from"] is None
    assert not (here.root / ".lockgate/envs/3.8").exists()


def test_every_format_says_where_a_cell_was_taken_from(here: Here, tmp_path: Path) -> None:
    here.fetch()
    ran = lockgate(here.root, "gate", *TAKEN, "--report", str(tmp_path))
    assert ran.code == 0
    assert "taken from lockgate-cells/lockgate-test-3.8/gate.json" in ran.out
    for name in ("gate.txt", "gate.json", "gate.md", "gate.junit.xml"):
        assert "lockgate-test-3.8/gate.json" in (tmp_path / name).read_text().replace("\\", ""), name
    assert "::warning" not in (tmp_path / "gate.github.txt").read_text()


def test_one_cell_alone_does_not_cover_it(here: Here) -> None:
    """Else the test above would prove nothing."""
    here.fetch()
    ran = here.gate("--python", "3.12")
    assert (ran.code, statuses(ran)["test-3.8"], statuses(ran)["coverage"]) == (1, "not-run", "fail")
    (missing,) = ran.document["coverage"]["missing"]
    assert (missing["path"], missing["lines"]) == ("src/sample/__init__.py", [[6, 6]])


@pytest.mark.parametrize("absent", CELLS)
def test_a_cell_that_is_missing_leaves_all_open(here: Here, absent: str) -> None:
    here.fetch(*(name for name in CELLS if name != absent))
    ran = here.gate()
    assert (ran.code, ran.document["verdict"], statuses(ran)[absent]) == (3, "unknown", "unknown")
    assert f"lockgate gate --fresh {absent} --report DIR" in ran.check(absent)["reason"]
    assert (statuses(ran)["coverage"], ran.document["coverage"]) == ("skipped", None)


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


DAMAGED: dict[str, Callable[[Path], object]] = {
    "nothing was fetched": shutil.rmtree,
    "empty": lambda folder: list(map(shutil.rmtree, folder.iterdir())),
    "half a report": lambda folder: damage(folder / "lockgate-test-3.8/gate.json"),
    "half the data": lambda folder: damage(next((folder / "lockgate-test-3.8/coverage").glob("test-*"))),
    "no data": lambda folder: shutil.rmtree(folder / "lockgate-test-3.8/coverage"),
    "twice": lambda folder: shutil.copytree(folder / "lockgate-test-3.8", folder / "again"),
    "the other's": lambda folder: shutil.copy(
        folder / "lockgate-test-3.12/gate.json", folder / "lockgate-test-3.8/gate.json"
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_never_a_pass(here: Here, name: str) -> None:
    DAMAGED[name](here.fetch())
    ran = here.gate()
    assert (ran.code, ran.document["verdict"]) == (3, "unknown")
    assert "unknown" in {status for cell, status in statuses(ran).items() if cell in CELLS}
    assert statuses(ran)["coverage"] == "skipped"


def test_cells_of_another_commit_are_not_of_this(here: Here, tmp_path: Path) -> None:
    later = cloned(here.origin, tmp_path / "later")
    write(later, {"README": "new"})
    git = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "add", "README"], cwd=later, check=True)
    subprocess.run([*git, "commit", "-qm", "More"], cwd=later, check=True)
    ran = gate(later, "--fresh", "coverage", "--cells", str(here.fetch()))
    assert ran.code == 3
    assert "is checked out here" in ran.check("test-3.8")["reason"]


def test_cells_of_another_project_are_not_of_this(here: Here, tmp_path: Path) -> None:
    pyproject = FILES["pyproject.toml"].replace('name = "sample"', 'name = "example"')
    files = {"pyproject.toml": pyproject, "src/example/__init__.py": SOURCE, "tests/test_sample.py": TESTS}
    ran = gate(write(tmp_path, files), "--fresh", "coverage", "--cells", str(here.fetch()))
    assert (ran.code, ran.check("test-3.8")["reason"]) == (3, "the report is of 'sample', not of 'example'")


@pytest.fixture(scope="module")
def machine(here: Here, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A third machine, for cells that go wrong; its tests may be replaced."""
    return cloned(here.origin, tmp_path_factory.mktemp("third") / "work")


def bring(here: Here, upload: Path) -> None:
    folder = here.fetch("test-3.8")
    shutil.copytree(upload, folder / "lockgate-test-3.12")


def test_a_failed_cell_fails_the_gate_with_its_own_problem(here: Here, machine: Path) -> None:
    (machine / "tests/test_sample.py").write_text(TESTS + "    assert False, 'elsewhere'\n")
    bring(here, cell(machine, "test-3.12", code=1))
    ran = here.gate()
    assert (ran.code, statuses(ran)) == (1, {"test-3.8": "pass", "test-3.12": "fail", "coverage": "pass"})
    (problem,) = ran.check("test-3.12")["problems"]
    assert (problem["path"], "elsewhere" in problem["message"]) == ("tests/test_sample.py", True)


def test_a_failed_cell_without_data_fails_the_gate(here: Here, machine: Path) -> None:
    (machine / "tests/test_sample.py").write_text("import os\nos._exit(1)\n")
    bring(here, cell(machine, "test-3.12", code=1))
    ran = here.gate()
    assert (ran.code, statuses(ran)) == (1, {"test-3.8": "pass", "test-3.12": "fail", "coverage": "skipped"})


def test_a_part_of_the_tests_is_no_cell(here: Here, machine: Path) -> None:
    (machine / "tests/test_sample.py").write_text(TESTS)
    bring(here, cell(machine, "test-3.12", "--", "-k", "age"))
    ran = here.gate()
    assert (ran.code, statuses(ran)["test-3.12"]) == (3, "unknown")
    assert "pytest arguments" in ran.check("test-3.12")["reason"]


def test_a_cached_cell_is_no_cell(here: Here, machine: Path) -> None:
    (machine / "tests/test_sample.py").write_text(TESTS)
    gate(machine, "test-3.12")
    gate(machine, "test-3.12", "--report", "lockgate-report")
    bring(here, machine / "lockgate-report")
    ran = here.gate()
    assert (ran.code, "--fresh" in ran.check("test-3.12")["reason"]) == (3, True)


def combined(top: Path, files: dict[str, str]) -> Ran:
    """The coverage of one cell that ran in another checkout."""
    origin = commit(write(top / "origin", {**FILES, **files}))
    upload = cell(cloned(origin, top / "one"), "test-3.12")
    return gate(cloned(origin, top / "two"), *TAKEN[:2], "--python", "3.12", "--cells", str(upload))


def test_a_file_that_no_cell_imported_counts_as_uncovered(tmp_path: Path) -> None:
    """Also in data that is moved: it would be lost with the lines that it does not have."""
    ran = combined(tmp_path, {"src/sample/never.py": "print('here')\n"})
    missing = {one["path"]: one["lines"] for one in ran.document["coverage"]["missing"]}
    assert (ran.code, missing["src/sample/never.py"]) == (1, [[1, 1]])


@pytest.mark.parametrize(
    ("measure", "branches"), [("branch = false", []), ("branch = true\nrelative_files = true", [[5, 6]])]
)
def test_lines_and_relative_data_combine_too(tmp_path: Path, measure: str, branches: list[list[int]]) -> None:
    ran = combined(tmp_path, {"pyproject.toml": FILES["pyproject.toml"].replace("branch = true", measure)})
    (missing,) = ran.document["coverage"]["missing"]
    assert (missing["path"], missing["lines"]) == ("src/sample/__init__.py", [[6, 6]])
    assert missing["branches"] == branches


def test_a_combined_report_is_not_taken_for_the_cells_report(here: Here) -> None:
    folder = here.fetch()
    assert here.gate("--report", str(folder / "combined")).code == 0
    ran = here.gate()
    assert ran.code == 3
    assert "more than one report speaks of test-3.8" in ran.check("test-3.8")["reason"]


def test_what_is_exported_is_not_hidden(here: Here) -> None:
    """GitHub's upload leaves hidden files out."""
    for upload in here.uploads.values():
        names = [path.name for path in upload.rglob("*")]
        assert "manifest.json" in names
        assert [name for name in names if name.startswith(".")] == []


def test_the_caches_of_a_cell_are_those_of_its_python(here: Here) -> None:
    for name, upload in here.uploads.items():
        (line,) = (upload / "caches.ndjson").read_text().splitlines()
        assert json.loads(line)["python"] == name.removeprefix("test-")


@pytest.mark.parametrize("arguments", [("test-3.12",), ("--python", "3.12"), ("coverage", "--", "-k", "x")])
def test_cells_without_coverage_are_a_usage_error(here: Here, arguments: tuple[str, ...]) -> None:
    ran = lockgate(here.root, "gate", "--cells", "lockgate-cells", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "--cells" in ran.err


def test_nothing_of_other_machines_is_remembered(here: Here) -> None:
    here.fetch()
    assert here.gate().code == 0
    state = here.root / ".lockgate/cache"
    assert not (state / "results/coverage").exists()
    assert set(json.loads((state / "durations.json").read_bytes())) == {"coverage"}


NEEDS = {"test-matrix": {"result": "success", "outputs": {}}, "quality-checks": {"result": "success", "outputs": {}}}


def test_needed_jobs_have_a_say(here: Here, tmp_path: Path) -> None:
    here.fetch()
    assert here.gate(LOCKGATE_NEEDS=json.dumps(NEEDS)).check("needs")["status"] == "pass"
    for result, code, status in (("failure", 1, "fail"), ("cancelled", 3, "unknown"), ("skipped", 3, "unknown")):
        needs = json.dumps({**NEEDS, "quality-checks": {"result": result, "outputs": {}}})
        ran = here.gate("--report", str(tmp_path), LOCKGATE_NEEDS=needs)
        assert (ran.code, ran.document["verdict"], ran.check("needs")["status"]) == (code, status, status)
        for path in tmp_path.glob("gate.*"):
            assert f"quality-checks ({result})" in path.read_text().replace("\\", ""), path


@pytest.mark.parametrize("needs", ["", "{}", "null", "{not json", '{"a": "success"}'])
def test_needs_that_say_nothing_leave_it_open(here: Here, needs: str) -> None:
    here.fetch()
    assert here.gate(LOCKGATE_NEEDS=needs).code == 3
