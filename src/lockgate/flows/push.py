"""A push from the command line's wishes to exit code."""

from __future__ import annotations

import msgspec

from lockgate.model.duration import parse_duration
from lockgate.model.errors import UsageError
from lockgate.ports.console import Console
from lockgate.ports.pyproject import read_config
from lockgate.push.run import Refusal, Request
from lockgate.push.run import push as landed
from lockgate.push.words import render


class Wishes(Request, frozen=True, kw_only=True):
    """What the command line says; the rest of the configuration is read."""

    wait: str | None = None
    format_: str = "text"
    quiet: bool = False
    no_color: bool = False


def push(wishes: Wishes) -> int:
    """Land it and print; returns the exit code.

    Raises:
        LockgateError: See its subclasses.
    """
    if (wishes.message is None) != (wishes.source is None):
        raise UsageError("--commit and --from belong together", 'lockgate push --branch NAME --commit "…" --from DIR')
    if wishes.source is not None and wishes.branch is None:
        raise UsageError("--from needs the branch to put the files on", "add --branch NAME")
    for option, value in (("--branch", wishes.branch), ("--remote", wishes.remote), ("--commit", wishes.message)):
        if value is not None and not value.strip():
            raise UsageError(f"{option} is empty", "is a variable of the script not set?")
    config = read_config(wishes.folder).push
    if wishes.wait is not None:
        try:
            parse_duration(wishes.wait)
        except ValueError as error:
            raise UsageError(f"--wait: {error}") from None
        config = msgspec.structs.replace(config, wait=wishes.wait)
    console = Console(no_color=wishes.no_color, quiet=wishes.quiet)
    request = msgspec.structs.replace(wishes, config=config)
    ended = landed(request, lambda text: None if wishes.quiet else console.say(f"lockgate: {text}"))
    report = ended.report if isinstance(ended, Refusal) else ended
    if wishes.format_ == "json":
        console.document(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        console.result(render(report, console.paint, quiet=wishes.quiet))
    if isinstance(ended, Refusal):
        raise ended.error
    return 0
