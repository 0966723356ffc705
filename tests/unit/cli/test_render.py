# ruff: noqa: E501  (messages as they are shown)
from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest

from lockgate.workflows.files import PATHS
from tests.support import write
from tests.unit.cli.conftest import Cli
from tests.unit.workflows.shapes import CHECKOUT, OTHER, Shape

PLAIN = Shape("plain")
GATE = ".github/workflows/quality-gate.yml"
EVERYTHING = list(PATHS.values())
TABLE = "[project]\nname = 'sample'\n[tool.lockgate]\n"


def package(root: Path, table: str) -> Path:
    return write(root, {"pyproject.toml": TABLE + table})


# --- writing, comparing


def test_what_has_changed_is_written_and_then_nothing(cli: Cli, tmp_path: Path) -> None:
    place = PLAIN.make(tmp_path)
    shown = cli("render", "-C", place)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines() == [f"written   {path}" for path in EVERYTHING]
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in EVERYTHING}
    assert cli("render", "-C", place).out.splitlines() == [f"unchanged {path}" for path in EVERYTHING]
    assert {path: (tmp_path / path).stat().st_mtime_ns for path in EVERYTHING} == before


def test_a_check_is_silent_on_standard_output_when_all_is_well(cli: Cli, tmp_path: Path) -> None:
    PLAIN.render(tmp_path)
    shown = cli("render", "--check", "-C", tmp_path)
    assert (shown.code, shown.out) == (0, "")
    assert shown.err == "lockgate: pass: 5 of 5 files are as they should be\n"


def test_a_difference_is_shown_and_judged_only_when_asked(cli: Cli, tmp_path: Path) -> None:
    PLAIN.render(tmp_path)
    text = (tmp_path / GATE).read_text()
    (tmp_path / GATE).write_text(text.replace("timeout-minutes: 45", "timeout-minutes: 46"))
    shown = cli("render", "--diff", "-C", tmp_path)
    assert shown.code == 0
    assert shown.out.startswith(f"--- a/{GATE}\n+++ b/{GATE}\n@@ ")
    assert "\n-    timeout-minutes: 46\n+    timeout-minutes: 45\n" in shown.out
    checked = cli("render", "--check", "-C", tmp_path)
    assert (checked.code, checked.out) == (1, shown.out)
    assert f"lockgate: {GATE}: differs from what the table renders  → lockgate render\n" in checked.err
    assert checked.err.endswith("lockgate: fail: 4 of 5 files are as they should be\n")
    # Only showing it changed nothing.
    assert "timeout-minutes: 46" in (tmp_path / GATE).read_text()


def test_the_document_keeps_to_its_schema(cli: Cli, tmp_path: Path) -> None:
    PLAIN.render(tmp_path)
    (tmp_path / GATE).write_bytes(b"\xff\xfe not text\n")
    shown = cli("render", "--check", "--format", "json", "-C", tmp_path)
    assert shown.code == 1
    jsonschema.Draft202012Validator(cli("schema", "render").document).validate(shown.document)
    states = {file["path"]: file["state"] for file in shown.document["files"]}
    assert states == {**dict.fromkeys(EVERYTHING, "same"), GATE: "foreign"}
    assert shown.document["verdict"] == "fail"


def test_a_phase_that_observes_tells_the_truth_and_passes(cli: Cli, tmp_path: Path) -> None:
    package(tmp_path, "[tool.lockgate.phase]\nquality = 'observe'\n")
    shown = cli("render", "--check", "--format", "json", "-C", tmp_path)
    assert (shown.code, shown.document["verdict"], shown.document["enforced"]) == (0, "fail", False)


