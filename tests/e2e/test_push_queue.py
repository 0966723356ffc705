"""Contention: the queue, its lease, who has died in it, and hosts that do not take its references."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.e2e.clones import Clone, Hub
from tests.e2e.running import wait_for

pytestmark = pytest.mark.usefixtures("own_git")
LEASE = "refs/lockgate/lease/main"
QUEUE = "refs/lockgate/queue/main"
WHO = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    table = '[tool.lockgate.push]\nlease = "2s"\nqueue-age = "60s"\n'
    return Hub(tmp_path, {"a.txt": "a\n", "pyproject.toml": table})


def with_dead_leader(hub: Hub) -> str:
    """Somebody took the lease and was killed."""
    tree = hub.git("hash-object", "-t", "tree", "-w", "/dev/null")
    dead = hub.git("commit-tree", "-m", "process 1 on a machine", tree, **WHO)
    hub.git("update-ref", LEASE, dead)
    return dead


def entry(hub: Hub, name: str, files: dict[str, str], age: float = 0.0) -> Clone:
    """A pusher that was killed while it waited in the queue."""
    clone = hub.clone(name)
    clone.commit(name, dict(files))
    clone.git("push", "-q", "origin", f"HEAD:{QUEUE}/{int(time.time() - age)}-{name}-zz-all-x")
    return clone


def test_a_dead_leader_costs_its_time_and_is_said(hub: Hub) -> None:
    with_dead_leader(hub)
    mine = hub.clone("mine")
    mine.commit("one", {"b.txt": "b\n"})
    begun = time.monotonic()
    ran = mine.push()
    assert ran.code == 0, ran.err
    assert 2 <= time.monotonic() - begun < 12
    assert "process 1 on a machine" in ran.err
    assert "1 commit on origin/main" in ran.out
    assert (hub.subjects(), hub.queue()) == (["Begin", "one"], "")
    assert mine.git("status", "-sb") == "## main...origin/main"


def test_the_leader_lands_what_is_queued_and_a_rerun_of_that_lands_nothing_twice(hub: Hub) -> None:
    killed = entry(hub, "killed", {"k.txt": "k\n"})
    with_dead_leader(hub)
    mine = hub.clone("mine")
    mine.commit("one", {"b.txt": "b\n"})
    ran = mine.push("--format", "json")
    assert ran.code == 0, ran.err
    assert len(ran.document["carried"]) == 1
    assert [one["outcome"] for one in ran.document["commits"]] == ["replayed"]
    assert hub.subjects() == ["Begin", "killed", "one"]
    assert hub.git("log", "--format=%an", "main").split() == ["mine", "killed", "seed"]
    again = killed.push("--format", "json")
    assert [one["outcome"] for one in again.document["commits"]] in (["already"], [])
    assert hub.subjects() == ["Begin", "killed", "one"]
    assert killed.git("rev-parse", "HEAD") == hub.git("rev-parse", "main")


def test_an_entry_in_conflict_does_not_hold_up_the_others(hub: Hub) -> None:
    entry(hub, "first", {"c.txt": "1\n"})
    entry(hub, "second", {"c.txt": "2\n"})
    with_dead_leader(hub)
    mine = hub.clone("mine")
    mine.commit("one", {"b.txt": "b\n"})
    assert mine.push().code == 0
    assert hub.subjects() == ["Begin", "first", "one"]
    assert "second" in hub.queue()


def test_a_conflict_with_what_was_queued_before_is_refused_and_leaves_the_queue(hub: Hub) -> None:
    entry(hub, "first", {"c.txt": "1\n"})
    with_dead_leader(hub)
    mine = hub.clone("mine")
    mine.commit("one", {"c.txt": "2\n"})
    before = mine.state()
    ran = mine.push()
    assert ran.code == 4, ran.out + ran.err
    assert "c.txt" in ran.out
    assert (hub.subjects(), hub.queue(), mine.state()) == (["Begin", "first"], "", before)


@pytest.mark.parametrize("has_leader", [True, False])
def test_old_entries_are_collected_and_said(hub: Hub, has_leader: bool) -> None:
    entry(hub, "dead", {"c.txt": "1\n"}, age=120)
    if has_leader:
        with_dead_leader(hub)
    mine = hub.clone("mine")
    mine.commit("one", {"b.txt": "b\n"})
    ran = mine.push("--format", "json")
    assert ran.code == 0, ran.err
    assert "older than" in ran.document["collected"][0]
    assert "collected" in ran.err
    assert (hub.subjects(), hub.queue()) == (["Begin", "one"], "")


def test_a_host_that_does_not_take_such_references_gets_replays_with_pauses(hub: Hub) -> None:
    # The first three pushes to the branch lose: somebody else's commit comes in between.
    rival = hub.clone("rival")
    for number in range(3):
        rival.commit(f"rival {number}", {"r.txt": f"{number}\n"})
        rival.git("push", "-q", "origin", f"HEAD:refs/heads/rival-{number}")
    hub.hook(
        "pre-receive",
        f"""
        while read old new ref; do
            case $ref in refs/lockgate/*) echo "references outside heads and tags are not allowed" >&2; exit 1;; esac
            n=$(cat {hub.root}/n 2>/dev/null || echo 0); echo $((n + 1)) > {hub.root}/n
            [ "$n" -lt 3 ] && env -u GIT_QUARANTINE_PATH git update-ref refs/heads/main refs/heads/rival-$n
        done
        exit 0""",
    )
    mine = hub.clone("mine", "--single-branch")
    mine.commit("one", {"b.txt": "b\n"})
    ran = mine.push("--format", "json")
    assert ran.code == 0, ran.err
    assert hub.subjects() == ["Begin", "rival 0", "rival 1", "rival 2", "one"]
    assert "the next try is in" in ran.err
    assert hub.queue() == ""


def test_interrupted_in_the_queue_it_leaves_the_queue_and_exits_130(hub: Hub) -> None:
    mine = hub.clone("mine")
    mine.write({"pyproject.toml": '[tool.lockgate.push]\nlease = "5m"\n'})
    mine.commit("one", {"b.txt": "b\n"})
    dead = with_dead_leader(hub)
    before = mine.state()
    process = mine.start()
    wait_for(lambda: QUEUE in hub.queue(), "an entry in the queue")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert hub.queue() == LEASE
    assert hub.git("rev-parse", LEASE) == dead
    assert mine.state() == before
    mine.assert_sound()


def test_waiting_ends_when_the_time_is_up(hub: Hub) -> None:
    mine = hub.clone("mine")
    mine.write({"pyproject.toml": '[tool.lockgate.push]\nlease = "5m"\n'})
    mine.commit("one", {"b.txt": "b\n"})
    with_dead_leader(hub)
    ran = mine.push("--wait", "2s")
    assert (ran.code, "--wait 30m" in ran.err) == (3, True)
    assert hub.queue() == LEASE


def test_files_go_through_the_queue_too(hub: Hub, tmp_path: Path) -> None:
    with_dead_leader(hub)
    mine = hub.clone("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/report.txt").write_text("r\n")
    mine.commit("not meant", {"b.txt": "b\n"})
    ran = mine.push("--branch", "main", "--commit", "files", "--from", str(tmp_path / "out"))
    assert ran.code == 0, ran.err
    assert (hub.subjects(), hub.queue()) == (["Begin", "files"], "")


def test_who_is_told_to_joins_the_queue_at_once(hub: Hub) -> None:
    killed = entry(hub, "killed", {"k.txt": "k\n"})
    mine = hub.clone("mine")
    mine.write({"pyproject.toml": '[tool.lockgate.push]\nfirst = "queue"\n'})
    mine.commit("one", {"b.txt": "b\n"})
    ran = mine.push("--format", "json")
    assert ran.code == 0, ran.err
    # One enters and bids, one lands everything.
    assert (ran.document["pushes"], len(ran.document["carried"])) == (2, 1)
    assert (hub.subjects(), hub.queue()) == (["Begin", "killed", "one"], "")
    assert killed.push().code == 0
    assert hub.subjects() == ["Begin", "killed", "one"]


def test_a_lease_that_is_left_of_a_branch_that_is_gone_holds_up_nobody(hub: Hub) -> None:
    dead = with_dead_leader(hub)
    hub.git("update-ref", "refs/lockgate/lease/new", dead)
    mine = hub.clone("mine")
    mine.commit("one", {"b.txt": "b\n"})
    begun = time.monotonic()
    ran = mine.push("--branch", "new")
    assert (ran.code, hub.subjects("new")) == (0, ["Begin", "one"]), ran.err
    assert time.monotonic() - begun < 10


def test_who_leads_without_knowing_it_does_not_wait_for_itself(hub: Hub) -> None:
    mine = hub.clone("mine")
    mine.commit("table", {"pyproject.toml": '[tool.lockgate.push]\nfirst = "queue"\n'})
    # The server dies after it has taken the lease: nobody hears of it.
    case = 'read -r old new ref; case "$1 $ref" in "committed refs/lockgate/lease/"*) '
    hub.hook("reference-transaction", case + "[ -e died ] || { touch died; kill -9 $PPID; };; esac")
    ran = mine.push()
    assert (ran.code, (hub.root / "died").exists()) == (0, True), ran.err
    assert "taking over" not in ran.err
    assert hub.subjects() == ["Begin", "table"]
    assert hub.git("for-each-ref", "refs/lockgate") == ""


def test_where_the_queue_is_not_taken_it_is_not_said_that_somebody_was_faster(hub: Hub) -> None:
    mine = hub.clone("mine")
    mine.commit("table", {"pyproject.toml": '[tool.lockgate.push]\nfirst = "queue"\n'})
    hub.hook("update", "case $1 in refs/lockgate/*) exit 1 ;; esac")
    ran = mine.push()
    assert (ran.code, "another push was first" in ran.err) == (0, False), ran.err
    assert hub.subjects() == ["Begin", "table"]
