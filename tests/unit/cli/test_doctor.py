from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from lockgate import __version__
from lockgate.flows.schema import schema
from tests.support import commit, package, write
from tests.unit.cli.conftest import Cli

ONE = '[tool.lockgate]\npython = ["3.12"]\n'
DECLARED = '[dependency-groups]\ndev = ["ruff", "mypy"]\n'


def lines(shown: str) -> dict[str, str]:
    """What was found, by name, with its mark in front."""
    parts = (re.match(r"(ok|missing|note) +(.+?)  +(.*)", line) for line in shown.splitlines())
    return {match[2]: f"{match[1]} {match[3]}" for match in parts if match}


def lock(version: str) -> dict[str, str]:
    """The lock of lockgate itself, as far as doctor reads it."""
    text = f'[[package]]\nname = "click"\nversion = "8"\n\n[[package]]\nname = "lockgate"\nversion = "{version}"\n'
    return {".github/lockgate/uv.lock": text}


def test_a_package_with_everything_in_place(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": ONE + DECLARED, "uv.lock": "", "tests/x": "", **lock(__version__)})
    commit(tmp_path)
    cli("render", "-C", tmp_path)
    shown = cli("doctor", "-C", tmp_path)
    assert (shown.code, shown.err) == (0, "")
    found = lines(shown.out)
    assert list(found) == ["uv", "git", "state", "Python 3.12", "checks", "lock", "workflows", "lockgate"]
    assert all(text.startswith("ok ") for text in found.values())
    assert re.match(r"ok uv \d", found["uv"])
    assert re.match(r"ok git version \d+[.\d]*$", found["git"])
    assert found["state"] == f"ok {tmp_path.resolve()}/.lockgate"
    assert re.match(r"ok 3\.12\.\d+ \(/.*\)", found["Python 3.12"])
    assert found["checks"] == "ok lint, format, types, test-3.12, coverage (by pyproject.toml)"
    assert found["lock"] == f"ok {tmp_path.resolve()}/uv.lock"
    assert found["workflows"] == "ok as the table says"
    assert found["lockgate"] == f"ok {__version__} is locked for CI"


def test_what_is_missing_comes_with_its_remedy_and_exit_3(cli: Cli, tmp_path: Path) -> None:
    shown = cli("doctor", "-C", package(tmp_path, '[tool.lockgate]\npython = ["3.12", "3.99"]\n'))
    assert shown.code == 3
    found = lines(shown.out)
    assert found["Python 3.99"] == "missing not on this machine  → uv python install 3.99"
    assert found["types"] == "missing no type checker is declared  → uv add --dev mypy"
    assert found["ruff"] == "note not declared: the newest is installed  → uv add --dev ruff"
    assert found["lock"] == "note no uv.lock: every new environment resolves anew  → uv lock"
    assert found["git"].endswith(", but this folder is in no repository")


def test_without_uv(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(git)
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    shown = cli("doctor", "-C", write(tmp_path / "p", {"pyproject.toml": ONE + DECLARED, "uv.lock": ""}))
    assert shown.code == 3
    found = lines(shown.out)
    assert re.match(r"missing uv was not found.*→ install it with `pip install uv`", found["uv"])
    assert found["git"].startswith("ok ")


def test_without_git_only_something_is_said(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = shutil.which("uv")
    assert uv is not None
    monkeypatch.setenv("UV", uv)
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = cli("doctor", "-C", write(tmp_path, {"pyproject.toml": ONE + DECLARED, "uv.lock": ""}))
    assert lines(shown.out)["git"] == "note not found: reports name no commit  → install git"


@pytest.mark.parametrize(("content", "why"), [("x", "Exec format error"), ("#!/bin/sh\nexit 9\n", "exit 9")])
def test_tools_that_do_not_run_are_not_in_order(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, why: str
) -> None:
    write(tmp_path, {"bin/uv": content, "bin/git": content, "pyproject.toml": ONE + DECLARED})
    for name in ("uv", "git"):
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("UV", str(tmp_path / "bin/uv"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    shown = cli("doctor", "-C", tmp_path)
    assert shown.code == 3
    assert re.match(rf"missing {tmp_path}/bin/uv does not run: .*{why}.*→ install uv", lines(shown.out)["uv"])
    assert re.match(rf"note {tmp_path}/bin/git does not run: .*{why}.*→ install git", lines(shown.out)["git"])


def test_without_a_table_the_declared_checks_are_named(cli: Cli, tmp_path: Path) -> None:
    toml = '[project]\nname = "x"\nrequires-python = "==3.12.*"\n[tool.mypy]\n'
    shown = cli("doctor", "-C", write(tmp_path, {"pyproject.toml": toml, "test_x.py": ""}))
    found = lines(shown.out)
    assert found["checks"] == "note types, test-3.12 (declared by the package; no [tool.lockgate])  → lockgate init"
    assert found["mypy"] == "note not declared: the newest is installed  → uv add --dev mypy"
    assert shown.code == 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, "note not locked for CI: there is no .github/lockgate/uv.lock  → lockgate init"),
        (lock("99.1"), f"ok 99.1 is locked for CI, but this is {__version__}"),
        *(
            (
                {".github/lockgate/uv.lock": text},
                "note .github/lockgate/uv.lock locks no lockgate  → uv lock --project .github/lockgate",
            )
            for text in ("", "[", "package = 3", "[package]\nx = 1", '[[package]]\nname = "click"', b"\xff")
        ),
    ],
)
def test_which_lockgate_is_locked(cli: Cli, tmp_path: Path, content: dict[str, str | bytes], expected: str) -> None:
    shown = cli("doctor", "-C", write(tmp_path, {"pyproject.toml": ONE + DECLARED, **content}))
    assert lines(shown.out)["lockgate"] == expected
    assert shown.code == 0


def test_files_that_are_not_rendered_are_named(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": ONE + DECLARED, **lock("1")})
    cli("render", "-C", tmp_path)
    (tmp_path / ".github/CODEOWNERS").unlink()
    write(tmp_path, {".github/workflows/publish.yml": "on: push\n"})
    expected = "note not as the table says: .github/workflows/publish.yml, .github/CODEOWNERS  → lockgate render --diff"
    assert lines(cli("doctor", "-C", tmp_path).out)["workflows"] == expected
    (tmp_path / ".github/CODEOWNERS").mkdir()
    shown = cli("doctor", "-C", tmp_path)
    assert shown.code == 0
    assert lines(shown.out)["workflows"].startswith(f"note {tmp_path}/.github/CODEOWNERS: this is no file")


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('[project]\nname = "x"\n', "declares nothing that the gate could check"),
        ("[tool.lockgate]\nchecks = ['coverage']\n", "checks has coverage without test"),
    ],
)
def test_a_gate_that_could_not_run_is_missing(cli: Cli, tmp_path: Path, toml: str, told: str) -> None:
    shown = cli("doctor", "-C", write(tmp_path, {"pyproject.toml": toml}))
    assert shown.code == 3
    assert lines(shown.out)["checks"].startswith("missing ")
    assert told in shown.out


def test_nowhere_to_keep_state_is_missing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"pyproject.toml": ONE, ".lockgate": "not a folder"})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".lockgate"))
    shown = cli("doctor", "-C", tmp_path)
    assert shown.code == 3
    assert lines(shown.out)["state"].startswith("missing lockgate has nowhere to keep its environments")


