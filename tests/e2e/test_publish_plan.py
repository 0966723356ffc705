"""`lockgate publish plan` on real clones: each flaw shows as what it is, all at once, and nothing is built."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lockgate.loopback.index import Index
from lockgate.loopback.osv import Osv
from tests.e2e.planning import Clone, Outside, clone
from tests.support import lockgate
from tests.unit.scan.benches import FILES

pytestmark = pytest.mark.usefixtures("own_git")


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as service:
        yield service


def statuses(made: Clone) -> dict[str, str]:
    return {one["name"]: one["status"] for one in made.ledger["prerequisites"]}


def test_what_can_be_released_passes_and_says_what_comes_next(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside)
    outside.passed(made.head)
    planned = made.plan()
    assert planned.code == 0, planned.out
    assert set(statuses(made).values()) == {"pass"}
    assert planned.out.endswith("PASS  sample 1.0: planned\nnext: lockgate publish build 1.0\n")
    ledger = made.ledger
    assert (ledger["commit"], ledger["tag"], ledger["state"]) == (made.head, "v1.0", "planned")
    assert ledger["source_date_epoch"] == int(made.git("log", "-1", "--format=%ct"))
    assert "names of deleted files are taken too" in planned.out
    assert made.git("status", "--porcelain") == ""
    again = made.publish("plan", "--no-run", "-q")  # what was confirmed stays confirmed
    assert (again.code, again.out) == (0, "PASS  sample 1.0: planned\nnext: lockgate publish build 1.0\n")


def test_nothing_is_confirmed_unasked(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside)
    outside.passed(made.head)
    planned = made.publish("plan", "--no-run")
    assert planned.code == 3
    assert statuses(made)["publisher"] == "confirm"
    wanted = "repository acme/sample, workflow publish.yml, environment pypi-publishing; then add --confirm publisher"
    assert wanted in planned.out
    refused = made.publish("plan", "--no-run", "--confirm", "weather")
    assert (refused.code, "nothing of that name waits" in refused.err) == (2, True)


def changed(path: str, text: str) -> Callable[[Clone], object]:
    return lambda made: (made.root / path).write_text(text)


def tagged_elsewhere(made: Clone) -> None:
    made.git("tag", "-a", "v1.0", "-m", "elsewhere")
    made.git("push", "-q", "origin", "v1.0")
    made.git("tag", "-d", "v1.0")
    made.commit(more="1")


def unpushed(made: Clone) -> None:
    made.git("commit", "-q", "--allow-empty", "-m", "Here only")


def behind(made: Clone) -> None:
    """Somebody else's commit on the remote that is not here: ours is below it."""
    made.commit(more="1")
    made.git("reset", "-q", "--hard", "HEAD~1")
    made.git("update-ref", "-d", "refs/remotes/origin/main")


def stale(made: Clone) -> None:
    made.outside.runs = []
    made.outside.passed("0" * 40, at=made.head)


def ran(*names: str, **changes: Any) -> Callable[[Clone], object]:  # noqa: ANN401
    """A later attempt that did not go as well."""
    return lambda made: made.outside.passed(made.head, *names, **changes)


FLAWS: dict[str, tuple[Callable[[Clone], object], str, str, str]] = {
    "dirty": (changed("README.md", "changed"), "tree", "fail", "not clean: README.md"),
    "untracked": (changed("new file", ""), "tree", "fail", "not clean: new file"),
    "tag": (tagged_elsewhere, "tag", "fail", r"v1\.0 is at \w{12} on the remote, not at"),
    "local tag": (
        lambda made: (made.git("tag", "v1.0"), made.commit(a="1")),
        "tag",
        "fail",
        r"is at \w{12} here, not at",
    ),
    "unpushed": (unpushed, "branch", "fail", "is not on the remote's origin/main"),
    "behind": (behind, "branch", "pass", "is on origin/main"),
    "no remote": (lambda made: made.git("remote", "remove", "origin"), "branch", "unknown", "git ls-remote"),
    "changelog": (
        lambda made: made.commit(**{"CHANGELOG.md": "# Changelog\n\n## 0.9\n\nSince 1.0 of old\n"}),
        *("changelog", "fail", r"CHANGELOG\.md has no heading of 1\.0"),
    ),
    "no changelog": (
        lambda made: (made.git("rm", "-q", "CHANGELOG.md"), made.commit()),
        "changelog",
        "fail",
        "there is none",
    ),
    "stale runs": (stale, "gate", "unknown", r"test-matrix \(3\.12\) did not report"),
    "no runs": (lambda made: made.outside.runs.clear(), "scan", "unknown", "security-scan did not report"),
    "failed later": (ran("quality-checks", conclusion="failure"), "gate", "fail", "quality-checks ended failure"),
    "skipped": (ran("coverage-report", conclusion="skipped"), "gate", "unknown", "coverage-report ended skipped"),
    "neutral": (ran("security-scan", conclusion="neutral"), "scan", "unknown", "security-scan ended neutral"),
    "running": (ran("quality-checks", status="in_progress", conclusion=None), "gate", "unknown", "is in progress"),
    "another app": (
        lambda made: (
            made.outside.runs.pop(),
            made.outside.passed(made.head, "security-scan", app={"slug": "somebody"}),
        ),
        *("scan", "unknown", "another app reports it, which does not count"),
    ),
    "on the index": (
        lambda made: made.outside.lists("sample-1.0.tar.gz"),
        *("index", "fail", r"has sample-1\.0\.tar\.gz already, and not from this ledger: a name is taken for ever"),
    ),
    "an egg": (lambda made: made.outside.lists("sample-1.0-py3.8.egg"), "index", "fail", "taken for ever"),
    "older": (lambda made: made.outside.lists("sample-0.9.tar.gz"), "index", "pass", r"has no file of 1\.0"),
    "broken index": (lambda made: setattr(made.outside, "status", 500), "index", "unknown", "did not say what it has"),
}


