"""What a remote, or a clone, can say no to: exit 4 (or 2, 3) with the reason and the next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.clones import Clone, Hub

pytestmark = pytest.mark.usefixtures("own_git")


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path, {"a.txt": "a\n"})


@pytest.fixture
def mine(hub: Hub) -> Clone:
    clone = hub.clone("mine")
    clone.commit("one", {"b.txt": "b\n"})
    return clone


def refused(mine: Clone, hub: Hub, *arguments: str, code: int = 4) -> str:
    """What is said when a push is refused and nothing has changed."""
    before, refs = mine.state(), hub.git("for-each-ref")
    ran = mine.push(*arguments)
    assert ran.code == code, ran.out + ran.err
    assert mine.state() == before
    assert hub.git("for-each-ref") == refs
    assert "→" in ran.err
    document = mine.push(*arguments, "--format", "json")
    assert document.document["verdict"] == ("fail" if code == 4 else "unknown")
    assert document.document["reason"]
    return ran.err


def test_a_protected_branch(mine: Clone, hub: Hub) -> None:
    hub.hook("update", 'echo "error: GH006: Protected branch update failed for $1." >&2; exit 1')
    said = refused(mine, hub)
    assert "GH006: Protected branch update failed for refs/heads/main" in said
    assert "--branch NAME" in said


def test_a_hook_of_the_remote(mine: Clone, hub: Hub) -> None:
    hub.hook("pre-receive", 'echo "no pushes on Fridays" >&2; exit 1')
    assert "no pushes on Fridays" in refused(mine, hub)


def test_a_hook_of_the_clone_is_asked_as_git_would_ask(mine: Clone, hub: Hub) -> None:
    hook = mine.root / ".git/hooks/pre-push"
    hook.write_text('#!/bin/sh\necho "$1 $2" >&2; cat >&2; pwd >&2; exit 1\n')
    hook.chmod(0o755)
    said = refused(mine, hub)
    head, old = mine.git("rev-parse", "HEAD"), hub.git("rev-parse", "main")
    assert f"origin {hub.url}" in said
    assert f"HEAD {head} refs/heads/main {old}" in said
    assert str(mine.root) in said


def test_a_branch_that_is_gone(mine: Clone, hub: Hub) -> None:
    hub.git("update-ref", "-d", "refs/heads/main")
    assert "git push origin HEAD:main creates it again" in refused(mine, hub)


def test_a_branch_that_was_rewound_is_not_wound_forward_again(mine: Clone, hub: Hub) -> None:
    old = hub.git("rev-parse", "main")
    other = hub.clone("other")
    other.commit("withdrawn", {"secret": "s"})
    other.git("push", "-q")
    mine.git("pull", "-q", "--rebase")
    mine.commit("two", {"c.txt": "c\n"})
    hub.git("update-ref", "refs/heads/main", old)
    assert "was rewound" in refused(mine, hub)
    # Fetched meanwhile, the clone still remembers.
    mine.git("fetch", "-q")
    assert "was rewound" in refused(mine, hub)


@pytest.mark.parametrize(
    ("change", "what"), [("refs/heads/main refs/heads/main~1", "rewound"), ("-d refs/heads/main", "deleted")]
)
def test_a_branch_that_goes_back_while_we_push_is_not_brought_back(hub: Hub, change: str, what: str) -> None:
    other = hub.clone("other")
    other.commit("withdrawn", {"w.txt": "w"})
    other.git("push", "-q")
    mine = hub.clone("mine")
    mine.commit("one", {"b.txt": "b\n"})
    hook = mine.root / ".git/hooks/pre-push"
    hook.write_text(f"#!/bin/sh\ngit -C {hub.root} update-ref {change}\n")
    hook.chmod(0o755)
    before = mine.state()
    ran = mine.push()
    assert ran.code == 4, ran.err
    assert f"was {what} on origin meanwhile" in ran.err
    assert mine.state() == before
    assert "one" not in hub.git("log", "--all", "--format=%s")
    assert hub.queue() == ""


def test_a_remote_that_is_gone(mine: Clone, hub: Hub) -> None:
    hub.root.rename(hub.root.with_name("elsewhere.git"))
    ran = mine.push()
    assert ran.code == 4
    assert "git remote set-url" in ran.err


def test_a_remote_that_was_never_there(mine: Clone, hub: Hub) -> None:
    ran = mine.push("--remote", "nobody", "--branch", "main")
    assert (ran.code, "there are: origin" in ran.err) == (4, True)
    assert hub.subjects() == ["Begin"]


def test_a_host_that_cannot_be_reached_is_unknown(mine: Clone, hub: Hub) -> None:
    mine.git("remote", "set-url", "origin", "http://127.0.0.1:9/x.git")
    assert "could not be reached" in refused(mine, hub, code=3)


def test_a_merge_commit(mine: Clone, hub: Hub) -> None:
    mine.git("checkout", "-q", "-b", "side", "HEAD~1")
    mine.commit("side", {"s": "s"})
    mine.git("checkout", "-q", "main")
    mine.git("merge", "-q", "--no-edit", "side")
    assert "is a merge commit" in refused(mine, hub)


def test_no_common_history(mine: Clone, hub: Hub) -> None:
    mine.git("checkout", "-q", "--orphan", "alien")
    mine.commit("alien")
    assert "no common history" in refused(mine, hub, "--branch", "main")


def test_a_shallow_clone_that_does_not_reach_back(hub: Hub) -> None:
    old = hub.git("rev-parse", "main")
    seed = hub.clone("two")
    for number in range(3):
        seed.commit(f"{number}", {"n": str(number)})
    seed.git("push", "-q")
    mine = hub.clone("shallow", "--depth=1")
    mine.git("update-ref", "-d", "refs/remotes/origin/main")
    mine.commit("mine", {"m": "m"})
    hub.git("update-ref", "refs/heads/main", old)
    assert "git fetch --unshallow" in refused(mine, hub)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("git checkout -q --detach", "HEAD is detached"),
        ("git branch -q --unset-upstream", "has no upstream"),
        ("git checkout -q -b side --track main", "is a branch of this clone"),
    ],
)
def test_what_cannot_be_told_is_a_usage_error(mine: Clone, script: str, said: str) -> None:
    mine.git(*script.split()[1:])
    ran = mine.push()
    assert (ran.code, said in ran.err, "→" in ran.err) == (2, True, True)


def test_something_under_way_is_a_usage_error(mine: Clone, hub: Hub) -> None:
    other = hub.clone("other")
    other.commit("theirs", {"b.txt": "theirs\n"})
    other.git("push", "-q")
    mine.git("pull", "-q", "--rebase", check=False)
    ran = mine.push("--branch", "main")
    assert (ran.code, "a rebase is under way" in ran.err) == (2, True)


def test_outside_a_repository_is_a_usage_error(tmp_path: Path) -> None:
    ran = Clone(tmp_path).push()
    assert (ran.code, "in no git repository" in ran.err) == (2, True)


def test_without_git_nothing_can_be_promised(mine: Clone) -> None:
    ran = mine.push(PATH="/nowhere")
    assert (ran.code, "install git" in ran.err) == (3, True)


def test_a_password_in_an_address_reaches_no_output(mine: Clone) -> None:
    mine.git("remote", "set-url", "origin", "http://bot:hunter2secret@127.0.0.1:9/x.git")
    for arguments in ([], ["--format", "json"], ["--remote", "http://bot:hunter2secret@127.0.0.1:9/x.git"]):
        ran = mine.push(*arguments)
        assert ran.code == 3
        assert "hunter2secret" not in ran.out + ran.err
