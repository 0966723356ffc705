from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.model.errors import LockgateError, UnknownError, UsageError
from lockgate.model.release import SBOM, Ledger
from lockgate.ports import releases

LEDGER = Ledger(project="p", version="1.0", commit="c0" * 20, source_date_epoch=0, tag="1.0", index="https://pypi.org")


def never() -> bool:
    return False


def test_a_ledger_is_read_as_it_was_written(tmp_path: Path) -> None:
    with releases.opened(tmp_path / "a" / "b", never) as store:
        assert store.read() is None
        assert store.hashes() == {}
        store.write(LEDGER)
        assert store.read() == LEDGER
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == [".lock", "ledger.json"]


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", UnknownError, "is broken"),
        (b'{"schema": "lockgate/release/1", "proj', UnknownError, "is broken"),
        (b"\xff\xfe{}", UnknownError, "is broken"),
        (b'{"schema": "lockgate/release/1"}', UnknownError, "is broken: .*missing required field"),
        (b'{"schema": "lockgate/release/2"}', UsageError, "of another lockgate than this one"),
        (b'{"schema": "lockgate/gate/1"}', UsageError, "no ledger of a release"),
        (b'{"a": 1}', UsageError, "no ledger of a release"),
        (b"[]", UnknownError, "is broken"),
    ],
)
def test_a_ledger_that_cannot_be_used_is_refused_and_stays(
    tmp_path: Path, content: bytes, kind: type[LockgateError], words: str
) -> None:
    (tmp_path / "ledger.json").write_bytes(content)
    with releases.opened(tmp_path, never) as store, pytest.raises(kind, match=words) as refused:
        store.read()
    assert refused.value.hint
    assert (tmp_path / "ledger.json").read_bytes() == content


def test_what_is_in_dist_is_hashed_anew_and_a_link_is_no_file(tmp_path: Path) -> None:
    with releases.opened(tmp_path, never) as store:
        store.dist.mkdir()
        (store.dist / "a.whl").write_bytes(b"")
        (store.dist / "b.whl").symlink_to("a.whl")
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        assert store.hashes() == {"a.whl": empty, "b.whl": ""}


def test_a_second_process_is_told_when_it_will_not_wait(tmp_path: Path) -> None:
    holder = (
        "import sys,pathlib\nfrom lockgate.ports import releases\n"
        f"with releases.opened(pathlib.Path({str(tmp_path)!r}), lambda: False):\n"
        " print('held', flush=True)\n sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(UnknownError, match="another lockgate is at work"), releases.opened(tmp_path, never):
            pass
        child.kill()
    with releases.opened(tmp_path, never):
        pass  # a killed holder holds nothing


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnknownError, match="file"), releases.opened(tmp_path / "file" / "x", never):
        pass


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with releases.opened(tmp_path, never) as store:
        store.write(LEDGER)
        before = (tmp_path / "ledger.json").read_bytes()
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(UnknownError, match="No space left"):
            store.write(LEDGER)
        assert (tmp_path / "ledger.json").read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "ledger.json"]


def test_what_is_promoted_is_all_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "made.whl").write_bytes(b"1")
    folder = tmp_path / "release"
    with releases.opened(folder, never) as store:
        (folder / ".dist.0123").mkdir()  # of a lockgate that was killed
        store.dist.mkdir()
        (store.dist / "older.whl").write_bytes(b"0")
        digest = store.promote([tmp_path / "made.whl"], b"{}")
        assert store.hashes() == {"made.whl": releases.sha256(tmp_path / "made.whl"), SBOM: digest}
        assert digest == releases.sha256(store.sbom)
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "dist", "sbom.cdx.json"]


def test_what_cannot_be_read_or_promoted_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    with releases.opened(folder, never) as store:
        (folder / "ledger.json").mkdir()
        with pytest.raises(UnknownError, match=r"ledger\.json"):
            store.read()
        store.dist.write_bytes(b"")
        with pytest.raises(UnknownError, match="dist"):
            store.hashes()
        with pytest.raises(UnknownError, match=r"nothing\.whl"):
            store.promote([tmp_path / "nothing.whl"], b"")
