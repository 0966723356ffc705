"""`lockgate push`."""

from __future__ import annotations

from pathlib import Path

import click

from lockgate.cli import options


@click.command("push", short_help="Land commits on a remote branch, race-free.")
@click.option("--branch", "-b", metavar="NAME", help="The remote branch.  [default: the upstream]")
@click.option("--remote", "-r", metavar="NAME", help="The remote, or its address.  [default: the upstream's]")
@click.option("--commit", "-m", "message", metavar="MESSAGE", help="Commit the files of --from with this message.")
@click.option(
    "--from",
    "source",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Put the files of DIR over the branch; what the branch has besides stays.",
)
@click.option("--wait", metavar="DURATION", help="Give up after this time of lost races.  [default: 10m]")
@click.option("--dry-run", "-n", is_flag=True, help="Show what would land and how conflicts would resolve.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Of standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Only conflicts and the verdict.")
@options.directory
@options.no_color
def command(  # noqa: PLR0913  (one parameter per option)
    directory: Path,
    *,
    branch: str | None,
    remote: str | None,
    message: str | None,
    source: Path | None,
    wait: str | None,
    dry_run: bool,
    format_: str,
    quiet: bool,
    no_color: bool,
) -> int:
    """Land the current branch's own commits on its remote branch, as if rebased; or a folder's files as one commit.

    The history stays linear, nothing is lost, and nothing lands twice, whoever else pushes and whenever this is
    killed. Conflicts in nothing but time stamps resolve themselves; any other is shown, and nothing changes.

    \b
    Examples:
      lockgate push                     the current branch onto its upstream
      lockgate push --dry-run           what would land, and how
      lockgate push --branch reports --commit "Nightly report" --from out
    """  # noqa: D301  (click keeps the lines behind its mark)
    import msgspec  # --help needs none of it

    from lockgate.model.duration import parse_duration
    from lockgate.model.errors import UsageError
    from lockgate.ports.console import Console
    from lockgate.ports.pyproject import read_config
    from lockgate.push.run import Refusal, Request, push
    from lockgate.push.words import render

    if (message is None) != (source is None):
        raise UsageError("--commit and --from belong together", 'lockgate push --branch NAME --commit "…" --from DIR')
    if source is not None and branch is None:
        raise UsageError("--from needs the branch to put the files on", "add --branch NAME")
    if source is not None and not source.is_dir():
        raise UsageError(f"--from {source}: there is no such folder")
    if message is not None and not message.strip():
        raise UsageError("the message of --commit is empty")
    config = read_config(directory).push
    if wait is not None:
        try:
            parse_duration(wait)
        except ValueError as error:
            raise UsageError(f"--wait: {error}") from None
        config = msgspec.structs.replace(config, wait=wait)
    console = Console(no_color=no_color, quiet=quiet)
    request = Request(
        folder=directory,
        branch=branch,
        remote=remote,
        message=message,
        source=source,
        dry_run=dry_run,
        config=config,
    )
    ended = push(request, lambda text: None if quiet else console.say(f"lockgate: {text}"))
    report = ended.report if isinstance(ended, Refusal) else ended
    if format_ == "json":
        console.document(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        console.result(render(report, console.paint, quiet=quiet))
    if isinstance(ended, Refusal):
        raise ended.error
    return 0
