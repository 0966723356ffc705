"""Tag and release at the embedded GitHub, every exchange held against GitHub's own description of its API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lockgate.loopback.github import Fault
from lockgate.loopback.index import Index, Job, Publisher
from tests.e2e.planning import BACKENDS, CONTEXTS, PYPROJECT, TESTS
from tests.e2e.releasing import Release, release
from tests.hosted import REPOSITORY, Hosted
from tests.support import lockgate

pytestmark = pytest.mark.usefixtures("own_git", "checked")
WHO = Publisher(project="sample", repository=REPOSITORY, workflow="publish.yml", environment="pypi-publishing")
FILES = {
    "pyproject.toml": PYPROJECT.format(system=BACKENDS["flit_core"], table=""),
    "CHANGELOG.md": "# Changelog\n\n## 1.0\n\n* new\n",
    ".gitignore": "__pycache__/\n.*cache/\n",
    "src/sample/__init__.py": '"""A sample."""\n\nfrom sample.extra import double\n\n__all__ = ["double"]\n',
    "src/sample/extra.py": "def double(number: int) -> int:\n    return 2 * number\n",
    "tests/test_sample.py": TESTS,
}


@pytest.fixture
def index(tmp_path: Path, index_keys: Path) -> Iterator[Index]:
    with Index(tmp_path / "index", keys=index_keys) as service:
        service.register(WHO)
        yield service


def _job(hosted: Hosted, index: Index) -> dict[str, str | None]:
    """The variables of a job of `publish.yml`."""
    job = Job(repository=REPOSITORY, workflow="publish.yml", environment="pypi-publishing", event="workflow_dispatch")
    return {
        **index.trust,
        **index.job(job),
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": None,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_API_URL": hosted.github.api,
        "GH_TOKEN": hosted.tokens["actions"],
    }


@pytest.fixture
def made(tmp_path: Path, hosted: Hosted, index: Index) -> Release:
    """A release whose files the index has, proved."""
    made = release(tmp_path, index, registered=False, clone=hosted.begin(FILES).root)
    made.environment |= _job(hosted, index)
    assert made.run("upload").code == 0
    assert made.run("verify").code == 0
    return made


def _tag(hosted: Hosted) -> str | None:
    answer = hosted.ask("GET", "git/ref/tags/v1.0")
    found: Any = answer.json()
    return found["object"]["sha"] if answer.status == 200 else None


def _assert_released(hosted: Hosted, ledger: dict[str, Any]) -> None:
    assert ledger["state"] == "released"
    assert _tag(hosted) == ledger["commit"]
    (shown,) = hosted.state["releases"]
    assert (shown["draft"], shown["name"], shown["body"], shown["prerelease"]) == (False, "sample 1.0", "* new", False)
    mine = {one["name"]: one["sha256"] for one in ledger["files"]} | {"sbom.cdx.json": ledger["sbom"]}
    folder = hosted.github.folder / "assets"
    there = {one["name"]: hashlib.sha256((folder / str(one["id"])).read_bytes()).hexdigest() for one in shown["assets"]}
    assert there == mine


def test_from_the_plan_to_the_github_release(tmp_path: Path, hosted: Hosted, index: Index) -> None:
    clone = hosted.begin(FILES)
    head, job = clone.git("rev-parse", "HEAD"), _job(hosted, index)
    for name in CONTEXTS:
        run = {"name": name, "head_sha": head, "status": "completed", "conclusion": "success"}
        assert hosted.ask("POST", "check-runs", run, "actions").status == 201
    made = Release(clone.root, index, tmp_path / "release", job)
    planned = made.run("plan", "--index", index.url, "--confirm", "publisher")
    assert planned.code == 0, planned
    # What it is built and tested with comes from elsewhere.
    built = made.run("build", **dict.fromkeys(index.trust))
    assert built.code == 0, built
    ran = made.run("resume")
    assert ran.code == 0, ran
    _assert_released(hosted, made.ledger)
    assert "nothing is left to do" in made.run("resume").err
    status = lockgate(clone.root, *made.line("status"))
    assert (status.code, "next:" in status.out) == (0, False)


SLOW = partial(pytest.param, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        SLOW(Fault(method="POST", path=".*/releases", status=403, message="no"), 4),
        SLOW(Fault(method="POST", path=".*/assets.*", status=403, message="no"), 4),
        SLOW(Fault(method="POST", path=".*/git/refs", cut="before"), 3),
        (Fault(method="PATCH", path=".*/releases/.*", status=403, message="no"), 4),
        SLOW(Fault(method="PATCH", path=".*/releases/.*", status=502, effect=True), 0),
        (Fault(method="POST", path=".*/git/refs", cut="after"), 0),
    ],
)
def test_half_way_it_is_taken_back_or_settled(made: Release, hosted: Hosted, fault: Fault, code: int) -> None:
    hosted.github.faults.append(fault)
    ran = made.run("resume")
    assert ran.code == code, ran
    assert fault.seen
    if code:
        assert (_tag(hosted), hosted.state["releases"]) == (None, [])
        assert made.ledger["state"] == "verified"
        assert made.ledger["steps"][-1]["name"] == "release"
        assert made.ledger["steps"][-1]["detail"] in ran.out
        assert made.run("resume").code == 0
    if fault.status == 403 and fault.method == "PATCH":
        assert "taken back: the tag v1.0, the draft of the release" in ran.out
    _assert_released(hosted, made.ledger)
