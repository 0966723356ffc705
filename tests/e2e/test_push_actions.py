"""Over smart HTTP, as in a job of GitHub Actions whose checkout keeps no credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.clones import Clone, Hub
from tests.e2e.git_http import TOKEN, serving
from tests.support import Ran, write

pytestmark = pytest.mark.usefixtures("own_git")
Requests = list[tuple[str, str]]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path, {"a.txt": "a\n"})
    with serving(tmp_path) as (url, requests):
        hub.url = f"{url}/hub.git"
        hub.requests = requests  # type: ignore[attr-defined]
        yield hub


def in_job(mine: Clone, hub: Hub, *arguments: str, **more: str | None) -> Ran:
    server = hub.url.rpartition("/")[0]
    job = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": server, "GH_TOKEN": TOKEN, **more}
    return mine.push(*arguments, **job)


def without_identity(hub: Hub) -> Clone:
    mine = hub.clone("mine")
    mine.git("config", "--unset", "user.name")
    mine.git("config", "--unset", "user.email")
    return mine


@pytest.mark.parametrize("name", ["GH_TOKEN", "GITHUB_TOKEN"])
def test_the_job_s_token_opens_the_server_and_the_bot_is_the_author(hub: Hub, tmp_path: Path, name: str) -> None:
    mine, out = without_identity(hub), write(tmp_path / "out", {"report.json": "{}\n"})
    arguments = ("--branch", "lockgate-reports", "--commit", "Nightly", "--from", str(out))
    ran = in_job(mine, hub, *arguments, **{"GH_TOKEN": None, name: TOKEN})
    assert ran.code == 0, ran.out + ran.err
    author = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
    assert hub.git("log", "-1", "--format=%an <%ae>|%cn <%ce>", "lockgate-reports") == f"{author}|{author}"


def test_the_token_is_on_no_disk_and_in_no_output(hub: Hub, tmp_path: Path) -> None:
    mine, out = without_identity(hub), write(tmp_path / "out", {"report.json": "{}\n"})
    hook = mine.root / ".git/hooks/pre-push"
    hook.write_text(f"#!/bin/sh\ncat /proc/*/cmdline 2>/dev/null | tr '\\0' ' ' > {tmp_path}/processes\n")
    hook.chmod(0o755)
    ran = in_job(mine, hub, "--branch", "r", "--commit", "Nightly", "--from", str(out))
    assert ran.code == 0, ran.err
    import base64

    secrets = [TOKEN.encode(), base64.b64encode(f"x-access-token:{TOKEN}".encode())]
    files = [path for path in (*mine.root.rglob("*"), Path(tmp_path / "processes")) if path.is_file()]
    assert len(files) > 10
    for secret in secrets:
        assert secret.decode() not in ran.out + ran.err
        assert [path for path in files if secret in path.read_bytes()] == []


def test_a_header_that_the_checkout_left_is_replaced(hub: Hub, tmp_path: Path) -> None:
    mine, out = without_identity(hub), write(tmp_path / "out", {"report.json": "{}\n"})
    server = hub.url.rpartition("/")[0]
    mine.git("config", f"http.{server}/.extraheader", "AUTHORIZATION: basic stale")
    assert in_job(mine, hub, "--branch", "r", "--commit", "Nightly", "--from", str(out)).code == 0


def test_without_the_token_the_server_refuses_and_the_permission_is_named(hub: Hub, tmp_path: Path) -> None:
    mine, out = without_identity(hub), write(tmp_path / "out", {"report.json": "{}\n"})
    ran = in_job(mine, hub, "--branch", "r", "--commit", "x", "--from", str(out), GH_TOKEN="wrong" * 4,
                 GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true")  # fmt: skip
    assert ran.code == 4, ran.out + ran.err
    assert "contents: write" in ran.err
    assert "wrongwrong" not in ran.out + ran.err


def test_two_clones_race_over_http(hub: Hub) -> None:
    clones = [hub.clone(f"c{number}") for number in range(4)]
    for clone in clones:
        clone.commit(clone.root.name, {clone.root.name: "x"})
    job = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": hub.url.rpartition("/")[0], "GH_TOKEN": TOKEN}
    # A server of the job is taken for GitHub, whose pace is for pushes of hours; here it is a test's.
    running = [clone.start(**job) for clone in clones]
    outs = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 4, outs
    assert sorted(hub.subjects()) == ["Begin", "c0", "c1", "c2", "c3"]
    assert hub.queue() == ""
    hub.assert_linear()
    assert os.environ.get("GH_TOKEN") is None