# The rest of them in `./dev long`: what is pure of them is tested in tests/unit/publish.
LONG = {
    "untracked",
    "unpushed",
    "stale runs",
    "another app",
    "local tag",
    "behind",
    "no changelog",
    "no runs",
    "skipped",
    "neutral",
    "running",
    "an egg",
    "older",
}


@pytest.mark.parametrize("flaw", [pytest.param(one, marks=pytest.mark.slow) if one in LONG else one for one in FLAWS])
def test_a_flaw_is_seen(tmp_path: Path, outside: Outside, flaw: str) -> None:
    made = clone(tmp_path, outside)
    spoil, name, status, words = FLAWS[flaw]
    outside.passed(made.head)
    spoil(made)
    if not flaw.startswith(("stale", "no runs")) and made.head not in {run["head_sha"] for run in outside.runs}:
        outside.passed(made.head)
    planned = made.plan()
    found = next(one for one in made.ledger["prerequisites"] if one["name"] == name)
    assert found["status"] == status, planned.out
    assert re.search(words, found["detail"]), found["detail"]
    assert planned.code == {"pass": 0, "fail": 1, "unknown": 3}[status]
    assert status == "pass" or (found["remedy"] and f"→ {found['remedy']}" in planned.out)
    assert len(made.ledger["prerequisites"]) == 10  # all at once
    assert not (made.folder / "dist").exists()
    # Nothing is built on it.
    if status != "pass":
        built = made.publish("build")
        assert built.code == planned.code
        assert f"nothing is built before the plan passes: {name}" in built.err or name in built.err


def test_a_publisher_is_confirmed_for_one_index(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside)
    outside.passed(made.head)
    assert made.plan().code == 0
    assert made.publish("plan", "--no-run").code == 0
    with Outside() as other:
        line = ("publish", "plan", "1.0", "--no-run", "--index", other.url)
        planned = lockgate(made.root, *line, GITHUB_API_URL=outside.url, GITHUB_REPOSITORY="acme/sample")
    assert planned.code == 3, planned
    assert made.ledger["prerequisites"][7]["status"] == "confirm"
    built = made.publish("build")
    assert (built.code, f"it is planned for {other.url}, not for {outside.url}" in built.err) == (2, True)


AHEAD = {"urls": [{"filename": "sample-1.0.tar.gz", "url": "x", "digests": {"sha256": "ab" * 32}}]}


def test_whatever_the_index_says_it_is_no_wrong_pass(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside)
    outside.passed(made.head)
    for ahead, listed, status, words in (
        (AHEAD, None, "fail", "has sample-1.0.tar.gz already"),  # a new project, whose list lags behind
        (AHEAD, [], "fail", "has sample-1.0.tar.gz already"),
        ({"urls": None}, [], "unknown", "the index's answer lists no files"),
        ({}, None, "unknown", "the index's answer lists no files"),
        ([], [], "unknown", "did not say what it has"),
        ({"urls": [{"filename": "a", "url": "b", "digests": "c"}]}, [], "unknown", "did not say what it has"),
        (None, [{"filename": "a", "url": "b", "hashes": "c"}], "unknown", "did not say what it has"),
    ):
        outside.ahead, outside.listed = ahead, listed
        planned = made.plan()
        found = made.ledger["prerequisites"][6]
        assert (found["status"], words in found["detail"]) == (status, True), planned.out


