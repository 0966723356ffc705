from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version

from lockgate.model.release import Ledger, ReleaseFile
from lockgate.publish import prerequisites

HEAD = "c0" * 20
SHA = "ab" * 32


@pytest.mark.parametrize(
    ("own", "asked", "status"),
    [
        ("1.0", "1.0", "pass"),
        ("1.0", "1.1", "fail"),
        ("1.0.0", "1.0", "fail"),
        ("one", "1.0", "fail"),
        ("1.0+x", "1.0+x", "fail"),
    ],
)
def test_the_version_is_the_packages_own(own: str, asked: str, status: str) -> None:
    assert prerequisites.version(asked, own, "pyproject.toml").status == status


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], "v1.2"),
        (["v1.0", "1.1"], "1.2"),
        (["1.0", "v1.1"], "v1.2"),
        (["p-1.1"], "p-1.2"),
        (["p-v1.1"], "p-v1.2"),
        (["p/v1.1"], "p/v1.2"),
        (["p@1.1"], "p@1.2"),
        (["latest", "q-9.9"], "v1.2"),
    ],
)
def test_the_tags_name_follows_the_newest(tags: list[str], expected: str) -> None:
    assert prerequisites.tag_name("1.2", "p", tags, None) == expected
    assert prerequisites.tag_name("1.2", "p", tags, "r{version}x") == "r1.2x"


def test_a_tag_is_free_or_at_this_commit() -> None:
    there, here = {"v1": HEAD}, {"v1": "d0" * 20}
    assert prerequisites.tag("v1", HEAD, {}, {}).detail == "v1 is free"
    assert prerequisites.tag("v1", HEAD, {}, there).detail == "v1 is at this commit already"
    assert prerequisites.tag("v1", HEAD, here, there).status == "fail"
    assert prerequisites.tag("v1", HEAD, {}, here).status == "fail"
    assert prerequisites.tag("v1", HEAD, {}, None).status == "unknown"


def test_the_branch_must_have_the_commit() -> None:
    assert prerequisites.branch("o/main", HEAD, HEAD, contained=True).status == "pass"
    assert prerequisites.branch("o/main", HEAD, None, contained=False).status == "fail"
    assert prerequisites.branch("o/main", HEAD, "d0" * 20, contained=False).status == "fail"
    assert prerequisites.branch("o/main", HEAD, "d0" * 20, contained=None).status == "unknown"


def test_the_tree_must_be_clean() -> None:
    assert prerequisites.tree(()).status == "pass"
    assert prerequisites.tree(None).status == "unknown"
    assert prerequisites.tree(tuple("abcde")).detail == "not clean: a, b, c and 2 more"


def test_the_changelog_and_the_name() -> None:
    assert prerequisites.changelog("C.md", "", "1.0").detail.endswith("says nothing of it")
    assert prerequisites.changelog("C.md", None, "1.0").status == "fail"
    assert prerequisites.changelog(None, None, "1.0").status == "fail"
    assert prerequisites.name("a-b.c_d", ()).status == "pass"
    assert prerequisites.name("-a", ()).status == "fail"
    assert prerequisites.name("a", ("Private :: Do Not Upload",)).status == "fail"


def ledger(**files: str) -> Ledger:
    made = tuple(
        ReleaseFile(name=name.replace("__", "."), kind="sdist", sha256=sha, size=1) for name, sha in files.items()
    )
    return Ledger(project="p", version="1.0", commit=HEAD, source_date_epoch=0, tag="1.0", index="i", files=made)


@pytest.mark.parametrize(
    ("listed", "mine", "status"),
    [
        (None, None, "pass"),
        ({}, None, "pass"),
        ({"p-0.9.tar.gz": SHA, "notes.txt": SHA}, None, "pass"),
        ({"p-1.0.tar.gz": SHA}, None, "fail"),
        ({"p-1.0.0.tar.gz": SHA}, None, "fail"),
        ({"p-1.0-py3-none-any.whl": SHA}, None, "fail"),
        ({"p-1.0-1-py3-none-any.whl": SHA}, None, "fail"),
        ({"p-1.0-py3.8.egg": SHA}, None, "fail"),
        ({"p-1.0.tar.gz": SHA}, ledger(**{"p-1.0.tar.gz": SHA}), "pass"),
        ({"p-1.0.tar.gz": "cd" * 32}, ledger(**{"p-1.0.tar.gz": SHA}), "fail"),
        ({"p-1.0.tar.gz": None}, ledger(**{"p-1.0.tar.gz": SHA}), "fail"),
        ({"p-1.0-py3-none-any.whl": SHA}, ledger(**{"p-1.0.tar.gz": SHA}), "fail"),
    ],
)
def test_names_on_the_index_are_free_or_ours(listed: Any, mine: Ledger | None, status: str) -> None:  # noqa: ANN401
    assert prerequisites.index("https://pypi.org", listed, "1.0", mine).status == status


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("p-1.0.zip", "1.0"),
        ("p-q-1.0.tar.gz", "1.0"),
        ("p-1.0.win32.exe", None),
        ("readme", None),
        ("p-x-py3.whl", None),
    ],
)
def test_the_version_of_a_file(name: str, version: str | None) -> None:
    assert prerequisites.version_of(name) == (Version(version) if version else None)


def run(name: str = "lint", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    made = {"id": 1, "name": name, "head_sha": HEAD, "status": "completed", "conclusion": "success",
            "started_at": "2026-01-01T00:00:00Z", "app": {"slug": "github-actions"}}  # fmt: skip
    return {**made, **changes}


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([run()], "pass"),
        ([], "unknown"),
        ([run("other")], "unknown"),
        ([run(head_sha="d0" * 20)], "unknown"),
        ([run(app={"slug": "somebody"})], "unknown"),
        ([run(app=None)], "unknown"),
        ([run(), run(app={"slug": "somebody"}, conclusion="failure", id=9)], "pass"),
        *([[run(conclusion=how)], "unknown"] for how in ("skipped", "neutral", "cancelled", "stale", None, "new")),
        *([[run(conclusion=how)], "fail"] for how in ("failure", "timed_out", "action_required", "startup_failure")),
        *([[run(status=how, conclusion=None)], "unknown"] for how in ("queued", "in_progress", "waiting", None)),
        ([run(conclusion="failure"), run(id=2)], "pass"),
        ([run(id=2), run(conclusion="failure")], "pass"),
        ([run(), run(id=2, conclusion="failure")], "fail"),
        ([run(started_at="2026-01-02", id=1), run(id=2, conclusion="failure")], "pass"),
        ([run(), run(id=2, status="in_progress", conclusion=None)], "unknown"),
    ],
)
def test_only_the_latest_success_of_github_actions_for_this_commit_is_a_pass(
    runs: list[dict[str, Any]], status: str
) -> None:
    assert prerequisites.check_runs("gate", runs, ["lint"], HEAD).status == status


def test_every_required_check_must_have_passed_and_something_must_be_required() -> None:
    names = [f"check-{number}" for number in range(6)]
    assert prerequisites.check_runs("gate", [run(one) for one in names], names, HEAD).status == "pass"
    assert prerequisites.check_runs("gate", [run(one) for one in names[1:]], names, HEAD).status == "unknown"
    found = prerequisites.check_runs("gate", [run("check-5", conclusion="failure")], names, HEAD)
    assert found.status == "fail"
    assert found.detail == "check-5 ended failure, check-0 did not report, check-1 did not report and 3 more"
    assert prerequisites.check_runs("gate", [], [], HEAD).status == "unknown"
