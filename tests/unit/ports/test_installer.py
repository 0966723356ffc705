from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.ports import installer
from lockgate.ports.installer import Errand, Installer, NoEnvironmentError, explain, transient
from lockgate.ports.process import Cancel, Finished

# What uv says (shortened), and what the gate makes of it.
SAID = {
    "a stale lock": (
        "Resolved 5 packages\nerror: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.",
        ("fail", "uv.lock does not match pyproject.toml; run `uv lock` and commit it"),
    ),
    "a full disk": (
        "error: Failed to install: x.whl\n  Caused by: failed to write: No space left on device (os error 28)",
        (
            "unknown",
            "the disk is full; free some space: Caused by: failed to write: No space left on device (os error 28)",
        ),
    ),
    "a full quota": (
        "error: Disk quota exceeded (os error 122)",
        ("unknown", "the disk is full; free some space: Disk quota exceeded (os error 122)"),
    ),
    "no network": (
        "error: Failed to fetch: `https://index.invalid/x/`\n  Caused by: dns error",
        ("unknown", "the package index could not be reached: Caused by: dns error"),
    ),
    "an index in trouble": (
        (
            "error: Request failed after 3 retries in 5.1s\n  cause: Failed to fetch: https://index.invalid/x/\n"
            "  cause: HTTP status server error (503 Service Unavailable)"
        ),
        ("unknown", "the package index could not be reached: HTTP status server error (503 Service Unavailable)"),
    ),
    "a broken build": (
        "  \u00d7 Failed to build `sample==1.0`\n  ├─▶ The build backend returned an error\n",
        ("fail", "sample==1.0 does not build"),
    ),
    "a broken build without a name": (
        "error: Build backend failed to build wheel",
        ("fail", "wheel does not build"),
    ),
    "a contradiction": (
        "  \u00d7 No solution found when resolving dependencies:\n  ╰─▶ Because x>=2 requires Python>=3.9 …",
        ("fail", "its requirements cannot be met on this Python"),
    ),
    "a damaged lock": (
        "error: Failed to parse `uv.lock`\n  Caused by: TOML parse error at line 1, column 4",
        ("fail", "uv.lock cannot be read; run `uv lock` and commit it"),
    ),
    "anything else": ("\nnote: x\nerror: Whatever it is\n", ("unknown", "uv sync failed (exit 2): Whatever it is")),
    "nothing at all": ("", ("unknown", "uv sync failed (exit 2): no message")),
}


@pytest.mark.parametrize("name", SAID)
def test_what_uv_says_decides_whether_the_package_is_at_fault(name: str) -> None:
    said, expected = SAID[name]
    error = explain(Finished(code=2, output=said), ["sync", "--locked"])
    assert (error.status, error.reason) == expected
    assert error.output == said


def test_a_uv_that_does_not_start_or_end_is_unknown() -> None:
    not_started = explain(Finished(code=None, output="", error="uv: Permission denied"), ["sync"])
    assert (not_started.status, not_started.reason) == ("unknown", "uv could not be started: uv: Permission denied")
    endless = explain(Finished(code=-15, output="x", timed_out=True), ["sync"])
    assert (endless.status, endless.reason) == ("unknown", "uv sync did not end within 30 minutes")


