from __future__ import annotations

import re
import shlex

import click
import pytest

from lockgate.cli.app import COMMANDS, app
from tests.support import lockgate
from tests.unit.cli.conftest import Cli


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_commands_and_the_exit_codes(cli: Cli, option: str) -> None:
    shown = cli(option)
    assert (shown.code, shown.err) == (0, "")
    for name, does in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(does)}$", shown.out, re.MULTILINE)
    assert "0 pass, 1 the gate says no, 2 usage, 3 unknown, 4 a remote refused, 70 bug, 130" in shown.out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_shows_examples(cli: Cli, name: str) -> None:
    shown = cli(name, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(f"Usage: lockgate {name} ")
    assert re.search(rf"^  Examples:\n    lockgate {name}\b", shown.out, re.MULTILINE)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_option_says_what_it_is_for(name: str) -> None:
    command = app.get_command(click.Context(app), name) if name else app
    assert command is not None
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help


def examples(name: str) -> list[str]:
    """The command lines of a command's help, without the remarks and the shell around them."""
    command = app.get_command(click.Context(app), name) if name else app
    assert command is not None
    shown = re.findall(r"^ *(lockgate .*)$", command.help or "", re.MULTILINE)
    parts = [part for line in shown for part in re.split(r"&&|>+", re.split(r"  +", line)[0])]
    return [part.strip() for part in parts if part.strip().startswith("lockgate ")]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_example_is_a_command_line_that_lockgate_takes(
    name: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert examples(name)
    for line in examples(name):
        _, called, *arguments = shlex.split(line.replace("../other-package", ".").replace("--from out", "--from ."))
        command = app.get_command(click.Context(app), called)
        assert command is not None, line
        command.make_context(called, list(arguments)).close()


def test_without_a_command_the_help_is_shown_as_a_usage_error(cli: Cli) -> None:
    shown = cli()
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("Usage: lockgate ")


def test_help_can_be_shown_where_only_ascii_can(tmp_path: object) -> None:
    shown = lockgate(tmp_path, "gate", "--help", PYTHONIOENCODING="ascii")  # type: ignore[arg-type]
    assert (shown.code, shown.err) == (0, "")


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version(cli: Cli, option: str) -> None:
    shown = cli(option)
    assert shown.code == 0
    assert re.fullmatch(r"lockgate \d+\.\d+\.\d+\n", shown.out)
