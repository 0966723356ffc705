"""Moves between states: whatever is asked in whatever order, no ledger says what cannot be."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.errors import UsageError
from lockgate.model.release import SBOM, FileState, Ledger, Prerequisite, ReleaseFile, State
from lockgate.publish import ledger as moves

SHA = "ab" * 32
COMMIT = "c0" * 20
PASS = Prerequisite(name="version", status="pass", detail="1.0")
FILES = (
    ReleaseFile(name="p-1.0.tar.gz", kind="sdist", sha256=SHA, size=1),
    ReleaseFile(name="p-1.0-py3-none-any.whl", kind="wheel", sha256=SHA, size=2),
)


def fresh(**changes: object) -> Ledger:
    ledger = Ledger(
        project="p", version="1.0", commit=COMMIT, source_date_epoch=0, tag="v1.0", index="https://pypi.org"
    )
    return msgspec.structs.replace(ledger, **changes)


def at_built() -> Ledger:
    return moves.built(moves.planned(None, fresh(), [PASS], 0), FILES, SHA, ["a note"], 0)


def all_files(ledger: Ledger, *states: FileState) -> Ledger:
    for state in states:
        for file in ledger.files:
            ledger = moves.file_moved(ledger, file.name, state)
    return ledger


def test_a_release_goes_its_way_and_its_journal_says_so() -> None:
    ledger = moves.moved(at_built(), "uploading", 1.0)
    ledger = moves.moved(all_files(ledger, "uploading", "stored"), "uploaded", 2.0)
    ledger = moves.moved(all_files(ledger, "verified"), "verified", 3.0)
    ledger = moves.moved(ledger, "released", 4.0, "v1.0")
    assert [step.name for step in ledger.steps] == ["plan", "built", "uploading", "uploaded", "verified", "released"]
    assert ledger.steps[-1].at == "1970-01-01T00:00:04+00:00"
    assert moves.next_command(ledger) is None


Action = tuple[str, str, str]
ACTIONS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(get_args(State)), st.just("")),
    st.tuples(st.just("file"), st.sampled_from([one.name for one in FILES]), st.sampled_from(get_args(FileState))),
    st.tuples(st.just("build"), st.just(""), st.just("")),
    st.tuples(st.just("plan"), st.sampled_from([COMMIT, "d0" * 20]), st.just("")),
    st.tuples(st.just("burn"), st.just("other bytes"), st.just("")),
)


def taken(ledger: Ledger, action: Action) -> Ledger:
    kind, first, second = action
    if kind == "move":
        return moves.moved(ledger, first, 0)  # type: ignore[arg-type]
    if kind == "file":
        return moves.file_moved(ledger, first, second)  # type: ignore[arg-type]
    if kind == "build":
        return moves.built(ledger, FILES, SHA, (), 0)
    if kind == "plan":
        return moves.planned(ledger, fresh(commit=first), [PASS], 0)
    return moves.burned(ledger, first, 0)


@given(st.lists(ACTIONS, max_size=30))
def test_no_order_of_moves_makes_a_ledger_that_contradicts_itself(actions: list[Action]) -> None:
    ledger = moves.planned(None, fresh(), [PASS], 0)
    for action in actions:
        before = ledger
        try:
            ledger = taken(ledger, action)
        except UsageError:
            assert ledger == before
            continue
        assert moves.contradictions(ledger) == (), action
        # What was built is never rebuilt, and nothing comes back from an end.
        assert not before.files or [one.sha256 for one in ledger.files] == [one.sha256 for one in before.files]
        assert before.state not in {"released", "burned"} or action[0] == "plan"
        assert before.state == "planned" or ledger.commit == before.commit
        assert len(ledger.steps) >= len(before.steps)
        assert msgspec.json.decode(msgspec.json.encode(ledger), type=Ledger) == ledger


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_has_one_next_command_or_is_an_end(state: State) -> None:
    ledger = msgspec.structs.replace(at_built(), state=state)
    following = moves.next_command(ledger)
    assert (following is None) == (not moves.MOVES[state])


def test_a_plan_that_does_not_pass_is_made_again() -> None:
    waits = Prerequisite(name="publisher", status="confirm", detail="?")
    assert moves.next_command(moves.planned(None, fresh(), [PASS, waits], 0)) == "plan"
    assert moves.next_command(None) == "plan"
    assert moves.verdict(fresh()) == "unknown"


def test_built_bytes_of_another_commit_are_not_planned_over() -> None:
    with pytest.raises(UsageError, match=r"of commit c0c0.*but this is d0d0") as refused:
        moves.planned(at_built(), fresh(commit="d0" * 20), [PASS], 0)
    assert "never rebuilt" in (refused.value.hint or "")


def test_built_bytes_for_one_index_are_not_planned_for_another() -> None:
    with pytest.raises(UsageError, match=r"built for https://pypi\.org, not for https://test"):
        moves.planned(at_built(), fresh(index="https://test.pypi.org"), [PASS], 0)


def test_a_mere_plan_of_an_earlier_commit_is_replaced() -> None:
    before = moves.planned(None, fresh(), [PASS], 0)
    after = moves.planned(before, fresh(commit="d0" * 20), [PASS], 1)
    assert after.commit == "d0" * 20
    assert len(after.steps) == 2


@pytest.mark.parametrize(("project", "version"), [("q", "1.0"), ("p", "1.1")])
def test_another_release_is_refused(project: str, version: str) -> None:
    with pytest.raises(UsageError, match=f"is of p 1.0, not of {project} {version}"):
        moves.refuse_other(fresh(), project=project, version=version)


def test_files_must_be_all_there_before_the_release_goes_on() -> None:
    ledger = moves.moved(at_built(), "uploading", 0)
    ledger = moves.file_moved(ledger, FILES[0].name, "stored")
    with pytest.raises(moves.ImpossibleMoveError, match=r"not uploaded: p-1\.0-py3-none-any\.whl not yet"):
        moves.moved(ledger, "uploaded", 0)
    with pytest.raises(moves.ImpossibleMoveError, match="it has no files"):
        moves.moved(fresh(), "built", 0)
    with pytest.raises(moves.ImpossibleMoveError, match=r"has no file x\.whl"):
        moves.file_moved(ledger, "x.whl", "stored")
    with pytest.raises(moves.ImpossibleMoveError, match="same name"):
        moves.built(fresh(), (FILES[0], FILES[0]), SHA, (), 0)


def test_what_differs_on_the_disk_is_named() -> None:
    ledger = at_built()
    assert ledger.sbom is not None
    found = {FILES[0].name: "cd" * 32, "stray.txt": SHA, SBOM: ledger.sbom}
    assert moves.different(ledger, found) == (
        "p-1.0-py3-none-any.whl is missing",
        "p-1.0.tar.gz has other bytes",
        "stray.txt does not belong there",
    )
    assert moves.different(ledger, {SBOM: ledger.sbom, **{one.name: SHA for one in FILES}}) == ()


@pytest.mark.parametrize(
    ("ledger", "words"),
    [
        (fresh(files=FILES), "planned with 2 files"),
        (fresh(state="built"), "built with 0 files"),
        (fresh(state="built", files=(FILES[0], FILES[0])), "a file twice"),
        (fresh(state="uploaded", files=FILES), "uploaded, but p-1.0.tar.gz is planned"),
        (fresh(state="burned", files=FILES), "belong together"),
    ],
)
def test_a_ledger_that_was_tampered_with_is_seen(ledger: Ledger, words: str) -> None:
    assert words in "; ".join(moves.contradictions(ledger))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.whl", ".pypirc", "", "a\nb"])
def test_a_ledgers_file_names_lead_nowhere(name: str) -> None:
    raw = msgspec.json.decode(msgspec.json.encode(at_built()))
    raw["files"][0]["name"] = name
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, Ledger)