def test_the_json_document_keeps_to_its_schema(cli: Cli, tmp_path: Path) -> None:
    shown = cli("doctor", "--format", "json", "-C", package(tmp_path))
    jsonschema.Draft202012Validator(json.loads(schema("doctor"))).validate(shown.document)
    assert list(shown.document)[:4] == ["schema", "verdict", "enforced", "scope"]
    assert (shown.code, shown.document["verdict"]) == (3, "unknown")
    missing = [one for one in shown.document["findings"] if one["status"] == "missing"]
    assert missing == [
        {"name": "types", "status": "missing", "found": "no type checker is declared", "remedy": "uv add --dev mypy"}
    ]


def test_colours_mark_what_is_missing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;33mmissing \x1b[0m types" in cli("doctor", "-C", package(tmp_path)).out
    assert "\x1b" not in cli("doctor", "--no-color", "-C", tmp_path).out


def remote(root: Path, url: str) -> Path:
    """A package whose git remote is `url`."""
    commit(write(root, {"pyproject.toml": ONE}))
    subprocess.run(["git", "remote", "add", "origin", url], cwd=root, check=True)
    return root


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No credentials, and no job of GitHub's."""
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_API_URL", "GITHUB_REPOSITORY", "LOCKGATE_APP_ID"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("url", "variables", "said"),
    [
        ("git@github.com:octo/sample.git", {"GH_TOKEN": "ghp_secret"},
         "ok octo/sample at https://api.github.com, asked with GH_TOKEN (by lockgate protect check)"),
        ("https://ghe.example.org/octo/sample", {"LOCKGATE_APP_ID": "7"},
         "ok octo/sample at https://ghe.example.org/api/v3, asked with the app 7 (by lockgate protect check)"),
        ("https://github.com/octo/sample", {}, "note octo/sample at https://api.github.com, asked with no token  → gh"),
        ("../elsewhere", {}, "note it cannot be told which GitHub repository this is"),
    ],
)  # fmt: skip
def test_who_would_ask_which_repository(
    cli: Cli, tmp_path: Path, nobody: pytest.MonkeyPatch, url: str, variables: dict[str, str], said: str
) -> None:
    found = shutil.which
    nobody.setattr(shutil, "which", lambda name, **more: None if name == "gh" else found(name, **more))
    root = remote(tmp_path, url)
    for name, value in variables.items():
        nobody.setenv(name, value)
    shown = cli("doctor", "-C", root)
    assert lines(shown.out).get("protection", "").startswith(said)
    assert "ghp_secret" not in shown.out + shown.err


@pytest.mark.usefixtures("nobody")
def test_where_protection_is_off_nobody_would_ask(cli: Cli, tmp_path: Path) -> None:
    root = remote(tmp_path, "https://github.com/octo/sample")
    write(root, {"pyproject.toml": ONE + '[tool.lockgate.phase]\nprotection = "off"\n'})
    assert "protection" not in lines(cli("doctor", "-C", root).out)
