from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.cli import COMMANDS
from lockgate.cli.schema import NAMES
from tests.support import lockgate, write
from tests.unit.cli.conftest import Cli

TABLE = "[tool.lockgate]\npython = ['3.8', '3.12']\n[tool.lockgate.check.docs]\nrun = ['x']\n"
OWN_PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "other", {"pyproject.toml": "[tool.lockgate]\nchecks = ['lint']\n"})
    return write(tmp_path, {"pyproject.toml": TABLE})


COMPLETIONS = {
    ("ga",): ["gate"],
    ("",): [*COMMANDS],
    ("--ver",): ["--version"],
    ("gate", "--fre"): ["--fresh"],
    ("gate", "test-3."): ["test-3.8", "test-3.12"],
    ("gate", "lint", "do"): ["docs"],
    ("gate", "-C", "other", ""): ["lint"],
    ("gate", "--format", "j"): ["json", "junit"],
    ("schema", ""): [*NAMES],
    ("completion", "z"): ["zsh"],
    # A mistake further left is told when the command is run, not while it is typed.
    ("gaet", "ga"): ["gate"],
    ("gate", "--format", "xml", "--jobs", "no", "test-3.1"): ["test-3.12"],
    ("gate", "-C", "no/such/folder", "li"): ["lint"],
}


@pytest.mark.parametrize("words", COMPLETIONS)
def test_bash_completes(cli: Cli, root: Path, words: tuple[str, ...]) -> None:
    script = cli("completion", "bash").out
    ask = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lockgate_completion lockgate; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}", "bash", "lockgate", *words],
        cwd=root,
        env={**os.environ, "PATH": OWN_PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.split(), done.stderr) == (COMPLETIONS[words], "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_are_answered_in_their_own_way(root: Path, shell: str) -> None:
    at = {"zsh": "2", "fish": "test-3.1"}[shell]
    shown = lockgate(root, _LOCKGATE_COMPLETE=f"{shell}_complete", COMP_WORDS="lockgate gate test-3.1", COMP_CWORD=at)
    assert shown.out.split() == {"zsh": ["plain", "test-3.12", "_"], "fish": ["plain,test-3.12"]}[shell]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_takes(cli: Cli, tmp_path: Path, shell: str) -> None:
    shown = cli("completion", shell)
    assert (shown.code, shown.err) == (0, "")
    assert f"_LOCKGATE_COMPLETE={shell}_complete" in shown.out
    if shutil.which(shell):  # the two tests above hold where it is not installed
        write(tmp_path, {"script": shown.out})
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)


@pytest.mark.parametrize("content", [None, "not toml"])
def test_without_a_readable_package_there_is_nothing_to_complete(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        write(tmp_path, {"pyproject.toml": content})
    shown = lockgate(tmp_path, _LOCKGATE_COMPLETE="bash_complete", COMP_WORDS="lockgate gate te", COMP_CWORD="2")
    assert (shown.out.strip(), shown.err) == ("", "")