URL = "for url (http://bob:secret@127.0.0.1:9/simple/foo/)"
# What uv says of failures that another attempt may mend, and the piece that is passed on.
TRANSIENT = {
    "retried by uv itself": (
        (
            "error: Failed to install cpython-3.9.25\n  cause: Request failed after 3 retries in 5.9s\n"
            "  cause: Failed to extract archive: x.tar.gz\n  cause: Invalid gzip header"
        ),
        "Request failed after 3 retries in 5.9s",
    ),
    "503": (
        f"Using Python 3.12.1\nerror: x\n  cause: HTTP status server error (503 Service Unavailable) {URL}",
        "HTTP status server error (503 Service Unavailable)",
    ),
    "503 in a line that uv breaks": (
        "error: x\n  cause: HTTP status server error (503 Service Unavailable) for url\n         (http://127.0.0.1:9/)",
        "HTTP status server error (503 Service Unavailable)",
    ),
    "429, as older versions put it": (
        f"error: Failed to fetch: `x`\n  Caused by: HTTP status client error (429 Too Many Requests) {URL}",
        "HTTP status client error (429 Too Many Requests)",
    ),
    "reset": (
        (
            "error: x\n  cause: client error (SendRequest)\n  cause: connection error\n"
            "  cause: Connection reset by peer (os error 104)"
        ),
        "Connection reset by peer (os error 104)",
    ),
    "in a tree": (
        "  \u00d7 Failed to download `x==1`\n  ├─▶ Failed to fetch: `x`\n  ╰─▶ operation timed out",
        "operation timed out",
    ),
    "no name server": (
        (
            "error: x\n  cause: dns error\n  cause: error resolving DNS\n"
            "  cause: failed to lookup address information: Name or service not known"
        ),
        "failed to lookup address information: Name or service not known",
    ),
    "what a build requires": (
        (
            "error: Failed to download and build `foo==1.0`\n  cause: Failed to resolve requirements from `x`\n"
            f"  cause: No solution found when resolving: `x`\n  cause: HTTP status server error (502 Bad Gateway) {URL}"
        ),
        "HTTP status server error (502 Bad Gateway)",
    ),
}
# What no other attempt can mend, whatever words stand in it.
LASTING = {
    "a conflict": (
        "error: No solution found when resolving dependencies\n"
        "  cause: Because connection-reset==1 and operation-timed-out have no connection refused, they conflict.\n"
        "         connection reset by peer"
    ),
    "not there": f"error: Failed to fetch: x\n  cause: HTTP status client error (404 Not Found) {URL}",
    "not allowed": f"error: Failed to fetch: x\n  cause: HTTP status client error (401 Unauthorized) {URL}",
    "another 5xx in an address": "error: Failed to fetch: http://x/HTTP status server error (503",
    "a hash": "error: Failed to download `foo`\n  cause: Hash mismatch for `foo==1.0`\n\n         Expected:",
    "a stale lock": "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.",
    "a build whose backend speaks of the network": (
        "error: Failed to build `foo==1.0`\n  cause: The build backend returned an error\n"
        "  cause: Call to `bb.build_wheel` failed (exit status: 3)\n\n         [stdout]\n"
        "  cause: Request failed after 3 retries\n\n         [stderr]\nerror: connection reset by peer"
    ),
    "an older way to say so": "error: x\n--- stderr\nerror: connection reset by peer",
    "no certificate": "error: x\n  cause: client error (Connect)\n  cause: invalid peer certificate: UnknownIssuer",
    "nothing": "",
}


@pytest.mark.parametrize("name", TRANSIENT)
def test_trouble_on_the_way_is_transient(name: str) -> None:
    said, why = TRANSIENT[name]
    assert transient(said) == why
    assert transient(said.upper()) is not None


@pytest.mark.parametrize("name", LASTING)
def test_what_stays_wrong_is_not(name: str) -> None:
    assert transient(LASTING[name]) is None


@given(st.text())
def test_nothing_that_a_build_says_is_taken_for_the_network(text: str) -> None:
    assert transient(f"error: it\n[stderr]\n{text}\nerror: connection reset by peer") is None


RESET = "echo 'error: Connection reset by peer (os error 104)'; exit 2"


class Told:
    """An errand's ears."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.noted: list[str] = []
        self.cancel = Cancel()
        self.errand = Errand(self.cancel, self.said.append, self.noted.append)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Upper limits of the pauses, which take no time."""
    limits: list[float] = []

    def uniform(low: float, high: float) -> float:
        assert low == 0
        limits.append(high)
        return 0.04

    monkeypatch.setattr(installer.random, "uniform", uniform)  # type: ignore[attr-defined]
    return limits


def uv(folder: Path, monkeypatch: pytest.MonkeyPatch, *ends: str) -> Path:
    """A stand-in for uv that ends so at its first, second, … call; the calls stand in the file."""
    calls = folder / "calls"
    cases = "".join(f"{number}) {end};;\n" for number, end in enumerate(ends, start=1))
    script = f'#!/bin/sh\necho "$@" >> {calls}\ncase $(grep -c . {calls}) in\n{cases}*) exit 99;;\nesac\n'
    (folder / "uv").write_text(script)
    (folder / "uv").chmod(0o755)
    monkeypatch.setenv("UV", str(folder / "uv"))
    return calls


