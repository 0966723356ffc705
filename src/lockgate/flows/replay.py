"""`lockgate protect plan --replay`: the last merges under the planned rules."""

from __future__ import annotations

import datetime as dt

from lockgate.model.errors import UnknownError
from lockgate.model.protection import Unseen
from lockgate.model.replay import Replay
from lockgate.ports import clock
from lockgate.ports.console import Console
from lockgate.ports.github import GitHub
from lockgate.protect import merges
from lockgate.protect.replay import Merged, Rules, early, judge

_STRIDE = 10  # merges between two lines of progress


def replay(
    github: GitHub,
    repository: str,
    branch: str,
    rules: Rules,
    writers: tuple[str, ...] | Unseen,
    asked: int,
    console: Console,
) -> Replay:
    """Read the last merges, one after the other, and judge each; only reads, and ends early where GitHub makes it.

    Raises:
        UnknownError: They cannot be listed.
    """
    before = len(github.requests)
    listed = merges.last(github, repository, branch, asked)
    pulls: list[Merged] = []
    stopped = None
    if not console.quiet:
        console.say(f"lockgate: replaying {len(listed)} merges: about {len(listed) * merges.REQUESTS} requests")
    try:
        for number, one in enumerate(listed, 1):
            pulls.append(merges.read(github, repository, one, rules, writers))
            if number % _STRIDE == 0 and not console.quiet:
                console.say(f"lockgate: … {number} of {len(listed)}")
    except UnknownError as error:
        stopped = error.message
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        stopped = f"an answer of GitHub cannot be read: {type(error).__name__}: {error}"
    judged = tuple(judge(one, rules, dt.datetime.fromtimestamp(clock.now(), dt.UTC)) for one in pulls)
    return Replay(
        asked=asked,
        requests=len(github.requests) - before,
        stopped=stopped,
        pulls=judged,
        early=early(pulls, rules),
    )
