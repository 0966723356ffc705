# ruff: noqa: INP001, S101
"""`lockgate push` against the `git pull --rebase && git push` loop that people run: `python -m benchmarks.push [N…]`.

The loop is the honest one: merge drivers for the shared files, unbounded tries, full-jitter pauses. Both get the same
clones with three commits each, take turns, and are checked in the same way. CPU time is that of all processes, the
repository's side included. lockgate is installed as users install it: without what only its developers need. It runs
twice: as it is, and told by the table to join the queue at once. Prints one line a round and the medians' ratios.
"""

from __future__ import annotations

import atexit
import functools
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.e2e.clones import Clone, Hub
from tests.e2e.push_tournament import COMMITS, begin, check, names, pushers, stamp, tally
from tests.support import environment

ROUNDS = 3
SOURCE = Path(__file__).resolve().parents[1]
DRIVER = """\
#!/bin/sh
# The newer stamp wins: $1 is ours and takes the result, $2 is theirs.
stamp() { sed -n 's/.*"generated_at": "\\([^"]*\\)".*/\\1/p' "$1"; }
[ "$(printf '%s\\n%s\\n' "$(stamp "$1")" "$(stamp "$2")" | sort | tail -1)" = "$(stamp "$1")" ] || cp "$2" "$1"
"""
LOOP = """\
n=0
until git pull -q --rebase && git push -q; do
    git rebase --abort 2>/dev/null
    n=$((n + 1)); most=$((n > 6 ? 64 : 1 << n))
    sleep "$(awk -v r=$RANDOM -v m=$most 'BEGIN { print r / 32768 * m / 8 }')"
done
"""


class Result(NamedTuple):
    """One round: wall seconds, CPU seconds of everybody, pushes that the repository saw; how many entered the queue.

    `queued` are the pushes of the queue: those that entered it, bids and the leaders'.
    """

    seconds: float
    cpu: float
    pushes: int
    entered: int
    queued: int


@functools.cache
def installed() -> str:
    """The command of a fresh installation, its byte-code compiled, as pip does it."""
    folder = Path(tempfile.mkdtemp(prefix="lockgate-installed-"))
    atexit.register(shutil.rmtree, folder)
    argv = ["uv", "sync", "--quiet", "--locked", "--no-dev", "--no-editable", "--compile-bytecode",
            "--reinstall-package", "lockgate"]  # fmt: skip
    place = {"UV_PROJECT_ENVIRONMENT": str(folder), "UV_PYTHON": sys.executable}
    subprocess.run(argv, cwd=SOURCE, env=environment(**place), check=True)
    return str(folder / "bin/lockgate")


def lockgate_push(clone: Clone) -> list[str]:
    """The contestant."""
    return [installed(), "push", "--quiet", "-C", str(clone.root)]


def queued_push(clone: Clone) -> list[str]:
    """The same where the table says that many push to this branch."""
    table = (clone.root / "pyproject.toml").read_text()
    clone.write({"pyproject.toml": table + 'first = "queue"\n'})
    return lockgate_push(clone)


def loop(clone: Clone) -> list[str]:
    """What it is measured against."""
    driver = clone.root / ".git" / "newest"
    driver.write_text(DRIVER)
    driver.chmod(0o755)
    clone.git("config", "merge.newest.driver", f"{driver} %A %B")
    attributes = "report.json merge=newest\nlog.jsonl merge=union\n"
    (clone.root / ".git/info/attributes").write_text(attributes)
    return ["bash", "-c", LOOP]


CONTESTANTS = {"loop": loop, "lockgate": lockgate_push, "queue": queued_push}


def measured(root: Path, name: str, count: int) -> Result:
    """Let `count` clones push at once by one contestant, and check what came of it."""
    hub: Hub = begin(root)
    clones = pushers(hub, count, "p", 0)
    lines = [CONTESTANTS[name](clone) for clone in clones]
    expected = names("p", count)
    if count == 1:
        # Alone, but behind: there is something to rebase.
        rival = hub.clone("rival")
        rival.commit("rival", {"rival": "x"})
        rival.git("push", "-q")
        expected.append("rival")
    tally(hub)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    running = [
        subprocess.Popen(line, cwd=clone.root, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for line, clone in zip(lines, clones, strict=True)
    ]
    codes = [process.wait() for process in running]
    seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert codes == [0] * count, codes
    check(hub, expected, stamp(count * COMMITS), in_log=names("p", count))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    kinds = tally(hub)
    return Result(seconds, cpu, len(kinds), kinds.count("enter"), len(kinds) - kinds.count("direct"))


def compare(counts: list[int]) -> None:
    """All contestants in turns, for every number of pushers."""
    folder = Path(tempfile.mkdtemp(prefix="lockgate-push-"))
    try:
        for count in counts:
            found: dict[str, list[Result]] = {name: [] for name in CONTESTANTS}
            for number in range(ROUNDS):
                for name in CONTESTANTS:
                    result = measured(folder / f"{name}-{count}-{number}", name, count)
                    found[name].append(result)
                    queue = f", {result.queued} in the queue for {result.entered}" if result.entered else ""
                    print(f"N = {count:2}  {name:8}  {result.seconds:6.2f} s  {result.cpu:6.2f} CPU s"
                          f"  {result.pushes:3} pushes{queue}", flush=True)  # fmt: skip
            tell(count, found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tell(count: int, found: dict[str, list[Result]]) -> None:
    """The medians and their ratios, of lockgate as it is and with `first = "queue"`."""
    medians = {name: Result(*(statistics.median(column) for column in zip(*results, strict=True)))
               for name, results in found.items()}  # fmt: skip
    theirs, landed = medians.pop("loop"), count * COMMITS
    for name, ours in medians.items():
        print(
            f"N = {count}, {name}: {landed / ours.seconds:.1f} against {landed / theirs.seconds:.1f} commits/s:"
            f" {theirs.seconds / ours.seconds:.1f} x; CPU per commit {1000 * ours.cpu / landed:.0f} against"
            f" {1000 * theirs.cpu / landed:.0f} ms: 1/{theirs.cpu / ours.cpu:.1f};"
            f" pushes per pusher {ours.pushes / count:.2f} against {theirs.pushes / count:.2f}"
            + (f", in the queue {ours.queued / ours.entered:.2f}" if ours.entered else ""),
            flush=True,
        )


if __name__ == "__main__":
    compare([int(number) for number in sys.argv[1:]] or [1, 32, 64])
