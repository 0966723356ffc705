"""`lockgate completion`."""

from __future__ import annotations

import click


@click.command("completion", short_help="Print the shell completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the script that completes lockgate's commands, options and checks.

    \b
    Examples:
      lockgate completion bash >> ~/.bashrc
      lockgate completion zsh > ~/.zfunc/_lockgate
      lockgate completion fish > ~/.config/fish/completions/lockgate.fish
    """  # noqa: D301  (click keeps the lines behind its mark)
    from click.shell_completion import get_completion_class

    from lockgate.cli.app import app
    from lockgate.ports.console import Console

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  (the choice above names click's own)
    # source() of bash asks for bash's version; the script itself does not need it.
    made = kind(app, {}, "lockgate", "_LOCKGATE_COMPLETE")
    Console().result(made.source_template % made.source_vars() + "\n")
    return 0
