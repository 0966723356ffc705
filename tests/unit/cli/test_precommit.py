"""The hook is put into whatever configuration of pre-commit there is, or the author is told how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lockgate.flows.precommit import block, hook, hooked
from tests.support import write
from tests.unit.cli.conftest import Cli

ENTRY = "uv run --project .github/lockgate --locked lockgate render --check"
ITEM = "- repo: https://github.com/psf/black\n  rev: 25.1.0\n  hooks:\n    - id: black\n"


def indented(text: str, by: str = "  ") -> str:
    return "".join(f"{by}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


SHAPES = {
    "unindented": f"repos:\n{ITEM}",
    "indented": f"repos:\n{indented(ITEM)}",
    "far in": f"repos:\n{indented(ITEM, '      ')}",
    "two": f"repos:\n{ITEM}{ITEM}",
    "keys before": f"minimum_pre_commit_version: '3'\nexclude: x\nrepos:\n{ITEM}",
    "keys behind": f"repos:\n{ITEM}ci:\n  autofix_prs: false\nfail_fast: true\n",
    "keys behind, indented": f"repos:\n{indented(ITEM)}\n\nci:\n  skip: [a]\n",
    "comments": f"# top\nrepos: # all\n# first\n{ITEM}# behind\n\n# more\nci: {{}}\n",
    "a comment inside the last": f"repos:\n{indented(ITEM)}      # mine\n",
    "comments at the end": f"repos:\n{ITEM}\n# - repo: old\n#   hooks: []\n",
    "CRLF": f"repos:\n{ITEM}ci: {{}}\n".replace("\n", "\r\n"),
    "CRLF without an end": f"repos:\n{ITEM}".replace("\n", "\r\n").rstrip(),
    "a mark at the start": f"\ufeffrepos:\n{ITEM}",
    "empty": "repos: []\n",
    "empty, CRLF": "repos: []\r\nci: {}\r\n",
    "empty, with a comment": "repos: [ ]  # none yet\nci: {}\n",
    "null": "repos:\n",
    "null, without an end": "repos:",
    "null, written out": "repos: null\nci: {}\n",
    "no end": f"repos:\n{ITEM}".rstrip(),
    "blank lines at the end": f"repos:\n{ITEM}\n\n\n",
    "a block as the last": f"repos:\n{ITEM}      args:\n        - |\n          # not a comment\n          x\n",
    "a flow item": "repos:\n- {repo: local, hooks: [{id: a, name: a, entry: a, language: system}]}\nci: {}\n",
    "local hooks": "repos:\n  - repo: local\n    hooks:\n      - id: x\n        name: x\n        language: system\n",
    "anchors": f"x: &x [a]\nrepos:\n{ITEM}      types_or: *x\n",
    "a document's mark": f"---\nrepos:\n{ITEM}",
    "quoted": f'"repos":\n{ITEM}',
}
# Where a person is asked: what is written there would not be what it should.
LEFT = {
    "a list in brackets": "repos: [{repo: local, hooks: []}]\n",
    "a list in brackets over lines": "repos: [\n]\n",
    "a document's end": f"repos:\n{ITEM}...\n---\nx: 1\n",
    "no list": "repos: 3\n",
    "no repos": "ci: {}\n",
    "nothing": "",
    "no mapping": "- a\n",
    "no YAML": "repos: {\n",
    "twice": "repos: []\nrepos: []\n",
    "an alias": "x: &x [{repo: local, hooks: []}]\nrepos: *x\n",
}


def parsed(text: str) -> Any:  # noqa: ANN401
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_hook_stands_in_the_list_and_nothing_else_changes(shape: str) -> None:
    before = SHAPES[shape]
    after = hooked(before, ENTRY)
    assert after is not None
    old, new = parsed(before), parsed(after)
    assert new.pop("repos") == [*(old.pop("repos") or []), hook(ENTRY)]
    assert new == old
    kept = [line.rstrip() for line in after.splitlines()]
    assert all(line.rstrip() in kept for line in before.splitlines() if not line.startswith("repos"))
    assert ("\r\n" in after) is ("\r\n" in before)
    assert "\n" not in after.replace("\r\n", "") if "\r\n" in before else "\r" not in after


@pytest.mark.parametrize("shape", LEFT)
def test_what_no_rule_covers_is_left_to_the_author(cli: Cli, tmp_path: Path, shape: str) -> None:
    assert hooked(LEFT[shape], ENTRY) is None
    lock = {".github/lockgate/uv.lock": ""}
    write(tmp_path, {"pyproject.toml": '[project]\nname = "a"\n', ".pre-commit-config.yaml": LEFT[shape], **lock})
    shown = cli("init", "-C", tmp_path)
    assert shown.code == 0
    assert "lockgate: .pre-commit-config.yaml: put this into `repos` yourself:\n    - repo: local\n" in shown.err
    assert (tmp_path / ".pre-commit-config.yaml").read_text() == LEFT[shape]


def test_the_second_time_the_hook_is_there(cli: Cli, tmp_path: Path) -> None:
    lock = {".github/lockgate/uv.lock": ""}
    write(
        tmp_path, {"pyproject.toml": '[project]\nname = "a"\n', ".pre-commit-config.yaml": SHAPES["indented"], **lock}
    )
    cli("init", "-C", tmp_path)
    once = (tmp_path / ".pre-commit-config.yaml").read_text()
    assert once.count("lockgate-render") == 1
    assert cli("init", "-C", tmp_path).out == ""
    assert (tmp_path / ".pre-commit-config.yaml").read_text() == once


SCALARS = st.sampled_from(["a", "1", "true", "'x # y'", '"- z"', "|\n{}  text\n{}  # more", "[a, b]", "{}"])


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """Configurations of many shapes."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    indent = " " * draw(st.integers(0, 4))
    noise = st.sampled_from(["", "# a comment", "   ", f"{indent}# - repo: no"])
    lines = [draw(noise)]
    lines += [f"key_{number}: 1" for number in range(draw(st.integers(0, 2)))]
    lines.append(draw(st.sampled_from(["repos:", "repos: # comment", "repos:  "])))
    for number in range(draw(st.integers(0, 3))):
        lines += [draw(noise), f"{indent}- repo: r{number}"]
        for key in range(draw(st.integers(0, 2))):
            value = draw(SCALARS).replace("{}  ", f"{indent}    ")
            lines += [*f"{indent}  k{key}: {value}".split("\n")]
    lines += [draw(noise) for _ in range(draw(st.integers(0, 2)))]
    lines += [f"after_{number}: {{}}" for number in range(draw(st.integers(0, 2)))]
    return newline.join(lines) + draw(st.sampled_from(["", newline]))


@given(configurations())
def test_any_configuration(before: str) -> None:
    after = hooked(before, ENTRY)
    assert after is not None
    old, new = parsed(before), parsed(after)
    assert new.pop("repos") == [*(old.pop("repos") or []), hook(ENTRY)]
    assert new == old


@given(st.text(max_size=60))
def test_any_text(before: str) -> None:
    after = hooked(f"repos: []\n{before}", ENTRY)
    assert after is None or parsed(after)["repos"] == [hook(ENTRY)]


def test_the_block_is_the_hook() -> None:
    assert parsed("\n".join(block(ENTRY))) == [hook(ENTRY)]
