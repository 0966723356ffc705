"""The state of a committed file, and what becomes of it when lockgate is updated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.flows.render import Survey, judge, survey, write
from lockgate.model.compromised import COMPROMISED
from lockgate.ports.pyproject import read_project
from lockgate.workflows import drift, files, pins
from lockgate.workflows.facts import Facts
from tests.unit.workflows.shapes import GOLDEN, Shape

PACKAGE = Shape("package", 'owners = ["@me"]')
QUALITY = Path(files.PATHS["quality_gate"])
CHECKOUT = pins.SHIPPED["actions/checkout"]
NEWER = pins.Pin("c0ffee" + "0" * 34, "v7.1.0")


def state(root: Path, name: str = "quality_gate", *, place: Path | None = None) -> tuple[str, str, list[str]]:
    """The verdict over all files, the state of one, and what is said of it."""
    report = judge(survey(read_project(place or root)))
    found = next(file for file in report.files if file.path == files.PATHS[name])
    return report.verdict, found.state, [f"{one.where()}: {one.message}" for one in found.problems]


def edit(root: Path, *pairs: tuple[str, str], path: Path = QUALITY) -> None:
    text = (root / path).read_text(encoding="utf-8")
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    (root / path).write_text(text, encoding="utf-8")


# --- every edit is seen


@pytest.fixture(scope="module")
def surveys(tmp_path_factory: pytest.TempPathFactory) -> list[Survey]:
    return [shape.render(tmp_path_factory.mktemp("edited")) for shape in GOLDEN]


def edited(text: str, data: st.DataObject) -> str:
    """The text with one character or one line changed, taken away or put in; often where an action is used."""
    by_line = data.draw(st.booleans())
    parts = text.splitlines(keepends=True) if by_line else list(text)
    used = [match.start() for match in re.finditer("uses: ", text)]
    if used and not by_line and data.draw(st.booleans()):
        at = data.draw(st.sampled_from(used)) + data.draw(st.integers(-5, 100))
    else:
        at = data.draw(st.integers(0, len(parts) - 1))
    new = data.draw(
        st.sampled_from(parts) if by_line else st.one_of(st.sampled_from(" \n#a0-'\r\t\ufeff"), st.characters())
    )
    kind = data.draw(st.sampled_from(["change", "delete", "insert"]))
    parts[at : at + (kind != "insert")] = [] if kind == "delete" else [new]
    return "".join(parts)


def is_a_bump(before: str, after: str) -> bool:
    """Whether just the pin of an action that lockgate does not ship is another one: that may be the bot."""
    changed = [one for one in pins.used(after) if one not in set(pins.used(before))]
    others = all(one.repository not in pins.SHIPPED and pins.problem(one) is None for one in changed)
    return pins.masked(before) == pins.masked(after) and bool(changed) and others


@given(st.data())
def test_every_edit_of_a_managed_file_is_seen(surveys: list[Survey], data: st.DataObject) -> None:
    found = data.draw(st.sampled_from(surveys))
    file = data.draw(st.sampled_from(found.files))
    text = edited(file.text, data)
    if is_a_bump(file.text, text):
        return
    (found.root / file.path).write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        report = judge(survey(read_project(found.root / found.facts.folder)))
    finally:
        (found.root / file.path).write_text(file.text, encoding="utf-8")
    if text == file.text:
        assert report.verdict == "pass"
    else:
        assert report.verdict == "fail", text
        assert any(one.path == file.path and one.problems for one in report.files)


def test_bytes_that_are_no_text_are_seen_and_shown(tmp_path: Path) -> None:
    PACKAGE.render(tmp_path)
    (tmp_path / QUALITY).write_bytes((tmp_path / QUALITY).read_bytes().replace(b"name: quality-gate", b"name: \xff"))
    report = judge(survey(read_project(tmp_path)))
    assert report.verdict == "fail"
    assert b"-name: \\\\udcff" in msgspec.json.encode(report)


def test_what_is_not_there_or_not_ours_is_said(tmp_path: Path) -> None:
    PACKAGE.render(tmp_path)
    (tmp_path / QUALITY).unlink()
    assert state(tmp_path) == ("fail", "missing", [f"{QUALITY}: is not there"])
    (tmp_path / QUALITY).write_text("name: mine\n")
    assert state(tmp_path) == ("fail", "foreign", [f"{QUALITY}: was not written by lockgate"])
    (tmp_path / ".github/lockgate/uv.lock").unlink()
    report = judge(survey(read_project(tmp_path)))
    assert report.files[-1].problems[0].message.startswith("there is no lock of lockgate itself")


# --- pins belong to the bot


def bump(root: Path, path: Path = QUALITY, pin: pins.Pin = NEWER) -> None:
    edit(root, (f"{CHECKOUT.sha}  # {CHECKOUT.version}", f"{pin.sha}  # {pin.version}"), path=path)


def test_a_bump_is_kept_and_is_no_drift(tmp_path: Path) -> None:
    PACKAGE.render(tmp_path)
    bump(tmp_path)
    before = (tmp_path / QUALITY).read_text()
    assert state(tmp_path) == ("pass", "same", [])
    # The table changes, and what is rendered anew keeps the bump.
    edit(tmp_path, ('owners = ["@me"]', 'owners = ["@me"]\npython = ["3.12"]'), path=Path("pyproject.toml"))
    assert state(tmp_path)[:2] == ("fail", "changed")
    write(survey(read_project(tmp_path)), overwrite=False)
    after = (tmp_path / QUALITY).read_text()
    assert after != before
    assert after.count(f"actions/checkout@{NEWER.sha}  # {NEWER.version}") == before.count(NEWER.sha)
    assert CHECKOUT.sha not in after
    # Each file has its own pins.
    assert NEWER.sha not in (tmp_path / files.PATHS["publish"]).read_text()
    assert state(tmp_path) == ("pass", "same", [])


def test_shipped_pins_come_when_asked_for(tmp_path: Path) -> None:
    first = PACKAGE.render(tmp_path)
    bump(tmp_path)
    assert write(survey(read_project(tmp_path), update_pins=True), overwrite=False)[0] == (str(QUALITY), "written")
    assert (tmp_path / QUALITY).read_text() == first.files[0].text


def test_a_new_file_takes_the_pins_of_the_others(tmp_path: Path) -> None:
    PACKAGE.render(tmp_path)
    for name in ("quality_gate", "security_scan", "publish"):
        bump(tmp_path, Path(files.PATHS[name]))
    (tmp_path / files.PATHS["publish"]).unlink()
    write(survey(read_project(tmp_path)), overwrite=False)
    assert CHECKOUT.sha not in (tmp_path / files.PATHS["publish"]).read_text()
    assert state(tmp_path)[0] == "pass"


def test_one_pin_serves_what_lockgate_and_the_table_use(tmp_path: Path) -> None:
    """The table's own older commit is no reason to take the whole workflow back."""
    step = f"steps = [{{ uses = 'actions/checkout@{NEWER.sha} # v6.0.0' }}, {{ run = 'true' }}]"
    found = Shape("older", f"[tool.lockgate.workflows.quality-gate.extra-jobs.docs]\n{step}").render(tmp_path)
    assert NEWER.sha not in found.files[0].text
    bump(tmp_path)
    write(survey(read_project(tmp_path)), overwrite=False)
    assert CHECKOUT.sha not in (tmp_path / QUALITY).read_text()