def test_problems_become_annotations_in_actions(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PLAIN.render(tmp_path)
    text = (tmp_path / GATE).read_text()
    (tmp_path / GATE).write_text(re.sub(r"checkout@\w+", "checkout@v7", text))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    shown = cli("render", "--check", "-C", tmp_path)
    assert shown.code == 1
    number = next(number for number, line in enumerate((tmp_path / GATE).read_text().splitlines(), 1) if "@v7" in line)
    assert re.search(
        rf"^::error [^\n]*file={re.escape(GATE)},line={number}::actions/checkout is pinned to", shown.out, re.MULTILINE
    )


def test_files_of_others_are_not_overwritten_silently(cli: Cli, tmp_path: Path) -> None:
    place = write(PLAIN.make(tmp_path), {GATE: "name: mine\n", ".github/CODEOWNERS": "* @me\n"})
    shown = cli("render", "-C", place)
    assert shown.code == 2
    assert shown.err.startswith(f"lockgate: {GATE}, .github/CODEOWNERS: not written by lockgate, and not overwritten\n")
    assert (tmp_path / GATE).read_text() == "name: mine\n"
    assert not (tmp_path / ".github/dependabot.yml").exists()
    assert cli("render", "--overwrite", "-C", place).code == 0
    assert cli("render", "--check", "-C", place).code == 0


def test_a_full_disk_leaves_the_old_file(cli: Cli, tmp_path: Path, full_disk: None) -> None:
    del full_disk
    place = write(tmp_path, {"pyproject.toml": TABLE, ".github/CODEOWNERS": "# lockgate: format 1, table " + "0" * 12})
    shown = cli("render", "--overwrite", "-C", place)
    assert shown.code == 2
    assert shown.err == f"lockgate: {GATE}: File too large\n"
    assert [path.name for path in (tmp_path / ".github").rglob("*")] == ["CODEOWNERS", "workflows"]


def test_without_a_table_there_is_nothing_to_render(cli: Cli, tmp_path: Path) -> None:
    shown = cli("render", "-C", write(tmp_path, {"pyproject.toml": "[project]\nname = 'x'\n"}))
    assert shown.code == 2
    assert "there is no [tool.lockgate] table" in shown.err
    assert "lockgate init" in shown.err


@pytest.mark.parametrize("folder", ["a*", "a[1]", 'say "x"', "#1", "a!", "${{ x }}", "line\nbreak"])
def test_a_folder_that_the_workflows_cannot_name_is_an_error(cli: Cli, tmp_path: Path, folder: str) -> None:
    place = package(tmp_path / folder, "[tool.lockgate.workflows]\nroot = '..'\n")
    shown = cli("render", "-C", place)
    assert shown.code == 2
    assert "the workflows cannot name the package's folder" in shown.err


def test_a_root_that_does_not_hold_the_package_is_an_error(cli: Cli, tmp_path: Path) -> None:
    shown = cli("render", "-C", package(tmp_path, "[tool.lockgate.workflows]\nroot = 'sub'\n"))
    assert shown.code == 2
    assert "does not hold this package" in shown.err


def test_a_lock_that_git_ignores_is_none(cli: Cli, tmp_path: Path) -> None:
    """It would not be there in CI, and what is rendered there would differ."""
    place = Shape("ignored", folder="sub", lock="sub/uv.lock").make(tmp_path)
    write(tmp_path, {".gitignore": "uv.lock\n"})
    assert cli("render", "-C", place).code == 0
    assert "package-ecosystem: pip\n" in (tmp_path / ".github/dependabot.yml").read_text()
    (tmp_path / "sub/uv.lock").unlink()
    write(tmp_path, {".gitignore": ""})
    assert cli("render", "--check", "-C", place).code == 0


# --- what the table adds

QUALITY = "[tool.lockgate.workflows.quality-gate]\n"
MATRIX = "[tool.lockgate.workflows.quality-gate.jobs.test-matrix]\n"
EXTRA = "[tool.lockgate.workflows.quality-gate.extra-jobs.docs]\n"
RELEASE = "[tool.lockgate.workflows.publish.jobs.{}]\n"
STEPS = "steps = [{ run = 'make docs' }]\n"


@pytest.mark.parametrize(
    ("table", "line", "message", "hint"),
    [
        # what is not there, with the nearest that is
        (f"{QUALITY}jobs.test-matrx = {{}}", 5, "quality-gate.yml has no job 'test-matrx'", "did you mean 'test-matrix'?"),
        (f"{MATRIX}before.gat = [{{ run = 'x' }}]", 5, "the job has no step 'gat'", "did you mean 'gate'?"),
        (f"{MATRIX}[tool.lockgate.workflows.quality-gate.jobs.test-matrix.after]\n\nchekout = []", 7, "the job has no step 'chekout'", "did you mean 'checkout'?"),
        (f"{EXTRA}{STEPS}needs = ['quality-check']", 6, "there is no job 'quality-check' to need", "did you mean 'quality-checks'?"),
        (f"{EXTRA}{STEPS}needs = 'docs'", 6, "there is no job 'docs' to need", ""),
        (f"checks = ['lint']\n{MATRIX}timeout-minutes = 5", 5, "quality-gate.yml has no job 'test-matrix'", "valid names are"),
        # what would run anything, or cannot be trusted
        (f"{MATRIX}before.gate = [\n  {{ run = 'true' }},\n  {{ run = 'echo ${{{{ github.head_ref }}}}' }},\n]", 7, "an expression inside run can be made to run anything", "pass it through env"),
        (f"{EXTRA}steps = [{{ run = '${{{{ 1 }}}}' }}]", 5, "an expression inside run", ""),
        (f"{MATRIX}before.gate = [{{ uses = 'a/b@v1' }}]", 5, "a/b is pinned to 'v1', which can be moved: pin a full commit SHA", ""),
        (f"{MATRIX}before.gate = [{{ uses = 'a/b' }}]", 5, "'a/b' names no commit", "owner/name@<full commit SHA>"),
        (f"{MATRIX}before.gate = [{{ uses = 'docker://a:latest' }}]", 5, "'docker://a:latest' names no commit", "docker://image@sha256:"),
        (f"{MATRIX}before.gate = [{{ uses = 'tj-actions/changed-files@0e58ed8671d6b60d0890c21b07f8835ace038e67' }}]", 5, "is a compromised commit: tj-actions", ""),
        (f"{EXTRA}uses = 'a/b/.github/workflows/x.yml@main'", 5, "is pinned to 'main'", ""),
        # what is said by lockgate
        (f"{QUALITY}env = {{ COVERAGE_THRESHOLD = '1' }}", 5, "COVERAGE_THRESHOLD is stated by lockgate", "change the setting"),
        (f"{MATRIX}env = {{ PYTHON_VERSION_MATRIX = '[]' }}", 5, "PYTHON_VERSION_MATRIX is stated by lockgate", ""),
        (f"{EXTRA}name = 'quality-checks'\n{STEPS}", 5, "the job may report as 'quality-checks', which branch protection waits for", "use another name"),
        (f"{EXTRA}name = 'test-matrix'\n{STEPS}strategy.matrix.x = ['3.8']", 5, "the job may report as 'test-matrix (3.8)'", ""),
        (f"{EXTRA}name = '${{{{ matrix.x }}}}'\n{STEPS}", 5, "the job may report as 'test-matrix (3.8)'", ""),
        ("[tool.lockgate.workflows.publish.extra-jobs.x]\nname = 'security-scan'\n" + STEPS, 5, "the job may report as 'security-scan'", ""),
        (f"{QUALITY}extra-jobs.test-matrix = {{}}", 5, "'test-matrix' cannot be added: there is a job of this name", "use another name"),
        (f"{QUALITY}extra-jobs.Test-Matrix = {{}}", 5, "'Test-Matrix' cannot be added: there is a job of this name", ""),
        (f"{EXTRA}name = 'Quality-Checks '\n{STEPS}", 5, "the job may report as 'quality-checks'", ""),
        (f"{QUALITY}extra-jobs.'a b' = {{}}", 5, "'a b' cannot be added: that is no job id", ""),
        # the right to publish
        (f"{RELEASE.format('publish')}before.publish = [{{ run = 'x' }}]", 4, "the job 'publish' holds the right to publish: nothing is added to it", "add a job before it"),
        (f"{RELEASE.format('publish')}env = {{ A = 'b' }}", 4, "the job 'publish' holds the right to publish", ""),
        (f"{RELEASE.format('publish')}permissions = {{ contents = 'read' }}", 4, "the job 'publish' holds the right to publish", ""),
        (f"{RELEASE.format('build')}permissions = {{ id-token = 'write' }}", 5, "the job 'publish' alone may speak for the publisher", ""),
        (f"[tool.lockgate.workflows.publish.extra-jobs.x]\n{STEPS}permissions.id-token = 'write'", 6, "the job 'publish' alone may speak for the publisher", ""),
        # what GitHub would refuse
        (f"{MATRIX}permissions = {{ content = 'read' }}", 5, "a token has no permission 'content'", "did you mean 'contents'?"),
        (f"{EXTRA}{STEPS}permissions = 'write-all'", 6, "permissions is a table of scopes", ""),
        (f"{EXTRA}{STEPS}permissions = {{ contents = 'all' }}", 6, "contents: 'all' is not read, write or none", ""),
        (f"{EXTRA}name = 'x'", 4, "the job 'docs' has no steps", "steps is an array of tables"),
        (f"{EXTRA}steps = ['make']", 5, "the job 'docs' has no steps", ""),
        (f"{MATRIX}after.gate = [{{ name = 'x' }}]", 5, "a step has either run or uses", ""),
        (f"{MATRIX}after.gate = [{{ run = 'x', uses = '{OTHER}' }}]", 5, "a step has either run or uses", ""),
        (f"{MATRIX}after.gate = [{{ run = ' ' }}]", 5, "run is a text that says something", ""),
        (f"{MATRIX}after.gate = [{{ uses = 1 }}]", 5, "uses is a text that says something", ""),
        (f"{MATRIX}after.gate = [{{ uses = '{CHECKOUT}', with = 'x' }}]", 5, "with is a table", ""),
        (f"{MATRIX}after.gate = [{{ run = 'x', env = ['x'] }}]", 5, "env is a table", ""),
        (f"{MATRIX}after.gate = [{{ id = 'uv', run = 'x' }}]", 5, "'uv' is taken, or no step id", "use another id"),
        (f"{MATRIX}after.gate = [{{ id = 'a', run = 'x' }}, {{ id = 'a', run = 'y' }}]", 5, "'a' is taken", ""),
        (f"{MATRIX}after.gate = [{{ id = 'Gate', run = 'x' }}]", 5, "'Gate' is taken, or no step id", ""),
        (f"{MATRIX}after.gate = [{{ id = 'a b', run = 'x' }}]", 5, "'a b' is taken, or no step id", ""),
        # names that would break out, or that GitHub would pass over
        ("owners = ['me']", 4, "tool.lockgate.owners: expected @user, @organization/team or a mail address", ""),
        ("runner = '${{ github.event.pull_request.title }}'", 4, "tool.lockgate.runner: expected a name without ${{", ""),
        ("[tool.lockgate.protection]\nbranch = 'a b'", 5, "tool.lockgate.protection.branch: expected a branch's name", ""),
        ("[tool.lockgate.reports]\nbranch = '${{x}}'", 5, "tool.lockgate.reports.branch: expected a branch's name", ""),
        ("[tool.lockgate.test]\ncache = ['/etc']", 5, "tool.lockgate.test.cache: expected a folder below the package's", ""),
        ("[tool.lockgate.test]\ncache = ['a/../../b']", 5, "tool.lockgate.test.cache: expected a folder", ""),
        (f"{MATRIX}runs-on = []", 5, "tool.lockgate.workflows.quality-gate.jobs.test-matrix.runs-on: expected array of length >= 1", ""),
        (f"{MATRIX}timeout-minutes = 0", 5, "tool.lockgate.workflows.quality-gate.jobs.test-matrix.timeout-minutes: expected integer >= 1", ""),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_where_it_stands(
    cli: Cli, tmp_path: Path, table: str, line: int, message: str, hint: str
) -> None:
    for arguments in ((), ("--check",), ("--update-pins",)):
        shown = cli("render", *arguments, "-C", package(tmp_path, table + "\n"))
        assert shown.code == 2
        assert shown.err.startswith(f"lockgate: pyproject.toml:{line}: ")
        assert message in shown.err
        assert hint in shown.err
        assert not (tmp_path / ".github").exists()


ADDED = f"""\
{MATRIX}
runs-on = ["self-hosted", "linux"]
timeout-minutes = 99
env = {{ TZ = "UTC" }}
permissions = {{ packages = "read" }}
before.gate = [{{ run = "one" }}, {{ id = "named", uses = "{OTHER}", with = {{ x = 1 }} }}]
after.upload = [{{ name = "Last", if = "always()", run = "two" }}]

{EXTRA}
needs = ["test-matrix"]
steps = [{{ uses = "{CHECKOUT}" }}, {{ run = "make docs" }}]
"""


def test_additions_stand_where_they_should_and_outlast_rendering(cli: Cli, tmp_path: Path) -> None:
    place = Shape("added", ADDED).make(tmp_path)
    assert cli("render", "-C", place).code == 0
    text = (tmp_path / GATE).read_text()
    ids = re.findall(r"- id: (\S+)", text.partition("  quality-checks:")[0])
    assert ids[:2] == ["checkout", "uv"]
    assert ids[-5:] == ["before-gate-1", "named", "gate", "upload", "after-upload-1"]
    for line in (
        "    runs-on: [self-hosted, linux]  # zizmor: ignore[self-hosted-runner] asked for by the table\n",
        "    timeout-minutes: 99\n",
        "      packages: read  # asked for by the table\n",
        "      TZ: UTC\n",
        f"        uses: {OTHER.replace(' #', '  #')}\n        with:\n          x: 1\n",
        "        if: always()\n",
        "  docs:\n    name: docs\n    runs-on: ubuntu-24.04\n    timeout-minutes: 30\n    permissions: {}\n    needs: [test-matrix]\n",
    ):
        assert line in text
    assert cli("render", "--check", "-C", place).code == 0
    # The bot bumps what the table pins, too.
    bumped = text.replace("b" * 40 + "  # v1.2.3", "d" * 40 + "  # v1.3.0")
    (tmp_path / GATE).write_text(bumped)
    assert cli("render", "--check", "-C", place).code == 0
    cli("render", "-C", place)
    assert (tmp_path / GATE).read_text() == bumped
