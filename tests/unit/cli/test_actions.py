from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import package, write
from tests.unit.cli.conftest import QUICK, Cli

BAD = (
    "::error title=bad%3A bad::`sh -c 'echo one; echo two; exit 3'` ended with exit 3"
    "%0Aone%0Atwo%0Arun just that again: lockgate gate bad"
)


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> Path:
    """A step of GitHub Actions; its summary already has a line."""
    del cli  # which takes these away first
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    return tmp_path / "summary.md"


def test_annotations_and_a_step_summary_come_by_themselves(cli: Cli, quick: Path, summary: Path) -> None:
    shown = cli("gate", "bad", "-C", quick)
    assert shown.code == 1
    lines = shown.out.splitlines()
    assert lines[0] == "FAIL bad"
    verdict = next(number for number, line in enumerate(lines) if line.startswith("FAIL in "))
    assert lines[verdict + 1] == f"{BAD} -C {quick}"
    assert lines[verdict + 2].startswith("::error title=lockgate::FAIL in ")
    assert len(lines) == verdict + 3
    text = summary.read_text()
    assert text.startswith("before\n## lockgate gate: quick\n")
    assert "| bad | ❌ fail |" in text


def test_two_steps_add_to_one_summary(cli: Cli, quick: Path, summary: Path) -> None:
    cli("gate", "good", "-C", quick)
    cli("gate", "good", "-C", quick)
    assert summary.read_text().count("## lockgate gate: quick\n") == 2


def test_a_program_that_reads_standard_output_is_not_disturbed(cli: Cli, quick: Path, summary: Path) -> None:
    shown = cli("gate", "bad", "--format", "json", "-C", quick)
    assert shown.document["verdict"] == "fail"
    assert "## lockgate gate" in summary.read_text()


def test_a_summary_that_cannot_be_written_changes_no_verdict(
    cli: Cli, quick: Path, summary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary / "below"))
    shown = cli("gate", "good", "-C", quick)
    assert shown.code == 0
    assert shown.err.endswith(f"lockgate: no step summary: {summary}/below: Not a directory\n")


def test_without_a_summary_file_there_are_annotations_only(
    cli: Cli, quick: Path, summary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert "::notice title=lockgate::PASS in " in cli("gate", "good", "-C", quick).out
    assert summary.read_text() == "before\n"


def test_elsewhere_there_is_neither(cli: Cli, quick: Path, summary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    assert "::" not in cli("gate", "bad", "-C", quick).out
    assert summary.read_text() == "before\n"


@pytest.mark.parametrize(("workspace", "inside"), [(".", "packages/one/"), ("packages/one", ""), ("elsewhere", "")])
def test_files_are_named_from_the_top_of_the_repository(
    cli: Cli, tmp_path: Path, summary: Path, monkeypatch: pytest.MonkeyPatch, workspace: str, inside: str
) -> None:
    del summary
    table = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["lint"]\n'
    root = package(tmp_path / "packages/one", table, src__sample____init__py="import os\n")
    write(root, {"src/sample/__init__.py": "import os\n"})
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / workspace))
    shown = cli("gate", "-C", root, "--report", tmp_path / "out")
    assert f",file={inside}src/sample/__init__.py,line=1,col=8::" in shown.out
    sarif = json.loads((tmp_path / "out/gate.sarif").read_bytes())
    place = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == f"{inside}src/sample/__init__.py"
    assert "src/sample/__init__.py:1:8" in (tmp_path / "out/gate.txt").read_text()
    assert f"{inside}src" not in (tmp_path / "out/gate.txt").read_text() or not inside


def test_what_a_check_prints_is_no_command_to_the_runner(cli: Cli, tmp_path: Path, summary: Path) -> None:
    del summary
    root = write(tmp_path / "p", {"pyproject.toml": QUICK.replace("echo one;", "echo ::stop-commands::x;")})
    for options in ((), ("-v",), ("-q",)):
        shown = cli("gate", "bad", "-C", root, *options)
        assert "::stop-commands::x" in shown.out
        commands = [line for line in (shown.out + shown.err).splitlines() if line.lstrip().startswith("::")]
        assert all(line.startswith(("::error title=", "::notice title=")) for line in commands)
