"""What a user sees of a scan: exit codes, statuses, waivers, what is new, and the second run."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from lockgate.loopback.osv import Osv
from tests.e2e.scans import CODEQL, PICKLE, SQL, clean_package, commit_all, git, sarif, scan, scanner
from tests.planted.credentials import ISSUERS
from tests.support import lockgate, write


def test_a_clean_package_passes_and_the_second_run_says_what_has_not_changed(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    commit_all(root)
    with Osv() as service:
        first = scan(root, "--osv", service.url)
        second = scan(root, "--osv", service.url)
    assert (first.code, first.document["verdict"]) == (0, "pass"), first.out
    assert {one["name"]: one["status"] for one in first.document["scanners"]} == {
        **dict.fromkeys(("dependencies", "code", "secrets", "supply-chain", "workflows"), "pass"),
        "codeql": "not-run",
    }
    assert first.document["scope"] == {"partial": False, "not_run": ["codeql"], "tree_only": False}
    assert not any(one["cached"] for one in first.document["scanners"])
    cached = {one["name"] for one in second.document["scanners"] if one["cached"]}
    assert cached == {"code", "secrets", "supply-chain", "workflows"}
    # Vulnerability data are asked for anew each time, and their age is told.
    assert scanner(second, "dependencies")["age"] is not None
    (root / "src/sample/new.py").write_text(PICKLE)
    third = scan(root, "code", "secrets")
    assert third.code == 1
    assert not any(one["cached"] for one in third.document["scanners"])


def test_a_finding_fails_until_it_is_waived_and_stays_in_sight(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    write(root, {"src/sample/load.py": PICKLE})
    commit_all(root)
    found = scan(root, "code")
    assert (found.code, found.document["verdict"]) == (1, "fail")
    (finding,) = found.document["findings"]
    assert (finding["rule"], finding["path"], finding["line"]) == ("S301", "src/sample/load.py", 5)
    assert finding["tools"] == ["bandit", "ruff"]
    refused = lockgate(root, "scan", "waive", finding["fingerprint"])
    assert refused.code == 2
    waived = lockgate(root, "scan", "waive", finding["fingerprint"], "--reason", "only our own files", "--days", "30")
    assert waived.code == 0, waived.err
    after = scan(root, "code")
    assert (after.code, after.document["verdict"]) == (0, "pass")
    assert after.document["findings"][0]["waived"] == "only our own files"
    assert "only our own files" in lockgate(root, "scan", "code", "-q").out
    # Lines may move: the waiver still holds.
    (root / "src/sample/load.py").write_text("# moved\n\n" + PICKLE)
    assert scan(root, "code").code == 0
    # What it covered is gone: it has to go, too.
    (root / "src/sample/load.py").unlink()
    (unused,) = scan(root, "code").document["findings"]
    assert unused["rule"] == "waiver-unused"
    assert unused["line"] is not None


def test_observing_tells_the_truth_and_stops_nobody(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample", '[tool.lockgate.phase]\nsecurity = "observe"\n')
    write(root, {"src/sample/load.py": PICKLE})
    ran = scan(root, "code")
    assert (ran.code, ran.document["verdict"], ran.document["enforced"]) == (0, "fail", False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("secret",), "did you mean 'secrets'?"),
        (("--sarif", "other=x"), "only codeql=FILE"),
        (("waive", "CVE-1", "--reason", "x", "--days", "91"), "1 to 90 days"),
        (("waive", "CVE-1"), "--reason"),
    ],
)
def test_a_wrong_command_line_is_refused(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    root = clean_package(tmp_path / "sample")
    ran = lockgate(root, "scan", *arguments)
    assert ran.code == 2
    assert words in ran.err


def test_what_cannot_be_seen_is_unknown_with_reason_and_remedy(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    commit_all(write(root, {"a.txt": "a\n"}))
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{root}", str(shallow)], check=True)
    ran = scan(shallow, "secrets")
    assert (ran.code, ran.document["verdict"]) == (3, "unknown")
    assert "shallow" in scanner(ran, "secrets")["reason"]
    assert scanner(ran, "secrets")["remedy"] == "git fetch --unshallow"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("src/sample/old.py", b"print 'python 2'\n"),
        ("src/sample/coded.py", b"# \xff\nA = 1\n"),
        ("src/sample/nul.py", b"A = 1\x00\n"),
        (".github/workflows/broken.yml", b"on: [push\n"),
    ],
)
def test_a_file_that_nobody_can_parse_is_unknown(tmp_path: Path, name: str, content: bytes) -> None:
    root = clean_package(tmp_path / "sample")
    write(root, {name: content})
    ran = scan(root, "workflows" if name.endswith("yml") else "code")
    assert (ran.code, ran.document["verdict"]) == (3, "unknown")
    assert name in ran.out


def test_no_source_is_unknown(tmp_path: Path) -> None:
    root = write(tmp_path / "empty", {"pyproject.toml": '[project]\nname = "empty"\nversion = "1"\n'})
    ran = scan(root, "code")
    assert (ran.code, scanner(ran, "code")["reason"]) == (3, "no Python source was found")


def test_without_git_only_the_tree_is_looked_at_and_that_is_said(tmp_path: Path) -> None:
    root = write(
        tmp_path / "plain", {"pyproject.toml": '[project]\nname = "plain"\nversion = "1"\n', "a.py": "A = 1\n"}
    )
    ran = scan(root, "secrets", "supply-chain", "workflows")
    assert ran.document["scope"]["tree_only"] is True
    assert scanner(ran, "secrets")["status"] == "pass"
    assert scanner(ran, "supply-chain")["status"] == "not-run"
    assert ran.code == 0


def test_what_the_table_requires_must_be_there(tmp_path: Path) -> None:
    table = '[tool.lockgate.scan]\nrequired = ["supply-chain", "codeql"]\n'
    root = write(
        tmp_path / "plain", {"pyproject.toml": f'[project]\nname = "plain"\nversion = "1"\n{table}', "a.py": "A = 1\n"}
    )
    ran = scan(root, "supply-chain", "codeql")
    assert ran.code == 3
    assert {scanner(ran, name)["status"] for name in ("supply-chain", "codeql")} == {"unknown"}


def test_offline_what_needs_others_is_unknown(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    ran = scan(root, "dependencies", "--offline")
    assert ran.code == 3
    assert "--offline" in scanner(ran, "dependencies")["reason"]


def test_codeql_counts_like_any_scanner(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    clean = scan(root, "codeql", "--sarif", f"codeql={sarif(tmp_path / 'a.sarif')}")
    assert (clean.code, scanner(clean, "codeql")["status"]) == (0, "pass")
    noise = {**SQL, "ruleId": "py/unused-import", "level": "note"}
    found = scan(root, "codeql", "--sarif", f"codeql={sarif(tmp_path / 'b.sarif', SQL, noise)}")
    assert found.code == 1
    assert [(one["rule"], one["severity"]) for one in found.document["findings"]] == [("py/sql-injection", "high")]
    # A dismissal in the web page does not count.
    dismissed = {**SQL, "suppressions": [{"kind": "external", "status": "accepted"}]}
    assert scan(root, "codeql", "--sarif", f"codeql={sarif(tmp_path / 'c.sarif', dismissed)}").code == 1


EMPTY = json.dumps({**CODEQL, "runs": []})
UNSUCCESSFUL = {**CODEQL["runs"][0], "invocations": [{"executionSuccessful": False}]}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "null",
        "[]",
        EMPTY,
        json.dumps({**CODEQL, "runs": [{"tool": {"driver": {"name": "CodeQL"}}, "results": []}]}),
        json.dumps({**CODEQL, "runs": [{"tool": {"driver": {"name": "CodeQL"}}}]}),
        json.dumps({**CODEQL, "runs": [UNSUCCESSFUL]}),
        json.dumps(CODEQL)[:-20],
    ],
)
def test_a_report_of_codeql_that_proves_nothing_is_unknown(tmp_path: Path, content: str | None) -> None:
    root = clean_package(tmp_path / "sample")
    path = tmp_path / "python.sarif"
    if content is not None:
        path.write_text(content)
    ran = scan(root, "codeql", "--sarif", f"codeql={path}")
    assert (ran.code, scanner(ran, "codeql")["status"]) == (3, "unknown")


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_a_job_that_did_not_succeed_is_unknown_whatever_it_left(tmp_path: Path, result: str) -> None:
    root = clean_package(tmp_path / "sample")
    needs = json.dumps({"codeql": {"result": result, "outputs": {}}})
    report = sarif(tmp_path / "python.sarif")
    ran = scan(root, "codeql", "--sarif", f"codeql={report}", LOCKGATE_NEEDS=needs)
    assert ran.code == 3
    assert result in scanner(ran, "codeql")["reason"]
    good = json.dumps({"codeql": {"result": "success", "outputs": {}}})
    assert scan(root, "codeql", "--sarif", f"codeql={report}", LOCKGATE_NEEDS=good).code == 0
    assert scan(root, "codeql", LOCKGATE_NEEDS=good).code == 3
    assert scan(root, "codeql", LOCKGATE_NEEDS="{nonsense").code == 2


def test_what_is_new_on_a_branch_is_marked_and_the_verdict_stays_on_all(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    write(root, {"src/sample/old.py": PICKLE})
    commit_all(root)
    on_main = scan(root, "code")
    assert [one["new"] for one in on_main.document["findings"]] == [False]
    git(root, "checkout", "-q", "-b", "feature")
    write(root, {"src/sample/new.py": PICKLE.replace("pickle", "marshal"), "src/sample/old.py": f"# moved\n{PICKLE}"})
    commit_all(root)
    ran = scan(root, "code")
    assert ran.code == 1
    assert [(one["path"], one["new"]) for one in ran.document["findings"]] == [
        ("src/sample/new.py", True),
        ("src/sample/old.py", False),
    ]
    assert ran.document["base"] == git(root, "rev-parse", "main").strip()
    again = scan(root, "code")
    assert scanner(again, "code")["cached"] is True
    assert again.document["findings"] == ran.document["findings"]


def test_a_secret_in_a_message_is_told_by_its_commit_not_by_git_s_own_notes(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    commit_all(root)
    token = ISSUERS["gitlab"](random.Random())  # noqa: S311
    git(root, "commit", "-q", "--allow-empty", "-m", f"Deploy with {token}")
    ran = scan(root, "secrets")
    assert ran.code == 1
    (finding,) = ran.document["findings"]
    head = git(root, "rev-parse", "HEAD").strip()
    assert (finding["path"], finding["commit"]) == ("commit messages", head)
    assert token not in ran.out + ran.err
