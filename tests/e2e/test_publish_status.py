"""`lockgate publish status`, and what every command says of a ledger that it cannot use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lockgate.model.release import Ledger, Prerequisite, ReleaseFile
from lockgate.ports.releases import Store
from tests.support import commit, lockgate, package

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
FILE = ReleaseFile(name="sample-1.0.tar.gz", kind="sdist", sha256=EMPTY, size=0)


def ledger(folder: Path, **changes: Any) -> Ledger:  # noqa: ANN401
    """A ledger in `folder`, whose files are there."""
    made = Ledger(
        project="sample", version="1.0", commit="c0" * 20, source_date_epoch=0, tag="v1.0", index="https://pypi.org"
    )
    made = msgspec.structs.replace(made, **changes)
    store = Store(folder)
    store.dist.mkdir(parents=True, exist_ok=True)
    for file in made.files:
        (store.dist / file.name).write_bytes(b"")
    store.write(made)
    return made


def verified(state: str) -> ReleaseFile:
    return msgspec.structs.replace(FILE, state=state)


@pytest.mark.parametrize(
    ("changes", "code", "shown"),
    [
        ({}, 0, "PASS  sample 1.0: planned\nnext: lockgate publish plan 1.0 "),
        ({"state": "built", "files": (FILE,)}, 0, "PASS  sample 1.0: built\nnext: lockgate publish upload 1.0 "),
        (
            {"state": "uploading", "files": (FILE,)},
            0,
            "PASS  sample 1.0: uploading\nnext: lockgate publish resume 1.0 ",
        ),
        (
            {"state": "uploaded", "files": (verified("stored"),)},
            *(0, "PASS  sample 1.0: uploaded\nnext: lockgate publish verify 1.0 "),
        ),
        (
            {"state": "verified", "files": (verified("verified"),)},
            *(0, "PASS  sample 1.0: verified\nnext: lockgate publish resume 1.0 "),
        ),
        ({"state": "released", "files": (verified("verified"),)}, 0, "PASS  sample 1.0: released\n"),
        ({"state": "burned", "files": (FILE,), "reason": "other bytes"}, 1, "FAIL  sample 1.0: burned: other bytes\n"),
    ],
)
def test_where_a_release_stands_and_the_one_next_command(
    tmp_path: Path, changes: dict[str, Any], code: int, shown: str
) -> None:
    """Without a checkout, as in a job that only has the artifact."""
    ledger(tmp_path / "release", **changes)
    status = lockgate(tmp_path, "publish", "status", "1.0", "--ledger", "release")
    assert (status.code, shown in status.out) == (code, True), status.out + status.err
    assert status.out.endswith(shown) or status.out.endswith(f"{shown}--ledger release\n")


def test_control_characters_of_a_ledger_do_not_drive_the_terminal(tmp_path: Path) -> None:
    waits = Prerequisite(name="publisher", status="confirm", detail="a\x1b[2Jb", remedy="look\x07")
    ledger(tmp_path / "release", prerequisites=(waits,), notes=("n\x1b",))
    status = lockgate(tmp_path, "publish", "status", "1.0", "--ledger", "release")
    assert "confirm  publisher   a\\x1b[2Jb" in status.out
    assert "→ look\\x07" in status.out
    assert "note: n\\x1b" in status.out
    assert json.loads(lockgate(tmp_path, "publish", "status", "1.0", "--ledger", "release", "--format", "json").out)


@pytest.mark.parametrize("name", ["plan", "build", "status"])
def test_a_ledger_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    root = commit(package(tmp_path / "sample"))
    where = ("--ledger", str(tmp_path / "release"))
    ledger(tmp_path / "release", project="other")
    other = lockgate(root, "publish", name, "1.0", *where)
    assert (other.code, "the ledger is of other 1.0, not of sample 1.0" in other.err) == (2, True)
    ledger(tmp_path / "release", version="1.1")
    assert "the ledger is of sample 1.1, not of sample 1.0" in lockgate(root, "publish", name, "1.0", *where).err
    ledger(tmp_path / "release", files=(FILE,))
    strange = lockgate(root, "publish", name, "1.0", *where)
    assert (strange.code, "contradicts itself: it is planned with 1 files" in strange.err) == (3, True)
    (tmp_path / "release" / "ledger.json").write_text("{")
    broken = lockgate(root, "publish", name, "1.0", *where)
    assert (broken.code, "is broken" in broken.err) == (3, True)
    assert (tmp_path / "release" / "ledger.json").read_text() == "{"


def test_built_files_of_another_commit_are_not_planned_over(tmp_path: Path) -> None:
    root = commit(package(tmp_path / "sample"))
    ledger(tmp_path / "release", state="built", files=(FILE,))
    planned = lockgate(root, "publish", "plan", "1.0", "--ledger", str(tmp_path / "release"))
    assert (planned.code, "the ledger is of commit c0c0c0c0c0c0, but this is" in planned.err) == (2, True)
    assert "never rebuilt" in planned.err


def test_a_release_that_has_ended_is_planned_no_more(tmp_path: Path) -> None:
    root = commit(package(tmp_path / "sample"))
    ledger(tmp_path / "release", state="burned", files=(FILE,), reason="other bytes")
    planned = lockgate(root, "publish", "plan", "1.0", "--ledger", str(tmp_path / "release"), "--no-run")
    assert (planned.code, "burned: other bytes" in planned.out) == (1, True)


def test_built_files_are_hashed_anew_each_time(tmp_path: Path) -> None:
    root = commit(package(tmp_path / "sample"))
    ledger(tmp_path / "release", state="built", files=(FILE,))
    line = ("1.0", "--ledger", str(tmp_path / "release"))
    assert lockgate(root, "publish", "build", *line).code == 0
    (tmp_path / "release" / "dist" / FILE.name).write_bytes(b"other")
    (tmp_path / "release" / "dist" / "stray").touch()
    for name in ("build", "status"):
        ran = lockgate(root, "publish", name, *line)
        assert (ran.code, f"{FILE.name} has other bytes; stray does not belong there" in ran.out) == (1, True)


def test_there_must_be_a_package_or_a_folder(tmp_path: Path) -> None:
    nothing = lockgate(tmp_path, "publish", "status", "1.0")
    assert nothing.code == 2
    for name in ("plan", "build"):
        ledger(tmp_path / "release")
        ran = lockgate(tmp_path, "publish", name, "1.0", "--ledger", "release")
        assert (ran.code, "there is no package" in ran.err) == (2, True)


def test_a_release_outlives_lockgate_clean(tmp_path: Path) -> None:
    root = package(tmp_path / "sample")
    made = ledger(root / ".lockgate" / "release" / "1.0", state="built", files=(FILE,))
    (root / ".lockgate" / ".gitignore").write_text("*\n")
    (root / ".lockgate" / "cache").mkdir()
    assert lockgate(root, "clean").code == 0
    assert sorted(path.name for path in (root / ".lockgate").iterdir()) == [".gitignore", "release"]
    assert Store(root / ".lockgate" / "release" / "1.0").read() == made
