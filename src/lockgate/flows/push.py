"""A push from the command line's wishes to exit code."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lockgate.model.duration import parse_duration
from lockgate.model.errors import UsageError
from lockgate.ports.console import Console
from lockgate.ports.pyproject import read_config
from lockgate.push.run import Refusal, Request
from lockgate.push.run import push as landed
from lockgate.push.words import render


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    directory: Path = Path()
    branch: str | None = None
    remote: str | None = None
    message: str | None = None
    source: Path | None = None
    wait: str | None = None
    dry_run: bool = False
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
    if wishes.source is not None and not wishes.source.is_dir():
        raise UsageError(f"--from {wishes.source}: there is no such folder")
    if wishes.message is not None and not wishes.message.strip():
        raise UsageError("the message of --commit is empty")
    config = read_config(wishes.directory).push
    if wishes.wait is not None:
        try:
            parse_duration(wishes.wait)
        except ValueError as error:
            raise UsageError(f"--wait: {error}") from None
        config = msgspec.structs.replace(config, wait=wishes.wait)
    console = Console(no_color=wishes.no_color, quiet=wishes.quiet)
    request = Request(folder=wishes.directory, branch=wishes.branch, remote=wishes.remote, message=wishes.message,
                      source=wishes.source, dry_run=wishes.dry_run, config=config)  # fmt: skip
    ended = landed(request, lambda text: None if wishes.quiet else console.say(f"lockgate: {text}"))
    report = ended.report if isinstance(ended, Refusal) else ended
    if wishes.format_ == "json":
        console.document(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        console.result(render(report, console.paint, quiet=wishes.quiet))
    if isinstance(ended, Refusal):
        raise ended.error
    return 0