def test_another_version_than_the_packages_own(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside)
    outside.passed(made.head)
    planned = made.publish("plan", "--no-run", version="1.1")
    assert planned.code == 1
    assert re.search(
        r"fail +version +pyproject\.toml says 1\.0, not 1\.1\n +→ commit version 1\.1, or release 1\.0", planned.out
    )
    spelled = made.publish("plan", "--no-run", version="1")
    assert "pyproject.toml says 1.0, not 1" in spelled.out
    wrong = made.publish("plan", version="one")
    assert (wrong.code, "one is no version (PEP 440)" in wrong.err) == (2, True)


DYNAMIC = """\
[project]
name = "sample"
dynamic = ["version", "description"]
[build-system]
requires = ["flit_core>=3.11,<4"]
build-backend = "flit_core.buildapi"
[tool.lockgate]
python = ["3.12"]
"""


@pytest.mark.parametrize(("own", "status"), [("1.0", "pass"), ("1.1", "fail")])
def test_a_version_that_only_the_backend_knows(tmp_path: Path, outside: Outside, own: str, status: str) -> None:
    source = f'"""A sample."""\n__version__ = "{own}"\n'
    made = clone(
        tmp_path,
        outside,
        src__sample____init___DOT_py="",
        **{"pyproject.toml": DYNAMIC, "src/sample/__init__.py": source},
    )
    made.plan()
    found = made.ledger["prerequisites"][0]
    assert (found["status"], own in found["detail"], "its backend" in found["detail"]) == (status, True, True)


@pytest.mark.slow
def test_a_version_that_git_would_tell_is_told_to_the_backend(tmp_path: Path, outside: Outside) -> None:
    document = DYNAMIC.replace("flit_core>=3.11,<4", 'setuptools>=77", "setuptools-scm>=8')
    document = document.replace("flit_core.buildapi", "setuptools.build_meta") + "[tool.setuptools_scm]\n"
    document = document.replace(', "description"', "")
    made = clone(tmp_path, outside, **{"pyproject.toml": document})
    planned = made.plan()
    found = made.ledger["prerequisites"][0]
    assert found["status"] == "pass", planned.out
    assert "was told it: the tag comes last" in found["detail"]


@pytest.mark.parametrize(
    ("tags", "table", "tag"),
    [
        ((), "", "v1.0"),
        (("0.8", "0.9"), "", "1.0"),
        (("v0.8", "0.7", "not-a-version"), "", "v1.0"),
        (("sample-v0.9",), "", "sample-v1.0"),
        (("0.9",), '[tool.lockgate.publish]\ntag = "release/{version}"', "release/1.0"),
    ],
)
def test_the_tag_is_like_those_before(
    tmp_path: Path, outside: Outside, tags: tuple[str, ...], table: str, tag: str
) -> None:
    made = clone(tmp_path, outside, table=table)
    for one in tags:
        made.git("tag", one)
    made.plan()
    assert made.ledger["tag"] == tag


def test_the_last_releases_provenance_is_evidence_of_the_publisher(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside)
    outside.passed(made.head)
    ours = {"kind": "GitHub", "repository": "Acme/Sample", "workflow": "publish.yml", "environment": "pypi-publishing"}
    for publisher, code, words in (
        (ours, 0, "the last release came from acme/sample, publish.yml"),
        ({**ours, "repository": "other/sample"}, 3, "the last release came from other/sample, publish.yml"),
        ({**ours, "environment": None}, 3, "environment none"),
        (None, 3, "the provenance of 0.9 cannot be read"),
    ):
        outside.provenance = {"attestation_bundles": [{"publisher": publisher}]}
        outside.listed = None
        outside.lists("sample-0.9.tar.gz")
        planned = made.publish("plan", "--no-run")
        assert (planned.code, words in planned.out) == (code, True), planned.out


def test_in_actions_check_runs_speak_for_the_commit(tmp_path: Path, outside: Outside) -> None:
    """A detached checkout, as actions/checkout leaves it, in the build job of publish.yml."""
    made = clone(tmp_path, outside)
    made.git("checkout", "-q", "--detach")
    outside.passed(made.head)
    ledger = tmp_path / "lockgate-release"
    planned = made.plan("--ledger", str(ledger), GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(made.root))
    assert planned.code == 0, planned.out + planned.err
    assert "3 checks of this commit succeeded on GitHub" in planned.out
    assert f"next: lockgate publish build 1.0 --ledger {ledger}" in planned.out
    outside.runs.clear()
    assert made.publish("plan", "--ledger", str(ledger), GITHUB_ACTIONS="true").code == 3