def test_a_file_that_disagrees_with_itself_drifts(tmp_path: Path) -> None:
    PACKAGE.render(tmp_path)
    text = (tmp_path / QUALITY).read_text()
    (tmp_path / QUALITY).write_text(
        text.replace(f"{CHECKOUT.sha}  # {CHECKOUT.version}", f"{NEWER.sha}  # {NEWER.version}", 1)
    )
    assert state(tmp_path)[:2] == ("fail", "changed")


@pytest.mark.parametrize(
    ("pin", "message"),
    [
        ("v7.0.1", "actions/checkout is pinned to 'v7.0.1', which can be moved: pin a full commit SHA"),
        ("main  # v7.0.1", "actions/checkout is pinned to 'main', which can be moved: pin a full commit SHA"),
        (
            CHECKOUT.sha[:12],
            f"actions/checkout is pinned to '{CHECKOUT.sha[:12]}', which can be moved: pin a full commit SHA",
        ),
        (
            CHECKOUT.sha.upper(),
            f"actions/checkout is pinned to '{CHECKOUT.sha.upper()}', which can be moved: pin a full commit SHA",
        ),
        (next(iter(COMPROMISED)), f"actions/checkout@{next(iter(COMPROMISED))} is a compromised commit: "),
        (f"{NEWER.sha}  # v7.0.1", f"actions/checkout@{NEWER.sha} is not v7.0.1: v7.0.1 is the commit {CHECKOUT.sha}"),
        (
            f"{CHECKOUT.sha}  # v7.0.2",
            f"actions/checkout@{CHECKOUT.sha} is not v7.0.2: v7.0.1 is the commit {CHECKOUT.sha}",
        ),
    ],
)
def test_what_is_no_pin_is_an_error_with_its_line(tmp_path: Path, pin: str, message: str) -> None:
    PACKAGE.render(tmp_path)
    edit(tmp_path, (f"{CHECKOUT.sha}  # {CHECKOUT.version}", pin))
    lines = (tmp_path / QUALITY).read_text().splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "actions/checkout@" in line)
    verdict, _, said = state(tmp_path)
    assert verdict == "fail"
    assert said[0].startswith(f"{QUALITY}:{number}: {message}")
    # Rendering mends it.
    write(survey(read_project(tmp_path)), overwrite=False)
    assert state(tmp_path) == ("pass", "same", [])