def test_the_first_attempt_that_succeeds_leaves_no_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told, pauses: list[float]
) -> None:
    uv(tmp_path, monkeypatch, "exit 0")
    Installer(tmp_path, offline=False).install(["sync"], told.errand, tmp_path / "env")
    assert (told.noted, told.said, pauses) == ([], [], [])


def test_each_attempt_is_noted_and_the_pauses_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told, pauses: list[float]
) -> None:
    calls = uv(tmp_path, monkeypatch, RESET, RESET, "exit 0")
    Installer(tmp_path, offline=False).install(["sync", "--locked"], told.errand, tmp_path / "env")
    assert calls.read_text() == "sync --locked\n" * 3
    assert told.noted == [
        "uv sync: attempt 1 of 3 failed: Connection reset by peer (os error 104); waited 0.0 s",
        "uv sync: attempt 2 of 3 failed: Connection reset by peer (os error 104); waited 0.0 s",
        "uv sync: attempt 3 of 3 succeeded",
    ]
    assert told.said[0] == "attempt 1 of 3 failed (Connection reset by peer (os error 104)): trying again in 0.0 s"
    assert pauses == [4.0, 8.0]


def test_after_the_third_attempt_it_is_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told, pauses: list[float]
) -> None:
    calls = uv(tmp_path, monkeypatch, *[RESET] * 5)
    with pytest.raises(NoEnvironmentError, match="the package index could not be reached: Connection reset") as caught:
        Installer(tmp_path, offline=False).install(["sync"], told.errand, tmp_path / "env")
    assert (caught.value.status, len(calls.read_text().splitlines()), len(pauses)) == ("unknown", 3, 2)
    assert told.noted[2] == "uv sync: attempt 3 of 3 failed: Connection reset by peer (os error 104)"


def test_an_attempt_that_fails_otherwise_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told, pauses: list[float]
) -> None:
    uv(tmp_path, monkeypatch, RESET, "echo 'error: No solution found: unsatisfiable'; exit 1")
    with pytest.raises(NoEnvironmentError, match="cannot be met") as caught:
        Installer(tmp_path, offline=False).install(["sync"], told.errand, tmp_path / "env")
    assert (caught.value.status, len(pauses)) == ("fail", 1)
    assert told.noted[1] == "uv sync: attempt 2 of 3 failed: No solution found: unsatisfiable"


@pytest.mark.parametrize("name", LASTING)
def test_what_stays_wrong_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told, name: str) -> None:
    (tmp_path / "said").write_text(LASTING[name])
    calls = uv(tmp_path, monkeypatch, f"cat {tmp_path / 'said'}; exit 2")
    with pytest.raises(NoEnvironmentError):
        Installer(tmp_path, offline=False).install(["sync"], told.errand, tmp_path / "env")
    assert (calls.read_text(), told.noted) == ("sync\n", [])


def test_offline_nothing_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    calls = uv(tmp_path, monkeypatch, RESET)
    with pytest.raises(NoEnvironmentError):
        Installer(tmp_path, offline=True).install(["sync"], told.errand, tmp_path / "env")
    assert calls.read_text() == "sync --offline\n"


def test_a_stop_during_the_pause_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    calls = uv(tmp_path, monkeypatch, RESET)
    monkeypatch.setattr(installer.random, "uniform", lambda _low, _high: 60.0)  # type: ignore[attr-defined]
    errand = Errand(told.cancel, lambda _what: told.cancel.set(), told.noted.append)
    begun = time.monotonic()
    with pytest.raises(NoEnvironmentError, match="stopped while installing") as caught:
        Installer(tmp_path, offline=False).install(["sync"], errand, tmp_path / "env")
    assert (caught.value.status, calls.read_text()) == ("skipped", "sync\n")
    assert time.monotonic() - begun < 2


def test_without_uv_there_is_nothing_to_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    monkeypatch.setenv("UV", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.prefix", os.fspath(tmp_path))
    with pytest.raises(NoEnvironmentError, match="uv was not found"):
        Installer(tmp_path, offline=False).run(("sync",), told.errand)
