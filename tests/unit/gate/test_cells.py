from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.gate import cells
from lockgate.gate.cells import _Manifest, _seal
from lockgate.gate.outcome import Outcome
from lockgate.gate.plan import Selection, plan
from lockgate.model.errors import UsageError
from lockgate.model.gate import Check, GateReport, Scope, Tests
from lockgate.model.problem import Problem
from lockgate.model.project import Project
from tests.support import commit, write
from tests.unit.builders import project as make_project
from tests.unit.builders import report as make_report

HERE = "b" * 40
CHANGED = "the report was changed after it was written, or its data belongs to another; run the cell again"
NAMES = ("test-3.8", "test-3.12")


def cell(name: str = "test-3.8", **changes: Any) -> Check:  # noqa: ANN401
    version = f"{name.removeprefix('test-')}.7"
    return msgspec.structs.replace(
        Check(name=name, status="pass", python=version, tests=Tests(collected=3, passed=3)), **changes
    )


class Bench:
    """A checkout, and the folder into which the reports of other machines were fetched."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project: Project = make_project("[tool.lockgate]", root=root)
        self.folder = root / "cells"
        self.folder.mkdir(parents=True)

    def bring(self, *checks: Check, at: str = "", whole: bool = True, **changes: Any) -> Path:  # noqa: ANN401
        """A report, as a machine exports it whose checkout lies elsewhere; `at` is its folder."""
        folder = self.folder / (at or f"lockgate-{checks[0].name}")
        data = write(self.root / "run", {"one": b"first of it", "two": b"second"})
        report = make_report(*checks, **{"commit": HERE, **changes})
        ran = [check for check in checks if check.status in {"pass", "fail"} and check.taken_from is None]
        outcomes = {check.name: Outcome(check=check, data=(data / "one", data / "two")) for check in ran}
        assert cells.export(folder / "coverage", report, outcomes, Path("/elsewhere/sample"), whole=whole) == ()
        (folder / "gate.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
        return folder

    def take(self, name: str = "test-3.8") -> Outcome:
        return cells.take(self.folder, self.project, NAMES)[name]

    def doubt(self, name: str = "test-3.8") -> str:
        """Why the cell is unknown."""
        outcome = self.take(name)
        assert (outcome.check.status, outcome.data) == ("unknown", ())
        assert outcome.check.reason
        return outcome.check.reason


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(cells.git, "head", lambda _root: HERE)  # type: ignore[attr-defined]
    return Bench(tmp_path.resolve() / "here")


def edit(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


def test_a_cell_comes_with_its_counts_its_data_and_where_it_was_measured(bench: Bench) -> None:
    folder = bench.bring(cell(), cell("test-3.12", status="not-run"))
    found = bench.take()
    assert found.check == cell(taken_from=f"{bench.folder}/lockgate-test-3.8/gate.json")
    assert found.root == "/elsewhere/sample"
    assert found.data == (folder / "coverage/test-3.8-0", folder / "coverage/test-3.8-1")
    assert [path.read_bytes() for path in found.data] == [b"first of it", b"second"]


def test_nothing_that_is_exported_is_hidden(bench: Bench) -> None:
    folder = bench.bring(cell())
    names = [path.name for path in folder.rglob("*")]
    assert sorted(names) == ["coverage", "gate.json", "manifest.json", "test-3.8-0", "test-3.8-1"]


def test_one_report_may_speak_of_several_cells_wherever_it_lies(bench: Bench) -> None:
    bench.bring(cell(), cell("test-3.12"), at="deep/down/here")
    assert [bench.take(name).check.status for name in NAMES] == ["pass", "pass"]


@pytest.mark.parametrize("status", ["fail", "skipped", "unknown"])
def test_a_cell_that_did_not_pass_says_why_in_its_own_words(bench: Bench, status: str) -> None:
    bad = cell(status=status, reason="1 failed of 3", tests=None, problems=(Problem(tool="pytest", message="no"),))
    bench.bring(bad)
    found = bench.take().check
    assert found == msgspec.structs.replace(bad, taken_from=f"{bench.folder}/lockgate-test-3.8/gate.json")


def test_where_there_is_no_report_the_next_step_is_named(bench: Bench) -> None:
    assert bench.doubt() == (
        f"no report lies below {bench.folder}: "
        "did its job come to its end? `lockgate gate --fresh test-3.8 --report DIR` makes one"
    )
    shutil.rmtree(bench.folder)
    assert "no report lies below" in bench.doubt()


def test_reports_of_other_checks_do_not_speak_of_a_cell(bench: Bench) -> None:
    bench.bring(Check(name="lint", status="pass"), cell(status="not-run"))
    assert bench.doubt().startswith(f"none of the 1 reports below {bench.folder} speaks of test-3.8: did its ")


@pytest.mark.parametrize("other", ["pass", "fail", "unknown", "skipped"])
def test_two_reports_of_one_cell_contradict_each_other(bench: Bench, other: str) -> None:
    bench.bring(cell(), at="one")
    bench.bring(cell(status=other), cell("test-3.12"), at="two")
    assert bench.doubt() == (
        f"more than one report speaks of test-3.8: {bench.folder}/one/gate.json, {bench.folder}/two/gate.json; "
        "leave only the one that counts"
    )
    assert bench.take("test-3.12").check.status == "pass"


def test_one_report_that_speaks_twice_contradicts_itself(bench: Bench) -> None:
    bench.bring(cell(), cell(status="fail"))
    assert "more than one report" in bench.doubt()


def test_a_report_of_another_project_does_not_count(bench: Bench) -> None:
    bench.bring(cell(), project="other")
    assert bench.doubt() == "the report is of 'other', not of 'sample'"


@pytest.mark.parametrize(("then", "now"), [("c" * 40, HERE), (None, HERE), (HERE, None)])
def test_a_report_of_another_commit_does_not_count(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, then: str | None, now: str | None
) -> None:
    monkeypatch.setattr(cells.git, "head", lambda _root: now)  # type: ignore[attr-defined]
    bench.bring(cell(), commit=then)
    assert bench.doubt().startswith(
        f"the report is of {then or 'no commit'}, but {now or 'no commit'} is checked out here; run "
    )


def test_without_git_on_either_machine_there_is_no_commit_to_compare(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells.git, "head", lambda _root: None)  # type: ignore[attr-defined]
    bench.bring(cell(), commit=None)
    assert bench.take().check.status == "pass"


def test_the_commit_is_that_of_the_checkout(tmp_path: Path) -> None:
    bench = Bench(commit(write(tmp_path.resolve() / "here", {"a": ""})))
    bench.bring(cell(), commit=cells.git.head(bench.root))  # type: ignore[attr-defined]
    assert bench.take().check.status == "pass"


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"cached": True}, "the cell was not run but found in a cache: run it with --fresh"),
        ({"tests": None}, "the cell collected no tests: a cell that tests nothing proves nothing"),
        ({"tests": Tests()}, "the cell collected no tests: a cell that tests nothing proves nothing"),
        ({"python": None}, "the cell ran on Python None, not on 3.8"),
        ({"python": "3.80.1"}, "the cell ran on Python 3.80.1, not on 3.8"),
        (
            {"taken_from": "x/gate.json"},
            "the cell brought no coverage data: is coverage among the checks of its table?",
        ),
    ],
)
def test_a_pass_has_to_prove_itself(bench: Bench, changes: dict[str, Any], doubt: str) -> None:
    bench.bring(cell(**changes))
    assert bench.doubt() == doubt


def test_a_part_of_the_tests_is_not_the_cell(bench: Bench) -> None:
    bench.bring(cell(), scope=Scope(partial=True, not_run=("lint",)))
    assert bench.take().check.status == "pass"
    bench.bring(cell(), scope=Scope(partial=True), whole=False)
    assert "with pytest arguments of its own" in bench.doubt()


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report["checks"][0].update(status="pass", reason=None),
        lambda report: report.update(commit=HERE),
        lambda report: report.update(project="sample"),
        lambda report: report["scope"].update(partial=False),
        lambda report: report.update(verdict="pass"),
    ],
)
def test_a_report_that_was_changed_by_hand_is_none(bench: Bench, change: Callable[[Any], object]) -> None:
    folder = bench.bring(
        cell(status="fail"), at="x", commit="c" * 40, project="p", scope=Scope(partial=True), verdict="fail"
    )
    edit(folder / "gate.json", change)
    assert bench.doubt() == CHANGED


def test_the_manifest_of_another_report_does_not_fit(bench: Bench) -> None:
    one, two = bench.bring(cell()), bench.bring(cell("test-3.12"))
    shutil.copy(two / "coverage/manifest.json", one / "coverage/manifest.json")
    assert bench.doubt() == CHANGED


def test_data_and_its_digest_cannot_be_changed_together(bench: Bench) -> None:
    folder = bench.bring(cell())
    (folder / "coverage/test-3.8-0").write_bytes(b"better")
    better = {"test-3.8": {"test-3.8-0": hashlib.sha256(b"better").hexdigest()}}
    edit(folder / "coverage/manifest.json", lambda it: it["data"].update(better))
    assert bench.doubt() == CHANGED


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", b"\xff", b'{"root": "/x", "report": "'])
def test_a_manifest_that_cannot_be_read_is_said_so(bench: Bench, content: bytes | None) -> None:
    path = bench.bring(cell()) / "coverage/manifest.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert bench.doubt().startswith("its coverage/manifest.json cannot be read (")


@pytest.mark.parametrize("keep", [None, 0, 5])
def test_data_that_is_gone_or_cut_short_is_found(bench: Bench, keep: int | None) -> None:
    path = bench.bring(cell()) / "coverage/test-3.8-0"
    content = path.read_bytes()
    path.unlink()
    if keep is not None:
        path.write_bytes(content[:keep])
    assert bench.doubt() == ("its coverage data test-3.8-0 is missing or was changed or cut short; run the cell again")


def test_a_part_cannot_be_called_whole(bench: Bench) -> None:
    folder = bench.bring(cell(), whole=False)
    edit(folder / "coverage/manifest.json", lambda it: it.update(whole=True))
    assert bench.doubt() == CHANGED


def test_data_elsewhere_is_not_taken(bench: Bench) -> None:
    folder = bench.bring(cell())
    write(bench.root, {"outside": b"x"})
    report = msgspec.json.decode((folder / "gate.json").read_bytes(), type=GateReport)
    data = {"test-3.8": {"../../../outside": hashlib.sha256(b"x").hexdigest()}}
    manifest = _Manifest(root="/", whole=True, data=data)
    edit(folder / "coverage/manifest.json", lambda it: it.update(data=data, root="/", seal=_seal(report, manifest)))
    assert "its coverage data ../../../outside is missing or was changed" in bench.doubt()


def test_a_failed_cell_with_broken_data_is_still_a_failure(bench: Bench) -> None:
    folder = bench.bring(cell(status="fail"))
    (folder / "coverage/test-3.8-1").unlink()
    found = bench.take()
    assert (found.check.status, found.data) == ("fail", ())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"verdict": "pass", "checks": [{}]}']
)
def test_one_report_that_cannot_be_read_leaves_every_cell_open(bench: Bench, content: bytes) -> None:
    bench.bring(cell())
    bench.bring(cell("test-3.12"))
    write(bench.folder, {"other/gate.json": content})
    for name in NAMES:
        assert bench.doubt(name).startswith(f"{bench.folder}/other/gate.json cannot be read as a gate's report (")
        assert bench.doubt(name).endswith("; run its job again")


def test_a_folder_that_cannot_be_searched_leaves_every_cell_open(bench: Bench) -> None:
    bench.bring(cell())
    place = os.open(bench.folder, os.O_RDONLY)
    for _ in range(25):  # deeper than any path may be long
        os.mkdir("x" * 200, dir_fd=place)
        inner = os.open("x" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    assert bench.doubt().endswith("cannot be searched for reports: File name too long")


def test_another_kind_of_document_is_no_report(bench: Bench) -> None:
    folder = bench.bring(cell())
    edit(folder / "gate.json", lambda it: it.update(schema="lockgate/gate/2"))
    assert bench.doubt() == (
        f"{bench.folder}/lockgate-test-3.8/gate.json is no report of a gate: its schema is 'lockgate/gate/2', "
        "not 'lockgate/gate/1'"
    )


def test_a_report_that_is_a_folder_is_looked_into_not_read(bench: Bench) -> None:
    bench.bring(cell(), at="gate.json/inner")
    assert bench.take().check.status == "pass"


def test_a_report_cut_anywhere_is_never_a_pass(bench: Bench) -> None:
    path = bench.bring(cell()) / "gate.json"
    whole = path.read_bytes()
    for length in range(0, len(whole) - 2, 7):
        path.write_bytes(whole[:length])
        assert "cannot be read" in bench.doubt()


@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), file=st.sampled_from(["gate.json", "m", "d"]))
def test_one_byte_that_flips_is_found_where_it_means_anything(
    tmp_path_factory: pytest.TempPathFactory, place: float, byte: int, file: str
) -> None:
    bench = Bench(tmp_path_factory.mktemp("flip").resolve() / "here")
    folder = bench.bring(cell(), commit=None)
    path = folder / {"m": "coverage/manifest.json", "d": "coverage/test-3.8-0"}.get(file, file)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] = byte
    path.write_bytes(content)
    found = bench.take().check
    assert found.status == "unknown" or found == cell(taken_from=f"{bench.folder}/lockgate-test-3.8/gate.json")


def test_an_export_without_room_says_so(tmp_path: Path, full_disk: None) -> None:
    del full_disk
    (said,) = cells.export(tmp_path / "out", make_report(cell()), {}, tmp_path, whole=True)
    assert said.startswith("the coverage data were not exported: ")


def test_taken_data_is_not_exported_as_ones_own(tmp_path: Path) -> None:
    taken = cell(taken_from="x")
    outcome = Outcome(check=taken, data=(write(tmp_path, {"d": b"x"}) / "d",))
    assert cells.export(tmp_path / "out", make_report(taken), {"test-3.8": outcome}, tmp_path, whole=True) == ()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.json"]


def test_a_report_survives_its_own_format() -> None:
    report: GateReport = make_report(cell(seconds=0.1 + 0.2), seconds=1e-7)
    again = msgspec.json.decode(msgspec.json.format(msgspec.json.encode(report)), type=GateReport)
    assert msgspec.json.encode(again) == msgspec.json.encode(report)


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(names=("test-3.8",)), "is not among the checks"),
        (Selection(names=("lint", "types")), "is not among the checks"),
        (Selection(pythons=("3.8",)), "is not among the checks"),
        (Selection(names=("coverage",), pytest_args=("-k", "x")), "takes no pytest arguments"),
    ],
)
def test_without_coverage_there_is_nothing_to_take_cells_for(selection: Selection, said: str) -> None:
    project = make_project("[tool.lockgate]")
    with pytest.raises(UsageError, match=said):
        cells.refuse_useless(plan(project, selection), selection)


@pytest.mark.parametrize(
    "selection", [Selection(), Selection(names=("coverage",)), Selection(names=("lint", "coverage"))]
)
def test_with_coverage_there_is(selection: Selection) -> None:
    cells.refuse_useless(plan(make_project("[tool.lockgate]"), selection), selection)
