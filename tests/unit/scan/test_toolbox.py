"""The scanner tools: installed once, as locked, or unknown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lockgate.ports.process import Cancel
from lockgate.scan.answer import BrokenError, StoppedError
from lockgate.scan.toolbox import LIST, Toolbox, versions


def toolbox(cancel: Cancel | None = None) -> Toolbox:
    return Toolbox(cancel or Cancel(), lambda _what: None)


def test_every_tool_is_locked_with_hashes_and_from_no_place() -> None:
    text = LIST.read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.split(r"(?m)^(?=[a-z])", text)[1:]
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)
    assert set(versions()) == {"ruff", "bandit", "gitleaks", "kingfisher", "zizmor", "actionlint"}


@pytest.fixture
def no_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which no tool was installed yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def fake_uv(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    script = folder / "uv"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setenv("UV", str(script))


def test_an_installation_that_fails_is_broken_and_tried_again(no_tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_uv(no_tools, monkeypatch, "echo 'error: hash mismatch for zizmor' >&2; exit 1")
    box = toolbox()
    for _ in range(2):
        with pytest.raises(BrokenError, match="hash mismatch for zizmor"):
            box.program("zizmor")


def test_without_uv_there_are_no_tools(no_tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV", "PATH", "HOME"):
        monkeypatch.setenv(name, str(no_tools / "nowhere"))
    monkeypatch.setattr("sys.prefix", str(no_tools))
    with pytest.raises(BrokenError, match="uv was not found"):
        toolbox().program("ruff")


def test_a_place_that_cannot_be_written_is_broken(no_tools: Path) -> None:
    (no_tools / "cache").write_text("a file")
    with pytest.raises(BrokenError, match="cannot be installed"):
        toolbox().program("ruff")


@pytest.mark.usefixtures("no_tools")
def test_a_stopped_installation_is_stopped() -> None:
    cancel = Cancel()
    cancel.set()
    with pytest.raises(StoppedError):
        toolbox(cancel).program("ruff")


@pytest.mark.usefixtures("no_tools")
def test_what_is_installed_is_complete_and_what_is_changed_is_told() -> None:
    box = toolbox()
    programs = {name: box.program(name) for name in versions()}
    assert all(program.is_file() for program in programs.values())
    record = next(box.folder.glob("lib/*/site-packages/bandit-*.dist-info")) / "RECORD"
    module = next(box.folder.glob("lib/*/site-packages/bandit/__init__.py"))
    content = module.read_bytes()
    module.unlink()
    with pytest.raises(BrokenError, match=r"bandit is not what was installed: __init__\.py"):
        box.program("bandit")
    module.write_bytes(content)
    assert box.program("bandit") == programs["bandit"]
    record.write_bytes(b"\xff")
    with pytest.raises(BrokenError, match="RECORD"):
        box.program("bandit")
