"""N pushers at once, three commits each: an own file, a shared report with a stamp, a shared log that grows."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.clones import Clone, Hub

COMMITS = 3
# A push that enters the queue, another one of the queue's (a bid, the leader's), or one of the branch alone.
TALLY = """\
kind=direct
while read -r old new ref; do
    case $ref:$new in
    refs/lockgate/queue/*:0000000000*) [ $kind = enter ] || kind=queue ;;
    refs/lockgate/queue/*) kind=enter ;;
    refs/lockgate/*) [ $kind = enter ] || kind=queue ;;
    esac
done
echo $kind >> pushes"""
TABLE = '[tool.lockgate.push]\nlease = "10s"\n'


@dataclass(frozen=True)
class Round:
    """What one round showed; `pushes` are those that the repository's own hook has seen."""

    pushers: int
    landed: int
    seconds: float
    pushes: int


def stamp(number: int) -> str:
    """A different instant for every number."""
    return f"2026-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"


def begin(root: Path) -> Hub:
    """A repository whose hook counts pushes."""
    root.mkdir(parents=True, exist_ok=True)
    hub = Hub(root, {"report.json": json.dumps({"generated_at": stamp(0), "n": 0}), "log.jsonl": '{"n": "begin"}\n',
                     "pyproject.toml": TABLE})  # fmt: skip
    hub.hook("pre-receive", TALLY)
    return hub


def tally(hub: Hub) -> list[str]:
    """What each push that the repository's own hook has seen was, since it was asked last."""
    path = hub.root / "pushes"
    kinds = path.read_text().split() if path.exists() else []
    path.write_text("")
    return kinds


def pushers(hub: Hub, count: int, tag: str, first: int) -> list[Clone]:
    """Clones with their commits; everyone's stamps are different, and the last number's is the newest."""
    made = []
    template = hub.clone(f"{tag}-template")
    for number in range(count):
        root = hub.root.parent / f"{tag}-{number}"
        shutil.copytree(template.root, root, symlinks=True)
        clone = Clone(root)
        log = (root / "log.jsonl").read_text()
        for commit in range(COMMITS):
            name = f"{tag}-{number}-{commit}"
            log += json.dumps({"n": name}) + "\n"
            report = {"generated_at": stamp(first + number * COMMITS + commit + 1), "n": 0}
            clone.commit(name, {f"own/{tag}-{number}": name, "report.json": json.dumps(report), "log.jsonl": log})
        made.append(clone)
    return made


def play(hub: Hub, clones: list[Clone]) -> Round:
    """Let all push at once, and check that everything is there exactly once."""
    tally(hub)
    for clone in clones:
        clone.write({"untracked": clone.root.name, "own/template": "changed"})
    begun = time.monotonic()
    running = [clone.start("--quiet") for clone in clones]
    ended = [(process.communicate(timeout=600), process.returncode) for process in running]
    seconds = time.monotonic() - begun
    assert [code for _, code in ended] == [0] * len(clones), [said for said, code in ended if code]
    for clone in clones:
        assert (clone.root / "untracked").read_text() == clone.root.name
        assert (clone.root / "own/template").read_text() == "changed"
    return Round(len(clones), len(clones) * COMMITS, seconds, len(tally(hub)))


def check(hub: Hub, expected: list[str], newest: str, in_log: list[str] | None = None) -> None:
    """Everything landed once, in a straight line, the newest stamp stands, no line of the log is lost or doubled."""
    subjects = hub.subjects()
    assert len(subjects) == len(set(subjects))
    assert set(subjects) == {"Begin", *expected}
    hub.assert_linear()
    assert hub.queue() == ""
    lines = [json.loads(line)["n"] for line in hub.show("log.jsonl").split("\n") if line]
    assert sorted(lines) == sorted(["begin", *(expected if in_log is None else in_log)])
    assert json.loads(hub.show("report.json")) == {"generated_at": newest, "n": 0}


def names(tag: str, count: int) -> list[str]:
    """The subjects of a round's commits."""
    return [f"{tag}-{number}-{commit}" for number in range(count) for commit in range(COMMITS)]
