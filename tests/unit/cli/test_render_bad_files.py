"""Whatever stands where a rendered file should be: it is judged or refused with its name, and never a crash."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import write
from tests.unit.cli.conftest import Cli

TABLE = '[project]\nname = "sample"\n\n[tool.lockgate]\npython = ["3.12"]\n'
BY_HAND = f"{TABLE}\n[tool.lockgate.workflows.quality-gate]\nmanaged = false\n"
PATH = ".github/workflows/quality-gate.yml"
LOCK = {".github/lockgate/uv.lock": ""}
# What a file holds, and what is said of it when it is written by hand.
CONTENT: Mapping[str, tuple[bytes, str]] = {
    "nothing": (b"", f"{PATH}:1: this is no workflow"),
    "only comments": (b"# nothing\n", f"{PATH}:1: this is no workflow"),
    "a list": (b"- a\n- b\n", f"{PATH}:1: this is no workflow"),
    "no jobs": (b"on: push\njobs:\n", f"{PATH}:1: this is no workflow"),
    "jobs that are none": (b"on: push\njobs: {quality-checks: 3}\n", "the job 'quality-checks' is missing"),
    "an open bracket": (b"on: push\njobs: {\n", f"{PATH}:3: not valid YAML"),
    "a tab": (b"on: push\njobs:\n\ta: 1\n", f"{PATH}:3: not valid YAML"),
    "a key twice": (b"on: push\non: push\njobs: {}\n", f"{PATH}:2: not valid YAML: found duplicate key"),
    "two documents": (b"on: push\n---\njobs: {}\n", "not valid YAML"),
    "an alias of nothing": (b"on: *push\njobs: {}\n", f"{PATH}:1: not valid YAML: found undefined alias"),
    "an alias of itself": (b"on: &on [*on]\njobs: &jobs {a: *jobs}\n", "the trigger pull_request is missing"),
    "an anchor twice": (b"on: &a [push]\nname: &a x\njobs: {a: {name: *a}}\n", "the trigger pull_request is missing"),
    "a tag": (b"on: !!python/object/apply:os.system [exit]\njobs: {}\n", "the trigger pull_request is missing"),
    "a number that is none": (b"on: !!int x\njobs: {}\n", "not valid YAML"),
    "a number without end": (
        b"on: 1e999\njobs: {b: 9999999999999999999999999}\n",
        "the trigger pull_request is missing",
    ),
    "depth": (b"on: " + b"[" * 900 + b"\n", "not valid YAML"),
    "a NUL": (b"on: push\x00\njobs: {}\n", "not valid YAML"),
    "another encoding": ("on: push\nname: café\n".encode("latin-1"), f"{PATH}:2: not UTF-8"),
    "UTF-16": ("on: push\n".encode("utf-16"), f"{PATH}:1: not UTF-8"),
    "no text at all": (bytes(range(256)), "not UTF-8"),
    "control characters": (b"on: push\nname: \x1b[31mred\njobs: {}\n", "not valid YAML"),
}


@pytest.fixture
def root(cli: Cli, tmp_path: Path) -> Path:
    """A package with everything rendered."""
    write(tmp_path, {"pyproject.toml": TABLE, **LOCK})
    assert cli("render", "-C", tmp_path).code == 0
    return tmp_path


@pytest.mark.parametrize("content", CONTENT)
def test_a_file_written_by_hand_that_makes_no_sense(cli: Cli, root: Path, content: str) -> None:
    given, said = CONTENT[content]
    write(root, {"pyproject.toml": BY_HAND, PATH: given})
    shown = cli("render", "--check", "-C", root)
    assert shown.code == 1
    assert said in shown.err
    assert "\x1b" not in shown.err
    document = cli("render", "--check", "--format", "json", "-C", root).document
    assert document["verdict"] == "fail"
    assert cli("render", "-C", root).code == 0
    assert (root / PATH).read_bytes() == given


@pytest.mark.parametrize("content", CONTENT)
def test_a_managed_file_that_makes_no_sense(cli: Cli, root: Path, content: str) -> None:
    given, _ = CONTENT[content]
    write(root, {PATH: given})
    shown = cli("render", "--check", "-C", root)
    assert shown.code == 1
    assert f"lockgate: {PATH}: was not written by lockgate  → lockgate render" in shown.err
    assert "\x1b" not in shown.out
    assert cli("render", "--check", "--format", "json", "-C", root).document["verdict"] == "fail"
    assert cli("render", "-C", root).code == 2
    assert (root / PATH).read_bytes() == given
    assert cli("render", "--overwrite", "-C", root).code == 0
    assert cli("render", "--check", "-C", root).code == 0


@pytest.mark.parametrize("name", [PATH, ".github/dependabot.yml", ".github/CODEOWNERS"])
@pytest.mark.parametrize("change", ["CRLF", "a mark", "no end", "a byte that is no text"])
def test_a_managed_file_that_was_written_anew(cli: Cli, root: Path, name: str, change: str) -> None:
    before = (root / name).read_bytes()
    changed = {
        "CRLF": before.replace(b"\n", b"\r\n"),
        "a mark": b"\xef\xbb\xbf" + before,
        "no end": before.rstrip(),
        "a byte that is no text": before + b"# \xe9\n",
    }
    write(root, {name: changed[change]})
    shown = cli("render", "--check", "-C", root)
    assert shown.code == 1
    assert f"lockgate: {name}: differs from what the table renders  → lockgate render" in shown.err
    assert shown.out.startswith(f"--- a/{name}\n+++ b/{name}\n")
    assert json.loads(cli("render", "--check", "--format", "json", "-C", root).out)["verdict"] == "fail"
    assert cli("render", "-C", root).code == 0
    assert (root / name).read_bytes() == before


@pytest.mark.parametrize("table", [TABLE, BY_HAND])
@pytest.mark.parametrize(
    "place", ["a folder", "a pipe", "a link", "a link to nothing", "a linked folder", "ten megabytes"]
)
def test_what_is_no_file_of_this_kind_is_refused(cli: Cli, root: Path, table: str, place: str) -> None:
    text = (root / PATH).read_text()
    path = root / PATH
    path.unlink()
    write(root, {"pyproject.toml": table})
    if place == "a folder":
        path.mkdir()
    elif place == "a pipe":
        os.mkfifo(path)
    elif place == "a link":
        write(root, {"elsewhere.yml": text})
        path.symlink_to("../../elsewhere.yml")
    elif place == "a link to nothing":
        path.symlink_to("nowhere.yml")
    elif place == "a linked folder":
        path.parent.rename(root / "workflows")
        write(root, {"workflows/quality-gate.yml": text})
        path.parent.symlink_to("../workflows")
    else:
        write(root, {PATH: text + "# x\n" * 2_500_000})
    for arguments in (("render",), ("render", "--check"), ("render", "--diff"), ("init",), ("why", f"{PATH}:3")):
        shown = cli(*arguments, "-C", root)
        assert shown.code == 2, (arguments, shown.err)
        assert f"lockgate: {path.parent if place == 'a linked folder' else path}: " in shown.err
        assert "\n  → " in shown.err


def test_a_link_in_the_place_of_a_folder_above_the_repository_is_followed(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "real", {"pyproject.toml": TABLE, **LOCK})
    (tmp_path / "link").symlink_to("real")
    assert cli("render", "-C", tmp_path / "link").code == 0
    assert cli("render", "--check", "-C", tmp_path / "link").code == 0
