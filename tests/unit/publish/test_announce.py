"""The tag and the release on a stateful double of GitHub: whatever fails, either all of it is there or nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.model.errors import InterruptedByUserError
from lockgate.ports.github import GitHub
from lockgate.ports.service import Reply
from lockgate.publish.announce import Announcement, HalfWayError, announce
from tests.releases_api import COMMIT, Releases

NAMES = ("sample-1.0-py3-none-any.whl", "sample-1.0.tar.gz", "sbom.cdx.json")
# Every request that changes something, in the order in which they come.
STEPS = [("POST", "/releases"), ("POST", "/uploads"), ("POST", "/git/refs"), ("PATCH", "/releases")]


@pytest.fixture
def github() -> Iterator[Releases]:
    with Releases() as service:
        yield service


@pytest.fixture
def what(tmp_path: Path) -> Announcement:
    for name in NAMES:
        (tmp_path / name).write_bytes(name.encode() * 100)
    return Announcement(
        repository="acme/sample",
        tag="v1.0",
        commit=COMMIT,
        title="sample 1.0",
        notes="* new",
        prerelease=False,
        files=tuple(tmp_path / name for name in NAMES),
    )


def _hub(github: Releases) -> GitHub:
    return GitHub(github.url, "token", limit=5.0)


def _announce(github: Releases, what: Announcement) -> tuple[str, tuple[str, ...]]:
    return announce(_hub(github), what, lambda: None)


def _outcome(github: Releases, what: Announcement) -> HalfWayError | None:
    """All of it is there, or nothing."""
    try:
        _announce(github, what)
    except HalfWayError as error:
        there = github.tags or github.releases
        if there:
            raise AssertionError(there) from error
        return error
    _whole(github)
    return None


def _whole(github: Releases) -> None:
    (release,) = github.releases.values()
    assert github.tags == {"v1.0": COMMIT}
    assert (release["draft"], release["name"], release["body"]) == (False, "sample 1.0", "* new")
    assert [one["name"] for one in release["assets"]] == list(NAMES)


def _once(method: str, start: str, reply: Reply, times: int = 1) -> tuple[list[int], object]:
    left = [times]

    def faulty(asked: str, path: str) -> Reply | None:
        if asked == method and path.startswith(start) and left[0]:
            left[0] -= 1
            return reply
        return None

    return left, faulty


def test_draft_files_tag_and_only_then_everybody_sees_it(github: Releases, what: Announcement) -> None:
    page, did = _announce(github, what)
    _whole(github)
    assert page.startswith("https://github.com/acme/sample/releases/")
    assert did[-1] == "published the release"
    changing = [line.split("/")[0] + "/" + line.split("/")[1] for line in github.log if not line.startswith("GET")]
    assert changing == ["POST /releases", *["POST /uploads"] * 3, "POST /git", "PATCH /releases"]


def test_a_second_run_changes_nothing(github: Releases, what: Announcement) -> None:
    _announce(github, what)
    github.log.clear()
    _, did = _announce(github, what)
    assert did == ()
    assert all(line.startswith("GET") for line in github.log)


@pytest.mark.parametrize("step", STEPS, ids="-".join)
@pytest.mark.parametrize("status", [403, 422, 500])
@pytest.mark.parametrize("applied", [False, True])
def test_refused_at_any_step_it_is_taken_back_or_whole(
    github: Releases, what: Announcement, step: tuple[str, str], status: int, *, applied: bool
) -> None:
    github.apply_first = applied and status == 500  # only a server that stumbles does what it then denies
    _, faulty = _once(*step, Reply(status, body=b'{"message": "no"}'), times=99)
    github.faulty = faulty  # type: ignore[assignment]
    error = _outcome(github, what)
    assert error is None or (error.exit_code in {3, 4} and not error.left)
    github.faulty = lambda _method, _path: None
    _announce(github, what)
    _whole(github)


@pytest.mark.parametrize("step", STEPS, ids="-".join)
@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer_is_settled_by_reading(
    github: Releases, what: Announcement, step: tuple[str, str], cut: str
) -> None:
    _, faulty = _once(*step, Reply(cut=cut))  # type: ignore[arg-type]
    github.faulty = faulty  # type: ignore[assignment]
    error = _outcome(github, what)
    assert error is None or error.exit_code == 3
    _announce(github, what)
    _whole(github)


def test_half_a_file_that_github_left_behind_is_replaced(github: Releases, what: Announcement) -> None:
    _, faulty = _once("POST", "/uploads", Reply(502, body=b"{}"))

    def starter(method: str, path: str) -> Reply | None:
        reply = faulty(method, path)  # type: ignore[operator]
        if reply is not None:
            release = next(iter(github.releases.values()))
            release["assets"].append({"id": 77, "name": NAMES[0], "state": "starter", "size": 0, "digest": None})
        return reply  # type: ignore[no-any-return]

    github.faulty = starter
    _announce(github, what)
    _whole(github)


def test_a_draft_that_an_earlier_run_left_is_finished(github: Releases, what: Announcement) -> None:
    def stop() -> None:
        if len(github.log) > 6:
            raise SystemExit  # as a kill: nothing is taken back

    with pytest.raises(SystemExit):
        announce(_hub(github), what, stop)
    assert len(github.releases) == 1
    _announce(github, what)
    _whole(github)


def test_what_an_earlier_run_made_is_not_taken_back(github: Releases, what: Announcement) -> None:
    github.tags["v1.0"] = COMMIT
    _, faulty = _once("PATCH", "/releases", Reply(403, body=b'{"message": "no"}'))
    github.faulty = faulty  # type: ignore[assignment]
    with pytest.raises(HalfWayError) as caught:
        _announce(github, what)
    assert caught.value.undone == ("the draft of the release",)
    assert github.tags == {"v1.0": COMMIT}


def test_an_end_asked_for_takes_back_too(github: Releases, what: Announcement) -> None:
    def stop() -> None:
        if len(github.log) > 6:
            raise InterruptedByUserError("interrupted")

    with pytest.raises(HalfWayError) as caught:
        announce(_hub(github), what, stop)
    assert caught.value.exit_code == 130
    assert github.releases == {}


@pytest.mark.parametrize("kind", ["tags", "annotated"])
def test_a_tag_elsewhere_is_refused_before_anything_is_made(github: Releases, what: Announcement, kind: str) -> None:
    getattr(github, kind)["v1.0"] = "2" * 40
    with pytest.raises(HalfWayError, match=r"tag v1\.0 is at 222222222222"):
        _announce(github, what)
    assert all(line.startswith("GET") for line in github.log)


def test_an_annotated_tag_of_this_commit_is_good(github: Releases, what: Announcement) -> None:
    github.annotated["v1.0"] = COMMIT
    _, did = _announce(github, what)
    assert not any("tag" in one for one in did)


def test_a_tag_made_meanwhile_is_taken_if_it_is_of_this_commit(github: Releases, what: Announcement) -> None:
    def meanwhile(method: str, path: str) -> Reply | None:
        if (method, path) == ("POST", "/git/refs"):
            github.tags["v1.0"] = COMMIT
        return None

    github.faulty = meanwhile
    _announce(github, what)
    _whole(github)


def test_the_tag_under_somebody_else_s_release_is_not_taken_back(github: Releases, what: Announcement) -> None:
    def meanwhile(method: str, _path: str) -> Reply | None:
        if method == "PATCH" and len(github.releases) == 1:  # another publisher was faster
            github.faulty = lambda _method, _path: None
            mine = next(iter(github.releases.values()))
            github.releases[99] = {**mine, "id": 99, "draft": False}
        return None

    github.faulty = meanwhile
    with pytest.raises(HalfWayError, match="Validation Failed") as caught:
        _announce(github, what)
    assert caught.value.undone == ("the draft of the release",)
    assert github.tags == {"v1.0": COMMIT}
    assert list(github.releases) == [99]
    _announce(github, what)  # and everything is there


def test_people_s_own_release_is_left_as_they_wrote_it(github: Releases, what: Announcement) -> None:
    _announce(github, what)
    (release,) = github.releases.values()
    release.update(body="written by hand", name="Big one")
    release["assets"].pop()
    _announce(github, what)
    assert (release["body"], release["name"], len(release["assets"])) == ("written by hand", "Big one", 3)


@pytest.mark.parametrize("change", [{"size": 1}, {"digest": "sha256:" + "0" * 64}])
def test_a_file_is_never_replaced(github: Releases, what: Announcement, change: dict[str, object]) -> None:
    _announce(github, what)
    next(iter(github.releases.values()))["assets"][1].update(change)
    with pytest.raises(HalfWayError, match=r"another file called sample-1\.0\.tar\.gz"):
        _announce(github, what)


def test_an_older_github_gives_no_digests(github: Releases, what: Announcement) -> None:
    _announce(github, what)
    for asset in next(iter(github.releases.values()))["assets"]:
        asset["digest"] = None
    assert _announce(github, what)[1] == ()


def test_what_cannot_be_taken_back_is_told(github: Releases, what: Announcement) -> None:
    def faulty(method: str, path: str) -> Reply | None:
        if method == "DELETE":
            return Reply(500) if "tags" in path else Reply(cut="before")
        return Reply(403, body=b'{"message": "no"}') if method == "PATCH" else None

    github.faulty = faulty
    with pytest.raises(HalfWayError) as caught:
        _announce(github, what)
    assert caught.value.left == ("the tag v1.0", "the draft of the release")
    assert "could not be taken back" in caught.value.message
    github.faulty = lambda _method, _path: None
    _announce(github, what)
    _whole(github)


def test_an_answer_that_is_no_object_is_not_believed(github: Releases, what: Announcement) -> None:
    _, faulty = _once("POST", "/releases", Reply(201, body=b"[]"))
    github.faulty = faulty  # type: ignore[assignment]
    with pytest.raises(HalfWayError, match="none that this lockgate knows"):
        _announce(github, what)


def test_files_go_to_no_other_host(github: Releases, what: Announcement) -> None:
    _announce(github, what)
    release = next(iter(github.releases.values()))
    release["assets"].clear()
    release["upload_url"] = "http://example.org/uploads{?name}"
    with pytest.raises(HalfWayError, match="another host"):
        _announce(github, what)
