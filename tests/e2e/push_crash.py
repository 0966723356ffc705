"""Kills: `lockgate push` ended by SIGKILL to its process group, before or after any git command, or at any moment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.e2e.clones import Clone, Hub, report
from tests.support import command, environment, write

When = Literal["before", "after"]
TABLE = {"pyproject.toml": '[tool.lockgate.push]\nlease = "1s"\n'}
# Counts the commands; at the wanted one it ends the group that it was started in.
WRAPPER = """\
#!/bin/sh
exec 9>>"$CRASH_FOLDER/lock"; flock 9
n=$(($(cat "$CRASH_FOLDER/count" 2>/dev/null || echo 0) + 1)); echo "$n" > "$CRASH_FOLDER/count"
exec 9>&-
[ "$n" = "$CRASH_AT" ] && [ "$CRASH_WHEN" = before ] && kill -9 "-$CRASH_GROUP"
{git} "$@"; code=$?
[ "$n" = "$CRASH_AT" ] && [ "$CRASH_WHEN" = after ] && kill -9 "-$CRASH_GROUP"
exit $code
"""
LOG = '{"n": 0}\n'
STATUS = sorted(["A  staged.txt", "M keep.txt", "?? untracked é"])


@dataclass(frozen=True)
class Scene:
    """A prepared situation on disk: `hub.git`, the clone `mine`, and what the push is called with."""

    root: Path
    arguments: tuple[str, ...]
    branch: str
    subjects: tuple[str, ...]

    def copied(self, to: Path) -> Scene:
        """A fresh copy of it."""
        shutil.copytree(self.root, to, symlinks=True)
        hub, mine = to / "hub.git", Clone(to / "mine")
        mine.git("remote", "set-url", "origin", hub.as_uri())
        arguments = tuple(part.replace(str(self.root), str(to)) for part in self.arguments)
        return Scene(to, arguments, self.branch, self.subjects)

    @property
    def mine(self) -> Clone:
        """The clone."""
        return Clone(self.root / "mine")

    @property
    def hub(self) -> Hub:
        """The bare repository."""
        hub = Hub.__new__(Hub)
        hub.root = self.root / "hub.git"
        return hub


def scene(root: Path, kind: Literal["commits", "files", "queue"]) -> Scene:
    """Commits behind another push; files for a branch; or commits that find the lease of a pusher that has died."""
    root.mkdir()
    hub = Hub(root, {"report.json": report(1), "log.jsonl": LOG, "a.txt": "a\n", "keep.txt": "keep\n", **TABLE})
    mine, other = hub.clone("mine"), hub.clone("other")
    other.commit("theirs", {"report.json": report(5), "log.jsonl": LOG + '{"n": 5}\n', "b.txt": "b\n"})
    other.git("push", "-q")
    if kind == "queue":
        who = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        tree = hub.git("hash-object", "-t", "tree", "-w", "/dev/null")
        dead = hub.git("commit-tree", "-m", "a pusher that has died", tree, **who)
        hub.git("update-ref", "refs/lockgate/lease/main", dead)
        carried = hub.clone("carried")
        carried.git("reset", "-q", "--hard", "HEAD~1")
        carried.commit("carried", {"carried.txt": "x\n"})
        carried.git("push", "-q", "origin", f"HEAD:refs/lockgate/queue/main/{int(time.time())}-0123456789ab-zz-all-x")
    subjects: tuple[str, ...] = ("Begin", "theirs", *(["carried"] if kind == "queue" else []), "one", "two")
    arguments: tuple[str, ...] = ()
    if kind == "files":
        write(root / "out", {"report.json": report(7), "security/log.jsonl": LOG})
        arguments, subjects = ("--branch", "reports", "--commit", "nightly", "--from", str(root / "out")), ("nightly",)
    else:
        mine.commit("one", {"report.json": report(3), "log.jsonl": LOG + '{"n": 3}\n', "c.txt": "c\n"})
        mine.commit("two", {"d/d.txt": "d\n"})
    # What a user has lying about.
    mine.write({"keep.txt": "changed\n", "untracked é": "u\n", "staged.txt": "s\n"})
    mine.git("add", "staged.txt")
    return Scene(root, arguments, "reports" if kind == "files" else "main", subjects)


def killed_at(scene: Scene, number: int, when: When) -> bool:
    """Run the push and kill its group at the git command `number`; False when it ended before that."""
    folder = scene.root / "wrapper"
    folder.mkdir()
    real = shutil.which("git")
    assert real is not None
    wrapper = folder / "git"
    wrapper.write_text(WRAPPER.replace("{git}", real))
    wrapper.chmod(0o755)
    variables = environment(PATH=f"{folder}:{os.environ['PATH']}", CRASH_FOLDER=str(folder), CRASH_AT=str(number),
                            CRASH_WHEN=when)  # fmt: skip
    shell = ["sh", "-c", 'CRASH_GROUP=$$; export CRASH_GROUP; exec "$@"', "sh", *command("push", *scene.arguments)]
    done = subprocess.run(shell, cwd=scene.mine.root, env=variables, capture_output=True, check=False, timeout=120,
                          stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr.decode()
    return done.returncode != 0


def killed_after(scene: Scene, seconds: float) -> bool:
    """Run the push and kill its group after some time; False when it ended before that."""
    process = scene.mine.start(*scene.arguments)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    return False


def settled(scene: Scene) -> None:
    """What the kill did not reach (the last step, in a session of its own) may take a moment."""
    deadline = time.monotonic() + 10
    needle = os.fsencode(scene.root)
    while time.monotonic() < deadline:
        alive = 0
        for name in os.listdir("/proc") if Path("/proc").is_dir() else ():  # noqa: PTH208
            try:
                alive += name.isdigit() and needle in os.fsencode(Path(f"/proc/{name}/cwd").readlink())
            except OSError:
                continue
        if not alive:
            return
        time.sleep(0.01)


def check(scene: Scene, before: dict[str, object]) -> None:
    """After a kill: the clone is as it was or as it will be; the next run lands everything exactly once."""
    settled(scene)
    mine, hub = scene.mine, scene.hub
    mine.assert_sound()
    assert_own_files(mine, before)
    # No tree is dirty in more than what the user did to it.
    assert sorted(one.strip() for one in mine.git("status", "--porcelain", "-z").strip("\0").split("\0")) == STATUS
    ran = mine.push(*scene.arguments)
    assert ran.code == 0, ran.out + ran.err
    assert sorted(hub.subjects(scene.branch)) == sorted(scene.subjects)
    hub.assert_linear(scene.branch)
    settled(scene)
    mine.assert_sound()
    assert_own_files(mine, before)
    if scene.branch == "main":
        assert mine.git("rev-parse", "HEAD") == hub.git("rev-parse", "main")
        assert hub.show("report.json") == report(5)
        assert sorted(hub.show("log.jsonl").split()) == sorted((LOG + '{"n": 5}\n{"n": 3}\n').split())


def assert_own_files(mine: Clone, before: dict[str, object]) -> None:
    """The user's changes are there byte for byte."""
    now, then = mine.state()["files"], before["files"]
    assert isinstance(now, dict)
    assert isinstance(then, dict)
    own = ("keep.txt", "untracked é", "staged.txt")
    assert {name: now[name] for name in own} == {name: then[name] for name in own}
    assert "staged.txt" in mine.git("diff", "--cached", "--name-only")
