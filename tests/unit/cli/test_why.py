# ruff: noqa: E501  (messages as they are shown)
from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from lockgate.flows.render import Survey
from tests.support import write
from tests.unit.cli.conftest import Cli
from tests.unit.workflows.shapes import GOLDEN, Shape

GATE = ".github/workflows/quality-gate.yml"
EVERYTHING = next(shape for shape in GOLDEN if shape.name == "everything")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """A package whose table says much, rendered."""
    return EVERYTHING.render(tmp_path_factory.mktemp("why"))


def line(root: Path, text: str, path: str = GATE) -> str:
    """`FILE:LINE` of the first line with this text."""
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    return f"{path}:{next(number for number, one in enumerate(lines, 1) if text in one)}"


def table_line(root: Path, text: str) -> int:
    lines = (root / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    return next(number for number, one in enumerate(lines, 1) if text in one)


def test_the_setting_is_shown_with_its_line(cli: Cli, found: Survey) -> None:
    asked = line(found.root, 'python: ["3.9"')
    shown = cli("why", asked, "-C", found.root)
    assert (shown.code, shown.err) == (0, "")
    where = table_line(found.root, "python = [")
    assert shown.out.splitlines() == [
        f'{asked}  python: ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]',
        f'setting  [tool.lockgate] python = ["3.9","3.10","3.11","3.12","3.13","3.14"]  (pyproject.toml:{where})',
        "reason   a job for each Python, so that each is a check of its own",
    ]


@pytest.mark.parametrize(
    ("text", "path", "setting", "in_table"),
    [
        ("fail-fast", GATE, None, None),
        ("types: [opened", GATE, None, None),
        ("COVERAGE_THRESHOLD", GATE, "coverage.threshold", None),
        ("branches: [main]", GATE, "protection.branch", None),
        ("DATABASE:", GATE, "workflows.quality-gate.env.DATABASE", "env = { DATABASE"),
        ("runs-on: ubuntu-22.04", GATE, "workflows.quality-gate.jobs.test-matrix.runs-on", 'runs-on = "ubuntu-22.04"'),
        ("TZ: UTC", GATE, "workflows.quality-gate.jobs.test-matrix.env.TZ", "env = { TZ"),
        ("packages: read", GATE, "workflows.quality-gate.jobs.test-matrix.permissions.packages", "permissions = { pack"),
        ("docker compose up", GATE, "workflows.quality-gate.jobs.test-matrix.before.gate", "test-matrix.before.gate]]"),
        ("registry: ghcr.io", GATE, "workflows.quality-gate.jobs.test-matrix.before.gate", "test-matrix.before.gate]]"),
        ("docker compose logs", GATE, "workflows.quality-gate.jobs.test-matrix.after.gate", "test-matrix.after.gate]]"),
        ("docker://", GATE, "workflows.quality-gate.jobs.quality-checks.after.upload", "quality-checks.after.upload]]"),
        ("make docs", GATE, "workflows.quality-gate.extra-jobs.docs", "extra-jobs.docs]"),
        ("tests/data", GATE, "test.cache", "cache = ["),
        ("@ünder", ".github/CODEOWNERS", "owners", "owners = ["),
        ("interval: daily", ".github/dependabot.yml", "dependabot.schedule", None),
        ("name: pypi-publishing", ".github/workflows/publish.yml", "publish.environment", None),
        ("REPORTS_BRANCH", ".github/workflows/security-scan.yml", "reports.branch", None),
    ],
)  # fmt: skip
def test_each_line_names_what_decides_it(
    cli: Cli, found: Survey, text: str, path: str, setting: str | None, in_table: str | None
) -> None:
    shown = cli("why", line(found.root, text, path), "--format", "json", "-C", found.root)
    assert shown.code == 0
    document = shown.document
    jsonschema.Draft202012Validator(cli("schema", "why").document).validate(document)
    where = None if in_table is None else f"pyproject.toml:{table_line(found.root, in_table)}"
    assert (document["setting"], document["where"]) == (setting, where)
    assert document["reason"]
    assert text in document["text"]
    assert document["drifted"] is False


def test_a_line_that_nobody_can_choose_and_a_default_are_told_apart(cli: Cli, found: Survey) -> None:
    assert "setting  none: lockgate renders it for everybody\n" in cli("why", f"{GATE}:1", "-C", found.root).out
    asked = line(found.root, "COVERAGE_THRESHOLD")
    assert "setting  [tool.lockgate] coverage.threshold, by default\n" in cli("why", asked, "-C", found.root).out


def test_a_line_that_drifted_says_so(cli: Cli, tmp_path: Path) -> None:
    Shape("plain").render(tmp_path)
    asked = line(tmp_path, "timeout-minutes: 45")
    (tmp_path / GATE).write_text((tmp_path / GATE).read_text().replace("timeout-minutes: 45", "timeout-minutes: 46"))
    shown = cli("why", asked, "-C", tmp_path)
    assert "timeout-minutes: 45" in shown.out
    assert shown.err == "lockgate: the committed line is another one; `lockgate render --diff` shows it\n"
    (tmp_path / GATE).unlink()
    assert cli("why", asked, "--format", "json", "-C", tmp_path).document["drifted"] is True


def test_the_file_may_be_named_from_anywhere(
    cli: Cli, found: Survey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(found.root / ".github/workflows")
    for asked in (
        "quality-gate.yml:7",
        "../workflows/quality-gate.yml:7",
        f"{GATE}:7",
        f"{found.root / GATE}:7",
        "quality-gate.yml:7:3",
    ):
        shown = cli("why", asked, "-C", found.root, "--format", "json")
        assert (shown.code, shown.document["path"], shown.document["line"]) == (0, GATE, 7)
    place = Shape("sub", folder="a b").make(tmp_path)
    monkeypatch.chdir(place)
    assert cli("why", "../.github/workflows/publish.yml:4").code == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (GATE, f"'{GATE}' names no line"),
        (f"{GATE}:x", "names no line"),
        (f"{GATE}:0", "lines"),
        (f"{GATE}:99999", "lines"),
        ("ci.yml:1", "ci.yml is not a file that lockgate renders"),
        (":3", "names no line"),
    ],
)
def test_what_cannot_be_answered_is_an_error(cli: Cli, found: Survey, asked: str, message: str) -> None:
    shown = cli("why", asked, "-C", found.root)
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err


def test_what_is_written_by_hand_has_reasons_of_its_own(cli: Cli, tmp_path: Path) -> None:
    table = "[project]\nname = 'x'\n[tool.lockgate.workflows.dependabot]\nmanaged = false\n"
    shown = cli("why", ".github/dependabot.yml:1", "-C", write(tmp_path, {"pyproject.toml": table}))
    assert shown.code == 2
    assert "is written by hand" in shown.err