def test_json_keeps_to_its_schema(tmp_path: Path, outside: Outside) -> None:
    import jsonschema

    made = clone(tmp_path, outside)
    planned = made.plan("--format", "json")
    for document, name in ((planned.document, "publish"), (made.ledger, "release")):
        schema = json.loads(lockgate(tmp_path, "schema", name).out)
        jsonschema.validate(document, schema)
    assert list(planned.document)[:4] == ["schema", "verdict", "enforced", "scope"]
    assert planned.document["ledger"] == made.ledger


def test_a_later_commit_is_planned_anew(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside)
    made.proved()
    before = made.head
    made.commit(more="1")
    built = made.publish("build")
    assert (built.code, f"planned for commit {before[:12]}, but this is {made.head[:12]}" in built.err) == (2, True)
    made.proved()
    assert made.ledger["commit"] == made.head


def test_a_rehearsal_looks_at_its_own_index(tmp_path: Path, outside: Outside, index_keys: Path) -> None:
    made = clone(tmp_path, outside)
    outside.passed(made.head)
    line = ("publish", "plan", "1.0", "--index", "loopback", "--no-run")
    known: dict[str, Any] = {"GITHUB_API_URL": outside.url, "GITHUB_REPOSITORY": "acme/sample"}
    first = lockgate(made.root, *line, **known)
    assert first.code == 0, first.out
    assert "a rehearsal: the embedded index takes this repository for it" in first.out
    Index(made.folder / "index", keys=index_keys)
    assert "loopback has no such project yet" in lockgate(made.root, *line, **known).out


@pytest.mark.parametrize("phase", ["observe", "off"])
def test_what_is_only_observed_is_told_but_stops_nobody(tmp_path: Path, outside: Outside, phase: str) -> None:
    made = clone(tmp_path, outside, table=f'[tool.lockgate.phase]\npublishing = "{phase}"')
    planned = made.plan("--format", "json")
    assert (planned.code, planned.document["verdict"], planned.document["enforced"]) == (0, "unknown", False)


def test_a_package_that_is_none_and_a_folder_without_git(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside, **{"pyproject.toml": '[project]\nname = "sample"\nversion = "1.0"\n'})
    assert "there is nothing to release" in made.plan().err
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "pyproject.toml").write_bytes(
        (made.root / "pyproject.toml").read_bytes() + b"[build-system]\n"
    )
    plain = lockgate(tmp_path / "bare", "publish", "plan", "1.0")
    assert (plain.code, "no git repository" in plain.err) == (2, True)
    assert lockgate(tmp_path, "publish", "plan", "1.0", "--index", "pipy").code == 2


def gated(folder: Path, outside: Outside, osv: str) -> Clone:
    """A package whose gate and scan run here, against this vulnerability service."""
    table = f'checks = ["test"]\n\n[tool.lockgate.scan]\nosv = "{osv}"\ncodeql = "off"\n'
    return clone(folder, outside, "uv_build", table=table, **FILES)


@pytest.mark.slow
def test_gate_and_scan_run_here_on_the_clean_tree_once(tmp_path: Path, outside: Outside) -> None:
    with Osv() as service:
        made = gated(tmp_path, outside, service.url)
        planned = made.publish("plan", "--confirm", "publisher")
        assert planned.code == 0, planned.out + planned.err
        assert f"pass     gate        passed here for {made.head[:12]}" in planned.out
        assert f"pass     scan        passed here for {made.head[:12]}" in planned.out
        assert "test-3.12" in planned.err
        again = made.publish("plan")
        assert again.code == 0
        assert "gate        passed here earlier, at 20" in again.out
        assert "test-3.12" not in again.err


def test_a_gate_that_fails_or_leaves_files_about_is_no_pass(tmp_path: Path, outside: Outside) -> None:
    made = gated(tmp_path, outside, "http://127.0.0.1:9")
    made.commit(**{"tests/test_sample.py": "def test_not() -> None:\n    open('left', 'w')\n"})
    left = made.publish("plan")
    assert "unknown  gate        the tree changed while it ran: left" in left.out
    assert "unknown  scan        not run: the tree is not this commit" in left.out
    (made.root / "left").unlink()
    made.commit(**{"tests/test_sample.py": "def test_not() -> None:\n    open('left', 'w')\n    assert False\n"})
    failed = made.publish("plan")
    assert (failed.code, "fail     gate        test-3.12: fail" in failed.out) == (1, True), failed.out
