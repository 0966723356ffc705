# ruff: noqa: E501  (a case is read best on one line)
"""What a scan leaves behind: reports in every format, the living report, and never a secret's value."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scans import PICKLE, clean_package, commit_all, git, scan, scanner
from tests.planted import secrets
from tests.planted.credentials import ISSUERS
from tests.support import command, environment, lockgate, write


def test_every_format_and_the_living_report_are_written(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    write(root, {"src/sample/load.py": PICKLE})
    commit_all(root)
    summary = tmp_path / "summary.md"
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"private": False}}))
    ran = lockgate(
        root,
        *("scan", "code", "--report", str(tmp_path / "out")),
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_EVENT_PATH=str(event),
        GITHUB_WORKSPACE=str(root),
        CODEQL_LANGUAGES="python",
    )
    assert ran.code == 1, ran.err
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == {
        *("scan.txt", "scan.json", "scan.sarif", "scan.md", "scan.github.txt"),
        *(f"branch/security/{name}" for name in ("report.md", "report.json", "history.jsonl")),
    }
    assert "::error title=code" in ran.out
    assert "S301" in summary.read_text()
    living = "".join((tmp_path / "out/branch/security" / name).read_text() for name in ("report.md", "report.json"))
    assert "load.py" not in living
    assert "code-" in living


def test_first_seen_comes_from_the_reports_branch(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    write(root, {"src/sample/load.py": PICKLE})
    commit_all(root)
    (before,) = scan(root, "code", "--report", str(tmp_path / "one")).document["findings"]
    assert before["first_seen"] is None
    git(root, "checkout", "-q", "--orphan", "lockgate-reports")
    git(root, "rm", "-q", "-r", "-f", ".")
    shutil.copytree(tmp_path / "one/branch/security", root / "security")
    commit_all(root)
    git(root, "checkout", "-q", "-f", "main")
    (known,) = scan(root, "code", "--report", str(tmp_path / "two")).document["findings"]
    assert known["first_seen"] is not None
    history = (tmp_path / "two/branch/security/history.jsonl").read_text()
    assert history == (tmp_path / "one/branch/security/history.jsonl").read_text()
    (root / "src/sample/load.py").unlink()
    scan(root, "code", "--report", str(tmp_path / "three"))
    last = json.loads((tmp_path / "three/branch/security/history.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["seconds_to_fix"] >= 0) == ("fixed", True)


def test_details_are_for_private_repositories_only(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample", "[tool.lockgate.reports]\ndetails = true\n")
    write(root, {"src/sample/load.py": PICKLE})
    told = {}
    for private in (True, False):
        event = tmp_path / "event.json"
        event.write_text(json.dumps({"repository": {"private": private}}))
        ran = scan(root, "code", "--report", str(tmp_path / "out"), GITHUB_EVENT_PATH=str(event))
        told[private] = "load.py" in (tmp_path / "out/branch/security/report.json").read_text()
        assert ("details are left out" in ran.err) is not private
    assert told == {True: True, False: False}


def test_a_workflow_that_says_something_else_than_the_table_is_refused(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    ran = scan(root, "code", GITHUB_ACTIONS="true", CODEQL_LANGUAGES="javascript")
    assert ran.code == 2
    assert "CODEQL_LANGUAGES" in ran.err


def test_no_value_of_a_secret_is_anywhere_after_a_scan(tmp_path: Path) -> None:
    dice = random.Random(time.time_ns())  # noqa: S311
    root = clean_package(tmp_path / "sample")
    values = {name: make(dice) for name, make in ISSUERS.items()}
    values["password"] = "".join(dice.choices("abcdefghjkmnpqrstuvwxyz23456789", k=20))
    body = "".join(
        f"{name.upper().replace(' ', '_').replace('-', '_')} = {value!r}\n" for name, value in values.items()
    )
    write(
        root,
        {
            "src/sample/keys.py": f"{body}\n\ndef connect(password={values['password']!r}):\n    return password\n",
            ".github/workflows/leak.yml": f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo {values['github classic']} ${{{{ matrix.x }}}}\n",
        },
    )
    commit_all(root, f"Use {values['gitlab']}")
    cache = tmp_path / "cache"
    shutil.copytree(_tools(), cache / "lockgate/tools", copy_function=os.link, symlinks=True)
    where: dict[str, Any] = {"XDG_CACHE_HOME": str(cache), "TMPDIR": str(_made(tmp_path / "tmp"))}
    said = []
    for arguments in (("--report", str(tmp_path / "out"), "-v"), ("--format", "sarif"), ("--format", "json"), ()):
        ran = lockgate(root, "scan", "code", "secrets", "workflows", *arguments, **where)
        assert ran.code == 1
        said.append(ran.out + ran.err)
    kept = [
        path for folder in (root / ".lockgate", tmp_path / "out", tmp_path / "tmp", cache) for path in folder.rglob("*")
    ]
    files = [path for path in kept if path.is_file() and "site-packages" not in path.parts]
    contents = b"".join(path.read_bytes() for path in files if path.stat().st_nlink == 1) + "".join(said).encode()
    assert len(files) > 5
    for name, value in values.items():
        # A key's own text, not its first and last line, which are the same in every key.
        needle = value.splitlines()[1] if "PRIVATE KEY" in value else value
        assert needle.encode() not in contents, name


def test_a_secret_in_an_archive_of_the_history_is_told_with_its_commit(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    case = next(one for one in secrets.cases(random.Random(1)) if one.name == "wheel with a password")  # noqa: S311
    write(root, case.flawed)
    held = commit_all(root, "Bring it")
    git(root, "rm", "-q", case.path)
    commit_all(root, "Take it out")
    (finding,) = scan(root, "secrets").document["findings"]
    assert (finding["path"], finding["commit"], finding["line"]) == (f"{case.path}!__init__.py", held, None)
    assert "history" in finding["help"]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _tools() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lockgate" / "tools"


def _link(source: str, target: str) -> None:
    os.link(source, target)


@pytest.mark.parametrize("fault", ["removed", "changed", "another version", "no interpreter"])
def test_a_tool_that_is_not_as_it_was_installed_is_unknown(tmp_path: Path, fault: str) -> None:
    root = clean_package(tmp_path / "sample")
    assert scan(root, "workflows").code == 0
    tools = tmp_path / "cache/lockgate/tools"
    shutil.copytree(_tools(), tools, copy_function=_link, symlinks=True)
    # Several may be there: of other versions of this list, or of other Pythons.
    for program in tools.glob("*/bin/zizmor"):
        program.unlink()
        if fault != "removed":
            program.write_text("#!/nowhere\n" if fault == "no interpreter" else "#!/bin/sh\necho '[]'\n")
            program.chmod(0o755)
        if fault == "another version":
            shutil.rmtree(next(program.parents[1].glob("lib/*/site-packages/zizmor-*.dist-info")))
    ran = scan(root, "workflows", "--fresh", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (ran.code, scanner(ran, "workflows")["status"]) == (3, "unknown")
    assert "zizmor" in scanner(ran, "workflows")["reason"]
    assert "the next scan installs it anew" in scanner(ran, "workflows")["remedy"]


def test_an_interrupted_scan_leaves_nothing(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    process = subprocess.Popen(
        command("scan", "secrets", "code", "--fresh"),
        cwd=root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while not list(root.glob(".lockgate/run/*/stage")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert list((root / ".lockgate/run").iterdir()) == []


def test_a_package_in_a_subfolder_is_known_by_its_own_paths(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "mono/packages/sample")
    shutil.move(root / ".git", tmp_path / "mono/.git")
    write(root, {"src/sample/load.py": PICKLE, "keys.txt": f"token = {ISSUERS['github classic'](random.Random())}\n"})  # noqa: S311
    commit_all(tmp_path / "mono")
    ran = scan(root, "code", "secrets")
    assert {one["path"] for one in ran.document["findings"]} == {"src/sample/load.py", "keys.txt"}
    workspace: dict[str, Any] = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path / "mono"),
        "CODEQL_LANGUAGES": "python",
    }
    document = json.loads(lockgate(root, "scan", "code", "--format", "sarif", **workspace).out)
    (result,) = document["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "packages/sample/src/sample/load.py"


def test_a_wheel_of_the_planted_set_is_told_by_its_member(tmp_path: Path) -> None:
    root = clean_package(tmp_path / "sample")
    case = next(one for one in secrets.cases(random.Random()) if one.name == "wheel")  # noqa: S311
    write(root, case.flawed)
    commit_all(root)
    (finding,) = scan(root, "secrets").document["findings"]
    assert finding["path"].startswith(f"{case.path}!")
