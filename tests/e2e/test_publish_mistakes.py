"""What people get wrong around a release that is built: another index, a changed folder, a look that changes things."""

from __future__ import annotations

import json

import pytest

from tests.e2e.releasing import SDIST, WHEELS, Release, contents

pytestmark = pytest.mark.usefixtures("own_git")


@pytest.mark.parametrize("command", ["upload", "verify", "resume"])
def test_a_rehearsal_of_a_real_release_sends_nothing(made: Release, command: str) -> None:
    ran = made.run(command, "--index", "loopback")
    assert ran.code == 2, ran
    assert f"was built for {made.index.url}, not for loopback" in ran.err
    assert made.index.requests == []
    assert made.run("upload", "--index", f"{made.index.url}/simple/").code == 0


def test_a_dry_run_gives_nothing_up(made: Release) -> None:
    made.store(WHEELS[0])  # which a run that is none would note as stored
    made.store(SDIST, bytes_of=contents("other"))
    before = (made.folder / "ledger.json").read_bytes()
    ran = made.run("upload", "--dry-run")
    assert ran.code == 1, ran
    assert f"other bytes under {SDIST}" in ran.out
    assert (made.folder / "ledger.json").read_bytes() == before
    assert made.run("upload").code == 1
    assert made.ledger["state"] == "burned"


@pytest.mark.parametrize("content", ["{ }", None])
def test_the_bill_of_materials_is_that_which_was_built(made: Release, content: str | None) -> None:
    path = made.folder / "sbom.cdx.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    for command in ("upload", "resume", "status"):
        ran = made.run(command)
        assert ran.code == 1, ran
        assert "sbom.cdx.json" in ran.out + ran.err
    assert not [one for one in made.index.requests if one.on == "upload"]


def test_an_address_with_a_password_is_kept_nowhere(made: Release) -> None:
    ran = made.run("upload", UV_PUBLISH_URL="https://me:hunter2secret@127.0.0.1:9/legacy/")
    assert ran.code == 2, ran
    assert "hunter2secret" not in ran.out + ran.err
    ran = made.run("status", "--index", "https://me:hunter2secret@127.0.0.1:9/simple")
    assert ran.code == 2, ran
    assert "hunter2secret" not in ran.out + ran.err + json.dumps(made.ledger)
