"""The second form: a folder's files as one commit on a branch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.clones import Clone, Hub, report
from tests.support import write

pytestmark = pytest.mark.usefixtures("own_git")


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path, {"a.txt": "a\n"})


@pytest.fixture
def mine(hub: Hub) -> Clone:
    return hub.clone("mine")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return write(tmp_path / "out", {"report.json": report(1), "security/log.jsonl": '{"n": 1}\n'})


def test_a_remote_whose_address_is_not_utf8(hub: Hub) -> None:
    mine = hub.clone("mine")
    place = os.fsdecode(os.fsencode(hub.root.parent) + b"/caf\xe9.git")
    hub.root.rename(place)
    ran = mine.push("--remote", place, "--branch", "out", "--commit", "x", "--from", ".", "--format", "json")
    assert (ran.code, ran.document["remote"][-10:]) == (0, "\\udce9.git"), ran.err


def test_the_branch_is_made_without_a_past_and_the_clone_is_not_touched(hub: Hub, mine: Clone, out: Path) -> None:
    mine.write({"a.txt": "dirty\n", "untracked": "u"})
    mine.git("add", "a.txt")
    before = mine.state()
    ran = mine.push("--branch", "lockgate-reports", "--commit", "Nightly\n\nbody", "--from", str(out))
    assert ran.code == 0, ran.err
    assert mine.state() == before
    assert hub.git("log", "--format=%s|%an|%P", "lockgate-reports") == "Nightly|mine|"
    assert hub.git("ls-tree", "-r", "--name-only", "lockgate-reports").split() == ["report.json", "security/log.jsonl"]
    assert hub.show("report.json", "lockgate-reports") == report(1)


def test_files_are_put_over_the_tip_and_the_rest_stays(hub: Hub, mine: Clone, out: Path) -> None:
    assert mine.push("--branch", "r", "--commit", "1", "--from", str(out)).code == 0
    write(out, {"report.json": report(2), "more.txt": "m"})
    (out / "security/log.jsonl").unlink()
    assert mine.push("--branch", "r", "--commit", "2", "--from", str(out)).code == 0
    assert hub.subjects("r") == ["1", "2"]
    assert hub.show("report.json", "r") == report(2)
    assert hub.show("security/log.jsonl", "r") == '{"n": 1}\n'
    assert mine.push("--branch", "r", "--commit", "3", "--from", str(out)).code == 0
    assert hub.subjects("r") == ["1", "2"]


def test_everything_in_the_folder_is_taken_ignored_executable_and_linked(hub: Hub, mine: Clone, out: Path) -> None:
    write(out, {".gitignore": "*.log\n", "x.log": "log", "run.sh": "#!/bin/sh\n"})
    (out / "run.sh").chmod(0o755)
    (out / "link").symlink_to("x.log")
    name = os.fsencode(out) + b"/caf\xe9"
    with open(name, "wb") as file:  # noqa: PTH123  (a name that is not UTF-8)
        file.write(b"x")
    assert mine.push("--branch", "r", "--commit", "1", "--from", str(out)).code == 0
    listing = hub.git("ls-tree", "-r", "-z", "r").split("\0")
    modes = {line.partition("\t")[2]: line[:6] for line in listing}
    assert modes["x.log"] == "100644"
    assert modes["run.sh"] == "100755"
    assert modes["link"] == "120000"
    assert os.fsdecode(b"caf\xe9") in modes


def test_line_ends_follow_the_branch_s_attributes(hub: Hub, mine: Clone, out: Path) -> None:
    write(out, {".gitattributes": "*.txt text\n"})
    assert mine.push("--branch", "r", "--commit", "1", "--from", str(out)).code == 0
    (out / ".gitattributes").unlink()
    write(out, {"x.txt": b"a\r\nb\r\n"})
    assert mine.push("--branch", "r", "--commit", "2", "--from", str(out)).code == 0
    assert hub.show("x.txt", "r") == "a\nb\n"


def test_only_a_newer_stamp_goes_over_the_branch_s(hub: Hub, mine: Clone, out: Path) -> None:
    write(out, {"report.json": report(5)})
    assert mine.push("--branch", "r", "--commit", "1", "--from", str(out)).code == 0
    write(out, {"report.json": report(4)})
    ran = mine.push("--branch", "r", "--commit", "2", "--from", str(out), "--format", "json")
    assert (ran.code, hub.subjects("r")) == (0, ["1"])
    assert ran.document["resolutions"][0]["taken"] == "theirs"
    write(out, {"report.json": report(4, total=3)})
    ran = mine.push("--branch", "r", "--commit", "3", "--from", str(out))
    assert (ran.code, hub.subjects("r")) == (4, ["1"])
    assert "generated_at" in ran.out
    write(out, {"report.json": report(6, total=3)})
    assert mine.push("--branch", "r", "--commit", "4", "--from", str(out)).code == 0
    assert hub.show("report.json", "r") == report(6, total=3)


def test_no_line_of_a_log_is_lost(hub: Hub, mine: Clone, out: Path) -> None:
    log = "security/log.jsonl"
    assert mine.push("--branch", "r", "--commit", "1", "--from", str(out)).code == 0
    write(out, {log: '{"n": 1}\n{"n": 2}\n'})
    assert mine.push("--branch", "r", "--commit", "2", "--from", str(out)).code == 0
    write(out, {log: '{"n": 1}\n{"n": 3}\n'})
    assert mine.push("--branch", "r", "--commit", "3", "--from", str(out)).code == 0
    assert hub.show(log, "r") == '{"n": 1}\n{"n": 2}\n{"n": 3}\n'
    write(out, {log: '{"n": 2}\n'})
    assert mine.push("--branch", "r", "--commit", "4", "--from", str(out)).code == 0
    write(out, {log: '{"n": 7}\n{"n": 2}\n'})
    assert mine.push("--branch", "r", "--commit", "5", "--from", str(out)).code == 4
    assert hub.show(log, "r") == '{"n": 1}\n{"n": 2}\n{"n": 3}\n'
    assert hub.subjects("r") == ["1", "2", "3"]


def test_a_rerun_after_a_kill_lands_the_same_commit_once(hub: Hub, mine: Clone, out: Path) -> None:
    pushing = ("--branch", "r", "--commit", "1", "--from", str(out))
    journal = mine.root / ".git/lockgate/push/r.json"
    hook = mine.root / ".git/hooks/pre-push"
    hook.write_text(f"#!/bin/sh\ncp {journal} {journal}.kept\n")
    hook.chmod(0o755)
    assert mine.push(*pushing).code == 0
    assert not journal.exists()
    # The journal as a run leaves it that was killed right after its push; then somebody else changed the file.
    other = hub.clone("other", "-b", "r")
    other.commit("theirs", {"report.json": report(2, total=2)})
    other.git("push", "-q")
    journal.with_suffix(".json.kept").rename(journal)
    hook.unlink()
    ran = mine.push(*pushing, "--format", "json")
    assert [one["outcome"] for one in ran.document["commits"]] == ["already"]
    assert hub.subjects("r") == ["1", "theirs"]
    assert not journal.exists()


def test_a_repository_inside_the_folder_is_refused(hub: Hub, mine: Clone, out: Path) -> None:
    inner = Clone(write(out / "inner", {"x": "x"}))
    inner.git("init", "-q")
    inner.git("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "x")
    ran = mine.push("--branch", "r", "--commit", "1", "--from", str(out))
    assert ran.code == 2
    assert "repository of its own" in ran.err
    assert hub.git("branch", "--list", "r") == ""


def test_nobody_known_as_author_is_a_usage_error_with_the_next_command(mine: Clone, out: Path) -> None:
    mine.git("config", "--unset", "user.name")
    mine.git("config", "--unset", "user.email")
    ran = mine.push("--branch", "r", "--commit", "1", "--from", str(out))
    assert ran.code == 2
    assert "git config --global user.name" in ran.err


def test_an_empty_folder_is_nothing_to_land(hub: Hub, mine: Clone, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = mine.push("--branch", "r", "--commit", "1", "--from", str(tmp_path / "empty"))
    assert (ran.code, "nothing to land" in ran.out) == (0, True)
    assert hub.git("branch", "--list", "r") == ""


def test_a_dry_run_shows_the_commit_and_writes_nothing(hub: Hub, mine: Clone, out: Path) -> None:
    before = sorted(str(path) for path in mine.root.rglob("*"))
    ran = mine.push("--branch", "r", "--commit", "1", "--from", str(out), "--dry-run")
    assert (ran.code, "1 commit would land" in ran.out) == (0, True)
    assert sorted(str(path) for path in mine.root.rglob("*")) == before
    assert hub.git("branch", "--list", "r") == ""


@pytest.mark.parametrize("arguments", [["--commit", "x"], ["--from", "."], ["--commit", "x", "--from", "."],
                                       ["--commit", " ", "--from", ".", "--branch", "r"]])  # fmt: skip
def test_half_of_the_form_is_a_usage_error(mine: Clone, arguments: list[str]) -> None:
    ran = mine.push(*arguments)
    assert (ran.code, ran.out) == (2, "")
