"""Workflows that are written by hand: what weakens them is seen, what does not is accepted."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.flows.render import FileReport, RenderReport, Survey, judge
from lockgate.model.actions import NESTED
from lockgate.model.config import WorkflowConfig, WorkflowsConfig
from lockgate.workflows.emit import emit, text_of
from lockgate.workflows.promises import broken
from tests.unit.workflows import mutations
from tests.unit.workflows.harmless import HARMLESS
from tests.unit.workflows.mutated_steps import as_read
from tests.unit.workflows.rendered import WORKFLOWS, facts, rendered

DOCS = Path(__file__).parents[3] / "docs" / "promises.md"
# What nothing in the file itself tells apart from correct work; docs/promises.md explains both.
UNSEEN = {"another commit under another version", "a step of the author's own that does anything"}
FILES = rendered()


def judged(root: Path, workflow: str, text: str) -> FileReport:
    """What `render --check` says of a workflow that is taken over by hand."""
    (root / NESTED).mkdir(parents=True, exist_ok=True)
    (root / NESTED / "uv.lock").touch()
    by_hand = {"additions": msgspec.structs.replace(WorkflowsConfig(), **{workflow: WorkflowConfig(managed=False)})}
    files = rendered(**by_hand)
    texts = {name: file.text for name, file in files.items()}
    survey = Survey(root=root, facts=facts(**by_hand), files=tuple(files.values()), texts={**texts, workflow: text})
    report: RenderReport = judge(survey)
    (mine,) = [file for file in report.files if file.state == "by-hand"]
    assert report.verdict == ("fail" if mine.problems else "pass")
    return mine


def test_harmful_changes_are_caught() -> None:
    assert len(mutations.judged()) > 1000
    missed = [one for one, seen in mutations.judged() if not seen]
    assert {one.kind for one in missed} == UNSEEN
    assert len(missed) / len(mutations.judged()) < 0.05


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_check_itself_names_file_and_line(tmp_path: Path, workflow: str) -> None:
    mine = [(one, seen) for one, seen in mutations.judged() if one.workflow == workflow]
    for one, seen in itertools.islice(mine, 0, None, max(1, len(mine) // 25)):
        problems = judged(tmp_path, workflow, one.text).problems
        assert bool(problems) is seen, str(one)
        for problem in problems:
            assert problem.path == FILES[workflow].path
            assert problem.line is not None
            assert 1 <= problem.line <= one.text.count("\n"), str(one)


def test_the_documentation_tells_how_many_are_caught() -> None:
    assert mutations.table() in DOCS.read_text(encoding="utf-8")
    assert all(f"**{kind}**" in DOCS.read_text(encoding="utf-8") for kind in UNSEEN)


@pytest.mark.parametrize(
    ("workflow", "before", "after", "marked", "message"),
    [
        ("quality_gate", "    name: quality-checks", "    name: checks", "name:", "the name must be 'quality-checks'"),
        ("quality_gate", "on:\n  pull_request:", "on:\n  pull:", "on:", "the trigger pull_request is missing"),
        ("quality_gate", "if: ${{ always() }}", "if: ${{ !cancelled() }}", "if:", "the condition must be always()"),
        ("security_scan", "upload: never", "upload: always", "upload", "upload must be 'never'"),
        ("publish", "attestations: true", "attestations: false", "attestations", "attestations must be True"),
        ("publish", "  id-token: write", "  id-token: write\n      contents: write", "contents", "contents: write is"),
        ("quality_gate", 'THRESHOLD: "95"', 'THRESHOLD: "50"', "THRESHOLD", "THRESHOLD must be '95', as the table"),
        ("quality_gate", "NEEDS: ${{ toJSON(needs) }}", "NEEDS: {}", "NEEDS", "NEEDS must be '${{ toJSON(needs)"),
        ("quality_gate", "jobs:\n", "jobs:\n  <<: {}\n", "<<:", "GitHub reads no merge keys"),
        ("quality_gate", "permissions: {}", "permissions: {}\non: {}", "on:", "not valid YAML: found duplicate key"),
        ("quality_gate", "permissions: {}\n", "\tpermissions: {}\n", "\t", "not valid YAML: expected <block end>"),
        ("publish", "action/init@", "action/init@v4 # ", "action", "is pinned to 'v4', which can be moved"),
    ],
)  # fmt: skip
def test_messages_say_where_and_what_must_be_there(
    tmp_path: Path, workflow: str, before: str, after: str, marked: str, message: str
) -> None:
    text = FILES[workflow].text
    start = text.index(before)
    line = text.count("\n", 0, start) + after[: after.index(marked)].count("\n") + 1
    problems = judged(tmp_path, workflow, text.replace(before, after, 1)).problems
    (problem,) = [one for one in problems if message in one.message]
    assert (problem.path, problem.line, problem.rule) == (FILES[workflow].path, line, "promise")


# --- what an author may do

CASES = [(label, workflow) for label, (workflows, _) in HARMLESS.items() for workflow in workflows]


@pytest.mark.parametrize(("label", "workflow"), CASES)
def test_harmless_changes_are_accepted(tmp_path: Path, label: str, workflow: str) -> None:
    document = copy.deepcopy(dict(FILES[workflow].document or {}))
    HARMLESS[label][1](document)
    text = text_of(emit(document))
    assert [f"{one.where()}: {one.message}" for one in judged(tmp_path, workflow, text).problems] == []


TEXTS: Mapping[str, Callable[[str], str]] = {
    "comments": lambda text: re.sub(r"\n(\s+)steps:", r"\n\1# mine\n\1steps:  # mine too", text),
    "no comments": lambda text: re.sub(r"(?m)(^|\s+)#.*$", "", text),
    "single quotes": lambda text: text.replace('"95"', "'95'").replace(
        "name: quality-checks", "name: 'quality-checks'"
    ),
    "quoted keys": lambda text: text.replace("on:\n", '"on":\n', 1),
    "bare conditions": lambda text: re.sub(r"if: \$\{\{ (.*) \}\}", r'if: "\1"', text),
    "lists over lines": lambda text: re.sub(r"branches: \[(\w+)\]", r"branches:\n      - \1", text),
    "anchors": lambda text: text.replace("permissions: {}", "permissions: &none {}") + "x-none: *none\n",
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "a mark at the start": lambda text: "\ufeff" + text,
    "no end": lambda text: text.rstrip("\n"),
    "a document's marks": lambda text: f"---\n{text}...\n",
}


@pytest.mark.parametrize("workflow", WORKFLOWS)
@pytest.mark.parametrize("label", TEXTS)
def test_another_way_of_writing_is_accepted(tmp_path: Path, workflow: str, label: str) -> None:
    text = TEXTS[label](FILES[workflow].text)
    assert [f"{one.where()}: {one.message}" for one in judged(tmp_path, workflow, text).problems] == []


# --- whatever the file holds, it is judged

JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.floats(0, 1), st.text(max_size=3), st.just("${{ x }}")),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=4,
)


def places(value: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from places(inner, (*above, key))


PLAIN = {name: as_read(dict(FILES[name].document or {})) for name in WORKFLOWS}
PLACES = [(name, place) for name in WORKFLOWS for place in places(PLAIN[name])]


@given(st.sampled_from(PLACES), JUNK)
def test_no_content_is_too_strange(at: tuple[str, tuple[Any, ...]], junk: object) -> None:
    workflow, place = at
    data = copy.deepcopy(PLAIN[workflow])
    here = data
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = junk
    expected = FILES[workflow].document
    assert expected is not None
    for one in broken(data, expected, msgspec.json.encode(data).decode()):
        assert one.message


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, {"jobs": None}, {"jobs": []}, {"jobs": {}}, {"jobs": {"x": 1}}])
def test_what_is_no_workflow_is_said_so(junk: object) -> None:
    expected = FILES["publish"].document
    assert expected is not None
    assert broken(junk, expected, "")
