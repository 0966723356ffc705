from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support import write
from tests.unit.cli.conftest import QUICK, Cli

FILES = {"gate.txt", "gate.json", "gate.junit.xml", "gate.sarif", "gate.md", "gate.github.txt"}
BEGINNINGS = {
    "text": "FAIL bad\n",
    "json": '{\n  "schema": "lockgate/gate/1",\n  "verdict": "fail",',
    "junit": '<?xml version="1.0" encoding="utf-8"?>\n<testsuites ',
    "sarif": '{\n  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",',
    "markdown": "## lockgate gate: quick\n",
    "github": "::error title=bad%3A bad::",
}


@pytest.mark.parametrize("format_", BEGINNINGS)
def test_results_go_to_standard_output_in_the_format_that_is_asked_for(cli: Cli, quick: Path, format_: str) -> None:
    shown = cli("gate", "--keep-going", "--format", format_, "-C", quick)
    assert shown.code == 1
    assert shown.out.startswith(BEGINNINGS[format_])
    assert re.search(r"^fail +bad +[\d.]+ s$", shown.err, re.MULTILINE)


def test_a_report_has_every_format(cli: Cli, quick: Path, tmp_path: Path) -> None:
    cli("gate", "--keep-going", "--report", tmp_path / "new/folder", "-C", quick)
    found = {path.name: path for path in (tmp_path / "new/folder").iterdir()}
    assert found.keys() == FILES
    assert json.loads(found["gate.json"].read_bytes())["verdict"] == "fail"
    assert ET.parse(found["gate.junit.xml"]).getroot().tag == "testsuites"  # noqa: S314  (our own)
    assert json.loads(found["gate.sarif"].read_bytes())["version"] == "2.1.0"
    assert found["gate.txt"].read_text().startswith("FAIL bad\n")
    umask = os.umask(0)
    os.umask(umask)
    assert {stat.S_IMODE(path.stat().st_mode) for path in found.values()} == {0o666 & ~umask}


def test_a_report_that_cannot_be_written_is_unknown_and_said(cli: Cli, quick: Path, tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})
    shown = cli("gate", "good", "--report", tmp_path / "file", "-C", quick)
    assert shown.code == 2  # the command line can see that it is a file
    shown = cli("gate", "good", "--report", tmp_path / "file/inner", "-C", quick)
    assert shown.code == 3
    assert "PASS in " in shown.out
    assert f"lockgate: the report was not written: {tmp_path}/file" in shown.err


def test_quietly_only_problems_and_the_verdict_are_told(cli: Cli, quick: Path) -> None:
    shown = cli("gate", "--keep-going", "-q", "-C", quick)
    assert shown.err == ""
    assert shown.out.startswith("FAIL bad\n")
    assert "good" not in shown.out.replace("lockgate gate good", "")
    assert shown.out.splitlines()[-1].startswith("FAIL in ")
    assert len(cli("gate", "good", "-q", "-C", quick).out.splitlines()) == 1


def test_verbosely_every_output_is_one_block_behind_its_check(cli: Cli, quick: Path) -> None:
    shown = cli("gate", "--keep-going", "--fresh", "-v", "-C", quick)
    lines = shown.err.splitlines()
    for name, output in (("good", ["all is well"]), ("bad", ["one", "two"])):
        at = next(number for number, line in enumerate(lines) if re.match(rf"(pass|fail) +{name} ", line))
        assert lines[at + 1 : at + 1 + len(output)] == [f"        │ {line}" for line in output]
        assert f"…       {name}" in lines


def test_colours_are_only_where_they_are_wanted(cli: Cli, quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = cli("gate", "bad", "-C", quick)
    assert "\x1b" not in plain.out + plain.err
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = cli("gate", "bad", "-C", quick)
    assert coloured.out.startswith("\x1b[1;31mFAIL bad\x1b[0m\n")
    assert "\x1b[1;31mfail    bad" in coloured.err
    plain = cli("gate", "bad", "--no-color", "-C", quick)
    assert "\x1b" not in plain.out + plain.err
    assert "\x1b" not in cli("gate", "bad", "--format", "json", "-C", quick).out


@pytest.mark.parametrize(("phase", "code"), [("observe", 0), ("off", 0), ("enforce", 1)])
def test_a_phase_that_does_not_enforce_tells_the_truth_and_exits_0(
    cli: Cli, tmp_path: Path, phase: str, code: int
) -> None:
    write(tmp_path, {"pyproject.toml": f"{QUICK}[tool.lockgate.phase]\nquality = '{phase}'\n"})
    shown = cli("gate", "bad", "--format", "json", "-C", tmp_path)
    assert shown.code == code
    assert (shown.document["verdict"], shown.document["enforced"]) == ("fail", phase == "enforce")


def test_what_was_asked_for_in_part_says_partial(cli: Cli, quick: Path) -> None:
    shown = cli("gate", "good", "-C", quick)
    assert shown.code == 0
    assert shown.out.splitlines()[-1].endswith("; partial (not run: bad)")
    document = cli("gate", "good", "--format", "json", "-C", quick).document
    assert document["scope"] == {"partial": True, "not_run": ["bad"]}
    assert [check["status"] for check in document["checks"]] == ["pass", "not-run"]