def test_a_quoted_or_bare_use_is_seen_wherever_it_stands() -> None:
    text = (
        "\n\n  - uses: a/b@v1\n"
        "    'uses': \"c/d/e@v2\"   #  v2.0\n"
        "  - -   uses :   f/g@v3 # x y\n"
        "  - uses: ./local\n  - uses: docker://image@sha256:1\n"
    )
    assert [(one.action, one.repository, one.reference, one.version, one.line) for one in pins.used(text)] == [
        ("a/b", "a/b", "v1", "", 3),
        ("c/d/e", "c/d", "v2", "v2.0", 4),
        ("f/g", "f/g", "v3", "x", 5),
    ]


# --- the format before this one


@pytest.fixture
def updated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose files were rendered by the lockgate before this one, which gave a step another title."""
    PACKAGE.render(tmp_path)
    make = files._WORKFLOWS["quality_gate"]  # noqa: SLF001

    def renamed(facts: Facts, found: Mapping[str, pins.Pin]) -> dict[str, Any]:
        document = make(facts, found)
        document["jobs"]["quality-checks"]["steps"][0]["name"] = "Fetch the code"
        return document

    for module in (files, drift):
        monkeypatch.setattr(module, "FORMAT", 2)
    monkeypatch.setitem(files._WORKFLOWS, "quality_gate", renamed)  # noqa: SLF001
    return tmp_path


def forge(root: Path, *pairs: tuple[str, str], format_: int = 1) -> None:
    """Edit, and have the file say that this is what was rendered."""
    edit(root, *pairs)
    text = (root / QUALITY).read_text(encoding="utf-8")
    found = files.stamp(text)
    assert found is not None
    body = text.split("\n", 3)[3]
    digest = files._digest(body)  # noqa: SLF001
    edit(
        root,
        (
            f"format {found.format}, table {found.table}, body {found.body}",
            f"format {format_}, table {found.table}, body {digest}",
        ),
    )


def test_the_previous_format_is_accepted_with_a_notice(updated: Path) -> None:
    assert state(updated) == ("pass", "previous-format", [f"{QUALITY}: rendered in the format before this one"])
    report = judge(survey(read_project(updated)))
    assert {file.state for file in report.files} == {"previous-format"}
    assert {one.severity for file in report.files for one in file.problems} == {"note"}
    bump(updated)
    assert state(updated)[:2] == ("pass", "previous-format")
    write(survey(read_project(updated)), overwrite=False)
    assert state(updated) == ("pass", "same", [])
    assert NEWER.sha in (updated / QUALITY).read_text()


def test_the_previous_format_with_an_edit_is_not(updated: Path) -> None:
    edit(updated, ("timeout-minutes: 45", "timeout-minutes: 46"))
    assert state(updated)[:2] == ("fail", "changed")


def test_the_previous_format_of_another_table_is_not(updated: Path) -> None:
    edit(updated, ('"@me"', '"@you"'), path=Path("pyproject.toml"))
    assert state(updated)[:2] == ("fail", "changed")


def test_the_previous_format_with_a_broken_promise_is_not(updated: Path) -> None:
    forge(updated, ("    if: ${{ always() }}\n", ""))
    verdict, found, said = state(updated)
    assert (verdict, found) == ("fail", "previous-format")
    assert any("the condition must be always()" in one for one in said)


@pytest.mark.parametrize("format_", [0, 2, 3])
def test_no_other_format_is_accepted(updated: Path, format_: int) -> None:
    forge(updated, format_=format_)
    assert state(updated)[0] == "fail"


def test_two_formats_back_is_not_accepted(updated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (files, drift):
        monkeypatch.setattr(module, "FORMAT", 3)
    assert state(updated)[:2] == ("fail", "changed")


def test_at_the_first_format_there_is_none_before(tmp_path: Path) -> None:
    PACKAGE.render(tmp_path)
    forge(tmp_path, ("timeout-minutes: 45", "timeout-minutes: 46"), format_=0)
    assert state(tmp_path)[0] == "fail"
