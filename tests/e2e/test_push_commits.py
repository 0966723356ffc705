"""The first form: the current branch's own commits."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.clones import Clone, Hub, report

pytestmark = pytest.mark.usefixtures("own_git")


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path, {"report.json": report(1, total=1), "a.txt": "a\n", "log.jsonl": '{"n": 0}\n'})


def behind(hub: Hub, **files: str) -> tuple[Clone, Clone]:
    """A clone that another one has been faster than."""
    mine, other = hub.clone("mine"), hub.clone("other")
    other.commit("theirs", {name.replace("__", "/"): text for name, text in files.items()} or {"b.txt": "b\n"})
    other.git("push", "-q")
    return mine, other


def test_commits_land_rebased_with_author_dates_and_message_kept(hub: Hub) -> None:
    mine, _ = behind(hub)
    date = {"GIT_AUTHOR_DATE": "1700000000 +0300", "GIT_COMMITTER_DATE": "1700000001 -0500"}
    mine.write({"c.txt": "c\n"})
    mine.git("add", "-A")
    mine.git("commit", "-q", "-m", "Subject\n\nBody é\n\nSigned-off-by: X", "--author", "Ann <a@e>", **date)
    shape = "--format=%an|%ae|%ad|%cn|%cd|%B"
    before = mine.git("log", "-1", shape, "--date=raw")
    ran = mine.push()
    assert ran.code == 0, ran.err
    assert hub.subjects() == ["Begin", "theirs", "Subject"]
    assert hub.git("log", "-1", shape, "--date=raw", "main") == before
    assert mine.git("status", "-sb") == "## main...origin/main"
    hub.assert_linear()
    mine.assert_sound()


def test_what_needs_no_replay_lands_as_it_is(hub: Hub) -> None:
    mine = hub.clone("mine")
    head = mine.commit("one", {"c.txt": "c"})
    ran = mine.push("--format", "json")
    assert (ran.code, hub.git("rev-parse", "main")) == (0, head)
    assert [one["outcome"] for one in ran.document["commits"]] == ["unchanged"]
    assert list(ran.document)[:4] == ["schema", "verdict", "enforced", "scope"]


def test_nothing_to_land_is_a_pass_that_pushes_nothing(hub: Hub) -> None:
    mine, _ = behind(hub)
    ran = mine.push("--format", "json")
    assert (ran.code, ran.document["pushes"], ran.document["commits"]) == (0, 0, [])
    assert mine.git("rev-parse", "HEAD") == hub.git("rev-parse", "main")


def test_uncommitted_changes_staged_or_not_and_untracked_files_stay_as_they_are(hub: Hub) -> None:
    mine, _ = behind(hub)
    mine.commit("one", {"c.txt": "c\n", ".gitignore": "ignored\n"})
    mine.write({"a.txt": "staged\n", "new.txt": "new\n"})
    mine.git("add", "a.txt", "new.txt")
    mine.write({"a.txt": "on top\n", "untracked é": "u", "ignored": "i"})
    before = mine.state()
    assert mine.push().code == 0
    after = mine.state()
    assert mine.git("diff", "--cached", "--name-only").split() == ["a.txt", "new.txt"]
    files, old = after["files"], before["files"]
    assert isinstance(files, dict)
    assert isinstance(old, dict)
    assert {name: files[name] for name in old} == old
    assert files.keys() - old.keys() == {"b.txt"}


@pytest.mark.parametrize("kind", ["modified", "staged", "untracked", "ignored"])
def test_where_a_local_file_is_in_the_way_the_commits_land_and_the_branch_stays(hub: Hub, kind: str) -> None:
    mine, _ = behind(hub, **({"a.txt": "theirs\n"} if kind in {"modified", "staged"} else {"x.txt": "theirs\n"}))
    mine.commit("one", {"c.txt": "c\n"})
    mine.write({"a.txt": "dirty\n"} if kind in {"modified", "staged"} else {"x.txt": "precious\n"})
    if kind == "staged":
        mine.git("add", "a.txt")
    if kind == "ignored":
        (mine.root / ".git/info/exclude").write_text("x.txt\n")
    before = mine.state()
    ran = mine.push()
    assert ran.code == 0, ran.err
    assert "it has landed, but this branch stays where it is" in ran.out
    assert mine.state() == before
    assert hub.subjects() == ["Begin", "theirs", "one"]
    mine.assert_sound()
    # Out of the way, the next run moves the branch and lands nothing twice.
    mine.git("checkout", "-q", "-f", "HEAD")
    (mine.root / "x.txt").unlink(missing_ok=True)
    again = mine.push("--format", "json")
    assert [one["outcome"] for one in again.document["commits"]] == ["already"]
    assert hub.subjects() == ["Begin", "theirs", "one"]
    assert mine.git("rev-parse", "HEAD") == hub.git("rev-parse", "main")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("p/q", "echo precious > p"), ("p/q", "ln -s /nowhere p"), ("d", "echo precious > d/p"),
     ("d", "ln -s /nowhere d/p"), ("s", "echo precious > s/p"), ("d", "true")],
)  # fmt: skip
def test_what_git_does_not_know_stays_where_a_folder_and_a_file_take_turns(hub: Hub, theirs: str, ours: str) -> None:
    mine, other = hub.clone("mine"), hub.clone("other")
    mine.commit("Folder", {"d/one": "1\n"})
    mine.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", hub.url, "s")
    mine.git("commit", "-q", "-m", "Submodule")
    mine.git("push", "-q")
    other.git("pull", "-q")
    other.git("rm", "-q", "-r", "--ignore-unmatch", theirs)
    other.commit("theirs", {theirs: "theirs\n"})
    other.git("push", "-q")
    mine.commit("one", {"c.txt": "c\n"})
    (mine.root / ".git/info/exclude").write_text("p\n")
    subprocess.run(["sh", "-c", ours], cwd=mine.root, check=True)
    before = mine.state()
    ran = mine.push()
    assert ran.code == 0, ran.err
    # Where nothing of the user's is in the way, git's own folder is not said to be.
    is_free = ours == "true"
    assert ("in the way" in ran.out) != is_free, ran.out
    assert (mine.state() == before) != is_free
    assert (mine.root / "d").is_file() == is_free
    mine.assert_sound()


def test_stamps_resolve_and_are_listed_in_output_document_and_trailer(hub: Hub) -> None:
    mine, other = hub.clone("mine"), hub.clone("other")
    other.commit("theirs", {"report.json": report(5, total=1)})
    other.git("push", "-q")
    mine.commit("ours", {"report.json": report(3, total=1), "log.jsonl": '{"n": 0}\n{"n": 1}\n'})
    dry = mine.push("--dry-run")
    ran = mine.push("--format", "json")
    assert ran.code == 0, ran.err
    words = "report.json: generated_at: 2026-01-05T00:00:00Z over 2026-01-03T00:00:00Z"
    assert words in dry.out
    assert [(one["field"], one["taken"]) for one in ran.document["resolutions"]] == [("generated_at", "theirs")]
    assert hub.git("log", "-1", "--format=%(trailers:key=Lockgate-Resolved,valueonly)", "main") == words
    assert hub.show("report.json") == report(5, total=1)


def test_a_content_conflict_is_refused_with_path_field_and_both_sides_and_nothing_changes(hub: Hub) -> None:
    mine, _ = behind(hub, **{"report.json": report(5, total=7)})
    mine.commit("ours", {"report.json": report(3, total=8)})
    mine.write({"untracked": "u"})
    before, refs = mine.state(), hub.git("for-each-ref")
    ran = mine.push()
    assert ran.code == 4
    assert "report.json: total" in ran.out
    assert "ours    8" in ran.out
    assert "theirs  7" in ran.out
    assert "→" in ran.err
    assert (mine.state(), hub.git("for-each-ref")) == (before, refs)
    document = mine.push("--format", "json").document
    assert document["verdict"] == "fail"
    assert document["conflicts"][0]["field"] == "total"
    mine.assert_sound()


@pytest.mark.parametrize("state", ["lands", "conflict"])
def test_a_dry_run_writes_nothing_anywhere(hub: Hub, state: str) -> None:
    mine, _ = behind(hub, **({"a.txt": "theirs\n"} if state == "conflict" else {}))
    mine.commit("ours", {"a.txt": "ours\n"})

    def everything(root: Path) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}

    before = everything(mine.root), everything(hub.root)
    ran = mine.push("--dry-run")
    assert ran.code == (4 if state == "conflict" else 0), ran.err
    assert ("would land" in ran.out) == (state == "lands")
    assert (everything(mine.root), everything(hub.root)) == before


def test_a_killed_run_that_had_landed_lands_nothing_twice(hub: Hub) -> None:
    mine, _ = behind(hub)
    old = mine.commit("one", {"c.txt": "c\n"})
    assert mine.push().code == 0
    # As if it had been killed between the push and the move of the branch.
    mine.git("reset", "-q", "--hard", old)
    mine.commit("two", {"d.txt": "d\n"})
    ran = mine.push("--format", "json")
    assert [one["outcome"] for one in ran.document["commits"]] == ["already", "replayed"]
    assert hub.subjects() == ["Begin", "theirs", "one", "two"]
    assert mine.git("status", "-sb") == "## main...origin/main"


def test_a_commit_that_becomes_empty_is_dropped_and_one_that_was_empty_is_kept(hub: Hub) -> None:
    mine, _ = behind(hub, **{"a.txt": "same\n"})
    mine.commit("same", {"a.txt": "same\n"})
    mine.git("commit", "-q", "--allow-empty", "-m", "marker")
    ran = mine.push("--format", "json")
    assert [one["outcome"] for one in ran.document["commits"]] == ["empty", "replayed"]
    assert hub.subjects() == ["Begin", "theirs", "marker"]


def test_another_branch_can_be_named_and_created(hub: Hub) -> None:
    mine = hub.clone("mine")
    head = mine.commit("one", {"c.txt": "c"})
    assert mine.push("--branch", "topic/new").code == 0
    assert hub.git("rev-parse", "topic/new") == head
    assert hub.subjects() == ["Begin"]


def test_a_worktree_lands_its_own_branch(hub: Hub, tmp_path: Path) -> None:
    mine, _ = behind(hub)
    mine.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "tree"), "--track", "origin/main")
    tree = Clone(tmp_path / "tree")
    tree.commit("one", {"c.txt": "c"})
    main = mine.git("rev-parse", "main")
    assert mine.push("-C", str(tree.root)).code == 0
    assert hub.subjects() == ["Begin", "theirs", "one"]
    assert (mine.git("rev-parse", "main"), tree.git("status", "--short")) == (main, "")


def test_two_pushes_in_one_clone_wait_for_each_other(hub: Hub) -> None:
    mine, _ = behind(hub)
    mine.commit("one", {"c.txt": "c"})
    hook = mine.root / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nsleep 1\n")
    hook.chmod(0o755)
    first = mine.start()
    second = mine.start()
    outs = [process.communicate(timeout=60) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert any(b"waiting for another lockgate push" in err for _, err in outs)
    assert hub.subjects() == ["Begin", "theirs", "one"]


def test_declared_stamps_resolve_too(hub: Hub) -> None:
    mine, other = hub.clone("mine"), hub.clone("other")
    table = {"pyproject.toml": '[tool.lockgate.push]\nstamps = ["build.when"]\n'}
    mine.commit("base", {"x.json": '{"build": {"when": "2026-01-01"}, "when": "2026-01-01"}', **table})
    mine.git("push", "-q")
    other.git("pull", "-q")
    other.commit("theirs", {"x.json": '{"build": {"when": "2026-01-03"}, "when": "2026-01-01"}'})
    other.git("push", "-q")
    mine.commit("ours", {"x.json": '{"build": {"when": "2026-01-02"}, "when": "2026-01-01"}'})
    ran = mine.push()
    assert (ran.code, hub.show("x.json")) == (0, '{"build": {"when": "2026-01-03"}, "when": "2026-01-01"}\n')


def test_an_index_that_git_has_not_refreshed_is_no_hindrance(hub: Hub) -> None:
    mine, other = hub.clone("mine"), hub.clone("other")
    other.commit("theirs", {"a.txt": "changed\n"})
    other.git("push", "-q")
    mine.commit("ours", {"b.txt": "b\n"})
    os.utime(mine.root / "a.txt", (1, 1))
    assert mine.push().code == 0
    assert (mine.root / "a.txt").read_text() == "changed\n"
    assert mine.git("status", "--porcelain") == ""


def test_the_branch_moves_although_its_memory_of_the_remote_one_is_locked(hub: Hub) -> None:
    mine, _ = behind(hub)
    mine.commit("ours", {"c.txt": "c\n"})
    (mine.root / ".git/refs/remotes/origin/main.lock").write_text("")
    ran = mine.push()
    assert (ran.code, "note" in ran.out) == (0, False), ran.out + ran.err
    assert mine.git("rev-parse", "HEAD") == hub.git("rev-parse", "main")
    assert mine.git("status", "--porcelain") == ""


def test_a_branch_beside_a_tag_of_its_name(hub: Hub) -> None:
    mine = hub.clone("mine")
    mine.commit("ours", {"b.txt": "b\n"})
    mine.git("tag", "main")
    assert mine.push().code == 0
    assert hub.subjects() == ["Begin", "ours"]


def test_a_branch_that_is_made_of_nothing_new_is_said(hub: Hub) -> None:
    mine = hub.clone("mine")
    ran = mine.push("--branch", "release/1")
    assert (ran.code, "0 commits on origin/release/1" in ran.out) == (0, True), ran.out
    assert hub.subjects("release/1") == ["Begin"]


def test_a_branch_known_by_another_name(hub: Hub) -> None:
    mine = hub.clone("mine")
    mine.git("symbolic-ref", "refs/heads/trunk", "refs/heads/main")
    mine.git("checkout", "-q", "trunk")
    mine.commit("ours", {"b.txt": "b\n"})
    assert mine.push().code == 0
    assert (hub.subjects(), hub.git("branch", "--format=%(refname:short)")) == (["Begin", "ours"], "main")


def test_what_a_killed_fetch_has_left_is_fetched_again(hub: Hub) -> None:
    mine, _ = behind(hub)
    # Git stores what it is given one by one, and a commit comes before its files.
    theirs = subprocess.run(["git", "cat-file", "commit", "main"], cwd=hub.root, capture_output=True, check=True).stdout
    subprocess.run(["git", "hash-object", "-t", "commit", "-w", "--stdin"], cwd=mine.root, input=theirs, check=True)
    mine.commit("ours", {"c.txt": "c\n"})
    ran = mine.push()
    assert ran.code == 0, ran.out + ran.err
    assert hub.subjects() == ["Begin", "theirs", "ours"]
    mine.assert_sound()


def test_what_really_kept_the_branch_from_moving_is_said(hub: Hub) -> None:
    mine, _ = behind(hub, b__txt="b\n", late__s="late\n")
    mine.commit("ours", {"c.txt": "c\n"})
    (mine.root / ".git/info/attributes").write_text("*/s filter=late\n")
    mine.git("config", "filter.late.smudge", "false")
    mine.git("config", "filter.late.required", "true")
    ran = mine.push()
    assert (ran.code, "smudge filter late failed" in ran.out) == (0, True), ran.out
    assert hub.subjects() == ["Begin", "theirs", "ours"]
    mine.assert_sound()


def test_a_repository_that_the_environment_names_from_a_subfolder(hub: Hub) -> None:
    mine, _ = behind(hub)
    mine.commit("ours", {"d/c.txt": "c\n"})
    ran = mine.push("-C", "d", GIT_DIR="../.git", GIT_WORK_TREE="..")
    assert (ran.code, "note" in ran.out) == (0, False), ran.out + ran.err
    assert mine.git("status", "-sb") == "## main...origin/main"


def test_more_commits_than_are_written_one_by_one(hub: Hub) -> None:
    mine, other = hub.clone("mine"), hub.clone("other")
    other.commit("theirs", {"n.txt": "n\n"})
    other.git("push", "-q")
    for number in range(40):
        mine.commit(f"ours {number}", {"b.txt": f"{number}\n"})
    assert mine.push().code == 0
    assert hub.subjects() == ["Begin", "theirs", *(f"ours {number}" for number in range(40))]
    hub.assert_linear()
    mine.assert_sound()
    assert len(list((mine.root / ".git/objects/pack").glob("*.pack"))) == 1
